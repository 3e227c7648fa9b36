#include "exchanges/binance/parse_order_detail.hpp"

#include <array>
#include <utility>

#include "exchanges/binance/parse.hpp"

namespace drover::exchanges::binance {

namespace {

constexpr std::array<std::pair<std::string_view, order_status>, 9> statuses{{
    {"NEW", order_status::open},
    {"PENDING_NEW", order_status::open},
    {"PENDING_CANCEL", order_status::open},
    {"PARTIALLY_FILLED", order_status::partially_filled},
    {"FILLED", order_status::filled},
    {"CANCELED", order_status::cancelled},
    {"REJECTED", order_status::rejected},
    {"EXPIRED", order_status::expired},
    {"EXPIRED_IN_MATCH", order_status::expired},
}};

}  // namespace

result<order_status> parse_venue_status(std::string_view text) {
  for (const auto& [name, status] : statuses)
    if (name == text) return status;
  return fail(exchange_errc::protocol, "order status");
}

side read_side(json_fields& f, std::string_view key) {
  auto text = f.text(key);
  if (text == "SELL") return side::sell;
  if (text != "BUY") f.note(key);
  return side::buy;
}

order_type read_type(json_fields& f, std::string_view key) {
  auto text = f.text(key);
  if (text == "MARKET") return order_type::market;
  if (text == "LIMIT_MAKER") return order_type::limit_maker;
  // Stop orders are placed by people, not by us; to us they are limits that are open.
  if (text.empty()) f.note(key);
  return order_type::limit;
}

order_status read_status(json_fields& f, std::string_view key) {
  auto status = parse_venue_status(f.text(key));
  if (status) return *status;
  f.note(key);
  return order_status::open;
}

order read_rest_order(json_fields& f, const instrument_table& table) {
  order out;
  out.symbol = table.to_canonical(f.text("symbol"));
  out.venue_order_id = f.id("orderId");
  // A cancellation answers with an id of its own; the order's is the original one.
  auto original = f.optional_text("origClientOrderId");
  out.client_order_id = original.empty() ? f.text("clientOrderId") : original;
  out.side = read_side(f, "side");
  out.type = read_type(f, "type");
  out.status = read_status(f, "status");
  out.price = f.amount("price");
  out.quantity = f.amount("origQty");
  out.filled_quantity = f.amount("executedQty");
  // Negative for old orders whose sum the venue does not know.
  auto notional = f.number("cummulativeQuoteQty");
  out.filled_notional = notional.is_negative() ? decimal{} : notional;
  auto at = f.optional_integer("updateTime");
  if (!at) at = f.optional_integer("transactTime");
  if (!at) at = f.optional_integer("time");
  out.updated_at = wall_time::from_ms(at.value_or(0));
  return out;
}

}  // namespace drover::exchanges::binance
