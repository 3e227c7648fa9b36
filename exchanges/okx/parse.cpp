#include <array>
#include <utility>

#include "exchanges/json_rows_detail.hpp"
#include "exchanges/okx/wire.hpp"

namespace drover::exchanges::okx {

namespace {

/// Millisecond times travel as texts; empty is the beginning of time.
wall_time read_ms(json_fields& f, std::string_view key) {
  const auto text = f.optional_text(key);
  if (text.empty()) return {};
  return checked_ms(f, whole_number(f, text, key), key);
}

side read_side(json_fields& f, std::string_view key) {
  const auto word = f.text(key);
  if (word != "buy" && word != "sell") f.note(key);
  return word == "sell" ? side::sell : side::buy;
}

order_status read_status(json_fields& f) {
  constexpr std::array<std::pair<std::string_view, order_status>, 5> words{
      {{"live", order_status::open},
       {"partially_filled", order_status::partially_filled},
       {"filled", order_status::filled},
       {"canceled", order_status::cancelled},
       {"mmp_canceled", order_status::cancelled}}};
  const auto word = f.text("state");
  for (const auto& [text, status] : words)
    if (text == word) return status;
  f.note("state");
  return order_status::open;
}

/// A signed amount in a text; zero when empty.
decimal read_signed(json_fields& f, std::string_view key) {
  const auto text = f.optional_text(key);
  if (text.empty()) return {};
  auto value = decimal::parse(text);
  if (!value) f.note(key);
  return value.value_or(decimal{});
}

}  // namespace

order read_order(json_fields& f) {
  order o;
  o.symbol = to_symbol(f.text("instId"));
  o.venue_order_id = f.text("ordId");
  o.client_order_id = f.optional_text("clOrdId");
  o.side = read_side(f, "side");
  const auto kind = f.text("ordType");
  o.type = kind == "market" ? order_type::market : kind == "post_only" ? order_type::limit_maker : order_type::limit;
  o.status = read_status(f);
  o.price = f.optional_amount("px").value_or(decimal{});
  o.filled_quantity = f.optional_amount("accFillSz").value_or(decimal{});
  const auto average = f.optional_amount("avgPx").value_or(decimal{});
  o.filled_notional = within_range(f, "avgPx", [&] { return average * o.filled_quantity; });
  // A market buy may be sized by money: its quantity is what was got.
  const bool by_quote = f.optional_text("tgtCcy") == "quote_ccy" && kind == "market";
  o.quantity = by_quote ? o.filled_quantity : f.amount("sz");
  o.updated_at = std::max(read_ms(f, "cTime"), read_ms(f, "uTime"));
  return o;
}

std::optional<fill> read_order_fill(json_fields& f) {
  const auto id = f.optional_text("tradeId");
  if (id.empty()) return std::nullopt;
  fill x;
  x.trade_id = id;
  x.symbol = to_symbol(f.text("instId"));
  x.venue_order_id = f.text("ordId");
  x.client_order_id = f.optional_text("clOrdId");
  x.side = read_side(f, "side");
  x.price = f.amount("fillPx");
  x.quantity = f.amount("fillSz");
  x.fee = -read_signed(f, "fillFee");
  x.fee_asset = f.optional_text("fillFeeCcy");
  x.maker = f.optional_text("execType") == "M";
  x.at = read_ms(f, "fillTime");
  return x;
}

fill read_fill(json_fields& f) {
  fill x;
  x.symbol = to_symbol(f.text("instId"));
  x.trade_id = f.text("tradeId");
  x.venue_order_id = f.text("ordId");
  x.client_order_id = f.optional_text("clOrdId");
  x.side = read_side(f, "side");
  x.price = f.amount("fillPx");
  x.quantity = f.amount("fillSz");
  x.fee = -read_signed(f, "fee");
  x.fee_asset = f.text("feeCcy");
  x.maker = f.optional_text("execType") == "M";
  x.at = read_ms(f, "ts");
  return x;
}

std::vector<balance> read_details(json_fields& account) {
  std::vector<balance> out;
  account.each("details", [&](json_fields& d) {
    balance b;
    b.asset = d.text("ccy");
    b.free = d.optional_amount("availBal").value_or(decimal{});
    b.locked = d.optional_amount("frozenBal").value_or(decimal{});
    out.push_back(std::move(b));
  });
  return out;
}

std::vector<book_level> read_levels(json_fields& f, std::string_view key) {
  std::vector<book_level> out;
  auto rows = f.optional_array(key);
  if (!rows) f.note(key);
  if (!rows) return out;
  for_rows(f, *rows, key, [&](row_cells row) {
    const auto price = cell_amount(f, row, 0, key), quantity = cell_amount(f, row, 1, key);
    out.push_back({price, quantity});
  });
  return out;
}

}  // namespace drover::exchanges::okx
