#include "exchanges/binance/protocol.hpp"

#include <utility>

#include "exchanges/binance/endpoints.hpp"
#include "exchanges/binance/errors.hpp"
#include "exchanges/binance/market_wire.hpp"
#include "exchanges/binance/parse.hpp"
#include "exchanges/binance/private_wire.hpp"
#include "exchanges/binance/requests.hpp"
#include "exchanges/binance/signing.hpp"
#include "exchanges/binance/user_stream_pool.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::binance {

namespace {

/// Where the rules stand: endpoints.hpp. "processing bound": an order may be executed up to ten seconds after its window
/// (Binance "Timing security").
const venue_traits traits_of_binance{
    .name = "binance",
    .live = {"https://api.binance.com", "wss://stream.binance.com:9443", "wss://ws-api.binance.com:443"},
    .testnet = venue_urls{"https://testnet.binance.vision", "wss://stream.testnet.binance.vision",
                          "wss://ws-api.testnet.binance.vision"},
    .rules = rate_rules,
    .connect_charges = connect_charges,
    .processing_bound = milliseconds(10'000),
    .visibility_delay = milliseconds(1'000)};

constexpr int not_found_status = 404;

template <class T>
result<venue_reply> to_reply(operation op, result<T> value) {
  if (value) return venue_reply{std::move(*value), std::nullopt};
  if (!is_write(op)) return std::unexpected(std::move(value.error()));
  return fail(exchange_errc::unknown_outcome, "the answer cannot be understood: " + value.error().detail);
}

template <class T>
result<T> with_symbol(result<T> value, const std::string& symbol) {
  if (value && !symbol.empty()) value->symbol = symbol;
  return value;
}

template <class T>
result<std::vector<T>> with_symbol(result<std::vector<T>> list, const std::string& symbol) {
  if (list && !symbol.empty())
    for (auto& item : *list) item.symbol = symbol;
  return list;
}

result<venue_reply> read_fills(const venue_call& call, const std::string& body, const instrument_table& table) {
  auto fills = with_symbol(parse_trades(body, table), call.symbol);
  if (!fills) return std::unexpected(std::move(fills.error()));
  std::optional<venue_call> next;
  if (call.limit == 0 && fills->size() >= static_cast<std::size_t>(fills_per_page)) {
    const auto& last = fills->back().trade_id;
    if (last == call.cursor) return fail(exchange_errc::protocol, "trades: unexpected order of ids");
    next = call;
    next->cursor = last;
    ++next->step;
  }
  return venue_reply{std::move(*fills), std::move(next)};
}

result<venue_reply> read_body(const venue_call& call, const std::string& body, const instrument_table& table) {
  const auto op = call.op;
  switch (op) {
    case operation::server_time: return to_reply(op, parse_server_time(body));
    case operation::instruments: return to_reply(op, parse_exchange_info(body));
    case operation::ticker: return to_reply(op, with_symbol(parse_book_ticker(body), call.symbol));
    case operation::trades: return to_reply(op, with_symbol(parse_public_trades(body), call.symbol));
    case operation::book: return to_reply(op, with_symbol(parse_depth_snapshot(body), call.symbol));
    case operation::candles: return to_reply(op, parse_klines(body, call.symbol, call.interval));
    case operation::permissions: return to_reply(op, parse_restrictions(body));
    case operation::balances: return to_reply(op, parse_account(body));
    case operation::create_order: return to_reply(op, with_symbol(parse_order(body, table), call.order.symbol));
    case operation::cancel_order:
    case operation::find_order: return to_reply(op, with_symbol(parse_order(body, table), call.of.symbol));
    case operation::cancel_all_orders: return venue_reply{nothing{}, std::nullopt};
    case operation::open_orders: return to_reply(op, with_symbol(parse_orders(body, table), call.symbol));
    case operation::fills: return read_fills(call, body, table);
    case operation::stream_access:
    case operation::keep_stream_access:
    case operation::set_dead_man: break;
  }
  return fail(exchange_errc::unsupported);
}

class binance_protocol final : public venue_protocol {
 public:
  const venue_traits& traits() const override { return traits_of_binance; }

  result<wire_request> make_request(const venue_call& call) const override { return binance::make_request(call); }

  result<client_request> sign(wire_request r, const credentials* keys, const signing_context& context) const override {
    return sign_request(std::move(r), keys, context);
  }

  result<venue_reply> read_answer(const venue_call& call, const client_response& answer,
                                  const instrument_table& table) const override {
    constexpr int first_success = 200, first_redirect = 300;
    if (answer.status >= first_success && answer.status < first_redirect) return read_body(call, answer.body, table);
    // Test networks have no such endpoint.
    if (call.op == operation::permissions && answer.status == not_found_status && !parse_error(answer.body))
      return venue_reply{permissions{}, std::nullopt};
    return std::unexpected(classify_answer(call.op, answer));
  }

  limit_report read_limits(const wire_request&, const client_response& answer, wall_time server_now) const override {
    return binance::read_limits(answer, server_now);
  }

  std::unique_ptr<exchanges::market_wire> make_market_wire() const override { return std::make_unique<market_wire>(); }
  std::unique_ptr<exchanges::private_wire> make_private_wire() const override { return std::make_unique<private_wire>(); }
};

}  // namespace

result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options& options) {
  if (!options.empty()) return fail(errc::out_of_range, "binance has no option '" + options.begin()->first + "'");
  return std::make_unique<binance_protocol>();
}

std::unique_ptr<private_feed> make_private_feed(const feed_parts& parts) { return std::make_unique<user_stream_pool>(parts); }

}  // namespace drover::exchanges::binance
