#include "exchanges/binance/account.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "exchanges/binance/parse.hpp"
#include "exchanges/binance/signing.hpp"

namespace drover::exchanges::binance {

namespace {

constexpr std::string_view type_name(order_type t) {
  constexpr std::array<std::string_view, 3> names{"LIMIT", "MARKET", "LIMIT_MAKER"};
  return names[static_cast<std::size_t>(t)];
}

constexpr std::string_view tif_name(time_in_force t) {
  constexpr std::array<std::string_view, 3> names{"GTC", "IOC", "FOK"};
  return names[static_cast<std::size_t>(t)];
}

std::string make_order_params(const order_request& r) {
  form params;
  params.add("symbol", to_venue_symbol(r.symbol));
  params.add("side", r.side == side::buy ? "BUY" : "SELL");
  params.add("newClientOrderId", r.client_order_id);
  params.add("newOrderRespType", "FULL");
  params.add("type", type_name(r.type));
  params.add("quantity", r.quantity);
  if (r.type != order_type::market) params.add("price", r.price);
  if (r.type == order_type::limit) params.add("timeInForce", tif_name(r.tif));
  return params.text();
}

std::string make_lookup_params(const std::string& symbol, const std::string& client_order_id) {
  form params;
  params.add("symbol", to_venue_symbol(symbol));
  params.add("origClientOrderId", client_order_id);
  return params.text();
}

result<std::int64_t> next_trade_id(const std::string& after) {
  if (after.empty()) return 0;
  std::int64_t id = 0;
  auto [end, failure] = std::from_chars(after.data(), after.data() + after.size(), id);
  if (failure != std::errc() || end != after.data() + after.size() || id < 0)
    return fail(errc::malformed, "not a trade id of this exchange");
  return id + 1;
}

}  // namespace

account::account(std::shared_ptr<void> owner, account_services services, credential_source keys, std::string label)
    : owner_(std::move(owner)), services_(services), keys_(std::move(keys)), label_(std::move(label)) {}

account::~account() {
  if (slot_) services_.streams.remove(*slot_);
}

void account::subscribe(std::function<void(const account_event&)> on_event) {
  if (slot_) services_.streams.remove(*slot_);
  slot_ = services_.streams.add(std::move(on_event), keys_, label_);
}

task<result<std::string>> account::call(endpoint to, std::string params, lane l, milliseconds receive_window) {
  rest_api::signed_call request{to, std::move(params), l, receive_window, label_};
  auto keys = keys_;
  return services_.rest.call_signed(std::move(request), std::move(keys));
}

task<result<std::string>> account::call(endpoint to, std::string params, lane l) {
  return call(to, std::move(params), l, services_.receive_window);
}

result<order> account::read_order(request_kind kind, const std::string& body, const std::string& symbol) const {
  auto parsed = parse_order(body, *services_.instruments.known());
  if (!parsed && kind == request_kind::write)
    return fail(exchange_errc::unknown_outcome, "the answer cannot be understood: " + parsed.error().detail);
  if (parsed) parsed->symbol = symbol;
  return parsed;
}

task<result<permissions>> account::fetch_permissions() {
  std::string no_params;
  auto body = co_await call(endpoints::restrictions, std::move(no_params), lane::read);
  if (body) co_return parse_restrictions(*body);
  // Test networks have no such endpoint; "unknown" is shown as unknown and never taken for "no".
  if (body.error().code == make_error_code(exchange_errc::protocol) && body.error().detail == "HTTP 404")
    co_return permissions{};
  co_return std::unexpected(body.error());
}

task<result<std::vector<balance>>> account::fetch_balances(lane l) {
  std::string no_params;
  auto body = co_await call(endpoints::account, std::move(no_params), l);
  if (!body) co_return std::unexpected(body.error());
  co_return parse_account(*body);
}

task<result<order>> account::place_order(order_request request, milliseconds validity_window) {
  auto params = make_order_params(request);
  auto body = co_await call(endpoints::place_order, std::move(params), lane::entry, validity_window);
  if (!body) co_return std::unexpected(body.error());
  co_return read_order(request_kind::write, *body, request.symbol);
}

task<result<order>> account::cancel_order(order_ref of, lane l) {
  auto params = make_lookup_params(of.symbol, of.client_order_id);
  auto body = co_await call(endpoints::cancel_order, std::move(params), l);
  if (!body) co_return std::unexpected(body.error());
  co_return read_order(request_kind::write, *body, of.symbol);
}

task<result<order>> account::find_order(order_ref of, lane l) {
  auto params = make_lookup_params(of.symbol, of.client_order_id);
  auto body = co_await call(endpoints::find_order, std::move(params), l);
  if (!body) co_return std::unexpected(body.error());
  co_return read_order(request_kind::read, *body, of.symbol);
}

task<result<void>> account::cancel_all_orders(std::string symbol, lane l) {
  if (symbol.empty()) co_return fail(exchange_errc::unsupported, "orders are cancelled one instrument at a time");
  form params;
  params.add("symbol", to_venue_symbol(symbol));
  auto body = co_await call(endpoints::cancel_open_orders, params.text(), l);
  if (!body) co_return std::unexpected(body.error());
  co_return result<void>{};
}

task<result<void>> account::set_dead_man(milliseconds) {
  co_return fail(exchange_errc::unsupported, "the exchange has no timer that cancels orders");
}

task<result<std::vector<order>>> account::fetch_open_orders(std::string symbol, lane l) {
  if (symbol.empty()) {
    // Answers name instruments the venue's way: the table must be there to translate them.
    auto table = co_await services_.instruments.get();
    if (!table) co_return std::unexpected(table.error());
  }
  form params;
  if (!symbol.empty()) params.add("symbol", to_venue_symbol(symbol));
  auto to = symbol.empty() ? endpoints::all_open_orders : endpoints::open_orders;
  auto body = co_await call(to, params.text(), l);
  if (!body) co_return std::unexpected(body.error());
  auto orders = parse_orders(*body, *services_.instruments.known());
  if (orders && !symbol.empty())
    for (auto& o : *orders) o.symbol = symbol;
  co_return orders;
}

task<result<std::vector<fill>>> account::fetch_fills(std::string symbol, fill_cursor after, lane l) {
  auto from = next_trade_id(after.trade_id);
  if (!from) co_return std::unexpected(from.error());
  std::vector<fill> out;
  for (int page = 0; page < fill_page_limit; ++page) {
    form params;
    params.add("symbol", to_venue_symbol(symbol));
    params.add("fromId", *from);
    params.add("limit", std::int64_t{fills_per_page});
    auto body = co_await call(endpoints::my_trades, params.text(), l);
    if (!body) co_return std::unexpected(body.error());
    auto fills = parse_trades(*body, *services_.instruments.known());
    if (!fills) co_return std::unexpected(fills.error());
    for (auto& f : *fills) {
      f.symbol = symbol;
      out.push_back(std::move(f));
    }
    if (fills->size() < static_cast<std::size_t>(fills_per_page)) co_return out;
    auto next = next_trade_id(out.back().trade_id);
    if (!next || *next <= *from) co_return fail(exchange_errc::protocol, "trades: unexpected order of ids");
    from = next;
  }
  co_return fail(errc::out_of_range, "more trades than one call reads");
}

}  // namespace drover::exchanges::binance
