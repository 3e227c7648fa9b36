#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "exchanges/paper/binance/binance_dialect.hpp"

namespace drover::exchanges::paper::binance {

namespace {

struct api_method {
  std::string_view name, method, path;
};
/// Methods that are REST endpoints in other words.
constexpr std::array<api_method, 20> methods{{
    {"ping", "GET", "/api/v3/ping"},
    {"time", "GET", "/api/v3/time"},
    {"exchangeInfo", "GET", "/api/v3/exchangeInfo"},
    {"depth", "GET", "/api/v3/depth"},
    {"trades.recent", "GET", "/api/v3/trades"},
    {"trades.aggregate", "GET", "/api/v3/aggTrades"},
    {"klines", "GET", "/api/v3/klines"},
    {"ticker.24hr", "GET", "/api/v3/ticker/24hr"},
    {"ticker.price", "GET", "/api/v3/ticker/price"},
    {"ticker.book", "GET", "/api/v3/ticker/bookTicker"},
    {"order.place", "POST", "/api/v3/order"},
    {"order.test", "POST", "/api/v3/order/test"},
    {"order.status", "GET", "/api/v3/order"},
    {"order.cancel", "DELETE", "/api/v3/order"},
    {"openOrders.status", "GET", "/api/v3/openOrders"},
    {"openOrders.cancelAll", "DELETE", "/api/v3/openOrders"},
    {"allOrders", "GET", "/api/v3/allOrders"},
    {"myTrades", "GET", "/api/v3/myTrades"},
    {"account.status", "GET", "/api/v3/account"},
    {"account.rateLimits.orders", "GET", "/api/v3/rateLimit/order"},
}};

std::string id_text(const json& request) {
  auto it = request.find("id");
  const bool usable = it != request.end() && (it->is_number_integer() || it->is_string());
  return usable ? it->dump(-1, ' ', true, json::error_handler_t::replace) : "null";
}

std::string wrap_error(const std::string& id, const refused& r) {
  return fmt::format(R"({{"id":{},"status":{},"error":{},"rateLimits":[]}})", id, r.status, to_json(r));
}

}  // namespace

api_session::api_session(simulated_venue& venue, binance_dialect& dialect, std::string path)
    : venue_(venue), dialect_(dialect), sender_(venue, dialect.name(), std::move(path)) {}

api_session::~api_session() { leave_all(); }

void api_session::on_open(net::websocket_session& session) {
  address_ = session.remote_address();
  sender_.open(session);
}

void api_session::on_close(std::uint16_t) {
  sender_.closed();
  leave_all();
}

void api_session::leave_all() {
  for (const auto& [id, account] : subscriptions_) dialect_.subscribers().remove(account, this);
  subscriptions_.clear();
}

void api_session::send_event(std::int64_t subscription, std::string_view event) {
  sender_.send(fmt::format(R"({{"subscriptionId":{},"event":{}}})", subscription, event));
}

void api_session::send_event(account_number n, std::string_view event) {
  auto it = std::ranges::find(subscriptions_, n, &std::pair<const std::int64_t, account_number>::second);
  if (it != subscriptions_.end()) send_event(it->first, event);
}

void api_session::on_message(std::string_view message, bool) { sender_.send(answer_to(message)); }

std::string api_session::answer_to(std::string_view message) {
  auto request = parse_json(message);
  if (!request || !request->is_object())
    return wrap_error("null", {400, -1000, "Request is not valid JSON."});
  const auto id = id_text(*request);
  const auto method = request->value("method", json());
  if (!method.is_string()) return wrap_error(id, missing_parameter("method"));
  auto params = parameters::from_json(request->value("params", json()));
  if (!params) return wrap_error(id, params.error());
  auto body = call_method(method.get_ref<const std::string&>(), *params);
  if (!body) return wrap_error(id, body.error());
  return fmt::format(R"({{"id":{},"status":200,"result":{},"rateLimits":[]}})", id, *body);
}

outcome<std::string> api_session::call_method(std::string_view method, const parameters& params) {
  if (method == "userDataStream.subscribe.signature") return subscribe(params);
  if (method == "userDataStream.unsubscribe") return unsubscribe(params);
  auto known = std::ranges::find(methods, method, &api_method::name);
  const route* r = known == methods.end() ? nullptr : dialect_.find_route(known->method, known->path);
  if (r == nullptr) return std::unexpected(refused{400, -1020, "This operation is not supported."});
  dialect_.meter().count_request();
  return dialect_.execute(*r, params, params.text("apiKey"), address_).body;
}

outcome<std::string> api_session::subscribe(const parameters& params) {
  auto account = dialect_.authenticate(access::read, params.text("apiKey"), params, address_);
  if (!account) return std::unexpected(account.error());
  const auto taken = std::ranges::any_of(subscriptions_, [&](const auto& s) { return s.second == (*account)->number; });
  if (taken) return std::unexpected(refused{400, -2035, "User Data Stream subscription already active."});
  if (subscriptions_.size() == subscription_limit)
    return std::unexpected(refused{400, -1034, "Too many subscriptions on this connection."});
  const auto id = next_subscription_++;
  subscriptions_.emplace(id, (*account)->number);
  dialect_.subscribers().add((*account)->number, this);
  return fmt::format(R"({{"subscriptionId":{}}})", id);
}

outcome<std::string> api_session::unsubscribe(const parameters& params) {
  auto id = params.whole("subscriptionId");
  if (!id) return std::unexpected(id.error());
  std::vector<std::int64_t> gone;
  for (const auto& [known, account] : subscriptions_)
    if (!*id || **id == known) gone.push_back(known);
  if (*id && gone.empty()) return std::unexpected(refused{400, -2036, "User Data Stream subscription not active."});
  for (const auto known : gone) {
    dialect_.subscribers().remove(subscriptions_.at(known), this);
    subscriptions_.erase(known);
    send_event(known, fmt::format(R"({{"e":"eventStreamTerminated","E":{}}})", venue_.now().ms()));
  }
  return "{}";
}

}  // namespace drover::exchanges::paper::binance
