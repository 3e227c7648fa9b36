#include <array>
#include <utility>

#include "exchanges/bybit/wire.hpp"
#include "exchanges/json_rows_detail.hpp"

namespace drover::exchanges::bybit {

namespace {

side read_side(json_fields& f) {
  const auto word = f.text("side");
  if (word != "Buy" && word != "Sell") f.note("side");
  return word == "Sell" ? side::sell : side::buy;
}

order_status read_status(json_fields& f) {
  // What a market order could not get ends as "partially filled and cancelled": it is over.
  constexpr std::array<std::pair<std::string_view, order_status>, 11> words{
      {{"New", order_status::open},
       {"Active", order_status::open},
       {"Created", order_status::open},
       {"Untriggered", order_status::open},
       {"Triggered", order_status::open},
       {"PartiallyFilled", order_status::partially_filled},
       {"Filled", order_status::filled},
       {"Cancelled", order_status::cancelled},
       {"Deactivated", order_status::cancelled},
       {"PartiallyFilledCanceled", order_status::cancelled},
       {"Rejected", order_status::rejected}}};
  const auto word = f.text("orderStatus");
  for (const auto& [text, status] : words)
    if (text == word) return status;
  f.note("orderStatus");
  return order_status::open;
}

}  // namespace

wall_time read_ms(json_fields& f, std::string_view key) {
  const auto text = f.id(key);
  if (text.empty()) return {};
  return checked_ms(f, whole_number(f, text, key), key);
}

order read_order(json_fields& f, const instrument_table& table) {
  order o;
  o.symbol = table.to_canonical(f.text("symbol"));
  o.venue_order_id = f.text("orderId");
  o.client_order_id = f.optional_text("orderLinkId");
  o.side = read_side(f);
  const bool market = f.text("orderType") == "Market";
  o.type = market                                         ? order_type::market
           : f.optional_text("timeInForce") == "PostOnly" ? order_type::limit_maker
                                                          : order_type::limit;
  o.status = read_status(f);
  o.price = f.optional_amount("price").value_or(decimal{});
  o.filled_quantity = f.optional_amount("cumExecQty").value_or(decimal{});
  o.filled_notional = f.optional_amount("cumExecValue").value_or(decimal{});
  const bool by_quote = market && o.side == side::buy && f.optional_text("marketUnit") != "baseCoin";
  o.quantity = by_quote ? o.filled_quantity : f.amount("qty");
  o.updated_at = std::max(read_ms(f, "createdTime"), read_ms(f, "updatedTime"));
  return o;
}

fill read_fill(json_fields& f, const instrument_table& table) {
  fill x;
  x.symbol = table.to_canonical(f.text("symbol"));
  x.trade_id = f.text("execId");
  x.venue_order_id = f.text("orderId");
  x.client_order_id = f.optional_text("orderLinkId");
  x.side = read_side(f);
  x.price = f.amount("execPrice");
  x.quantity = f.amount("execQty");
  x.fee = f.number("execFee");
  x.fee_asset = f.optional_text("feeCurrency");
  // Not always named: buyers pay in what they got, sellers too.
  if (x.fee_asset.empty()) {
    const auto slash = x.symbol.find('/');
    x.fee_asset = x.side == side::buy          ? x.symbol.substr(0, slash)
                  : slash == std::string::npos ? std::string()
                                               : x.symbol.substr(slash + 1);
  }
  x.maker = f.optional_boolean("isMaker").value_or(false);
  x.at = read_ms(f, "execTime");
  return x;
}

std::vector<balance> read_coins(json_fields& wallet) {
  std::vector<balance> out;
  wallet.each("coin", [&](json_fields& c) {
    balance b;
    b.asset = c.text("coin");
    const auto all = c.optional_amount("walletBalance").value_or(decimal{});
    b.locked = c.optional_amount("locked").value_or(decimal{});
    b.free = within_range(c, "walletBalance", [&] { return all - b.locked; });
    if (b.free.is_negative()) b.free = {};
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

}  // namespace drover::exchanges::bybit
