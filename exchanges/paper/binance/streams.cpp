#include "exchanges/paper/binance/streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace drover::exchanges::paper::binance {

namespace {

constexpr std::array<std::string_view, channel_count> suffixes{
    "@bookTicker", "@depth", "@depth@100ms", "@trade", "@aggTrade", "@miniTicker", "@ticker", "@kline_1s", "@kline_1m"};
constexpr std::uint16_t policy_violation = 1008;
constexpr std::size_t name_limit_bytes = 128;

std::string error_text(std::string_view message, const std::string& id) {
  return fmt::format(R"({{"error":{{"code":2,"msg":"Invalid request: {}"}},"id":{}}})", message, id);
}

std::string id_of(const json& request) {
  auto it = request.find("id");
  const bool usable = it != request.end() && (it->is_number_integer() || it->is_string());
  return usable ? it->dump(-1, ' ', true, json::error_handler_t::replace) : "null";
}

}  // namespace

std::string market_streams::wrap(std::string_view name, std::string_view text) {
  return fmt::format(R"({{"stream":"{}","data":{}}})", name, text);
}

void market_streams::add_instrument(std::string_view venue_symbol) {
  std::string lower(venue_symbol);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  auto& row = streams_.emplace_back();
  for (std::size_t i = 0; i < channel_count; ++i) {
    const auto name = lower + std::string(suffixes[i]);
    row[i] = {&plain_.at(name), &combined_.at(name)};
  }
}

market_session::market_session(simulated_venue& venue, market_streams& streams, std::string path, bool combined,
                               const std::vector<std::string>& names)
    : venue_(venue), board_(streams.board(combined)), sender_(venue, "binance", std::move(path)), subscriptions_(*this, stream_limit) {
  for (const auto& name : names) subscribe(name);
}

void market_session::on_open(net::websocket_session& session) { sender_.open(session); }

void market_session::on_close(std::uint16_t) {
  sender_.closed();
  subscriptions_.clear();
}

bool market_session::subscribe(const std::string& name) {
  return !name.empty() && name.size() <= name_limit_bytes && subscriptions_.add(board_, name);
}

bool market_session::too_fast() {
  const auto now = venue_.now().ms() / 1'000;
  if (now != second_) messages_ = 0;
  second_ = now;
  return ++messages_ > messages_per_second_limit && venue_.config().enforce_limits;
}

void market_session::on_message(std::string_view message, bool) {
  if (!sender_.is_open()) return;
  if (too_fast()) {
    sender_.session()->close(policy_violation, "Too many requests");
    return;
  }
  sender_.send(answer(message));
}

std::string market_session::answer(std::string_view message) {
  auto request = parse_json(message);
  if (!request || !request->is_object()) return error_text("invalid JSON", "null");
  const auto id = id_of(*request);
  const auto method = request->value("method", json());
  if (!method.is_string()) return error_text("property name must be a string", id);
  if (method == "LIST_SUBSCRIPTIONS") return fmt::format(R"({{"result":{},"id":{}}})", json(subscriptions_.names()).dump(-1, ' ', true), id);
  const bool on = method == "SUBSCRIBE";
  if (!on && method != "UNSUBSCRIBE") return error_text("unknown method", id);
  const auto params = request->value("params", json());
  if (!params.is_array() || !std::ranges::all_of(params, [](const json& p) { return p.is_string(); }))
    return error_text("params must be an array of strings", id);
  for (const auto& name : params) {
    if (!on)
      subscriptions_.remove(name.get<std::string>());
    else if (!subscribe(name.get<std::string>()))
      return error_text("too many streams", id);
  }
  return fmt::format(R"({{"result":null,"id":{}}})", id);
}

}  // namespace drover::exchanges::paper::binance
