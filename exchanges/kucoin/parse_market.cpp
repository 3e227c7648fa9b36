#include <algorithm>

#include "exchanges/kucoin/names.hpp"
#include "exchanges/kucoin/parse_detail.hpp"

namespace drover::exchanges::kucoin {

namespace {

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("symbol");
  i.base_asset = f.text("baseCurrency");
  i.quote_asset = f.text("quoteCurrency");
  // Renamed assets keep their pair's old name: the pair is what orders name.
  i.symbol = to_symbol(i.venue_symbol);
  i.min_quantity = f.amount("baseMinSize");
  i.max_quantity = f.amount("baseMaxSize");
  i.lot_size = f.amount("baseIncrement");
  i.tick_size = f.amount("priceIncrement");
  i.min_notional = f.optional_amount("minFunds").value_or(decimal{});
  i.trading = f.boolean("enableTrading");
  return i;
}

public_trade read_trade(json_fields& f, std::string_view symbol) {
  public_trade t;
  t.symbol = symbol;
  t.trade_id = f.optional_text("tradeId");
  if (t.trade_id.empty()) t.trade_id = f.id("sequence");
  t.price = f.amount("price");
  t.quantity = f.amount("size");
  // The side is the taker's.
  t.buyer_is_maker = read_side(f, "side") == side::sell;
  t.at = read_time(f, "time");
  return t;
}

}  // namespace

wall_time read_server_time(json_fields& top) { return checked_ms(top, top.integer("data"), "data"); }

std::vector<instrument> read_instruments(json_fields& top) {
  std::vector<instrument> out;
  top.each("data", [&out](json_fields& f) { out.push_back(read_instrument(f)); });
  return out;
}

book_ticker read_ticker(json_fields& f, const venue_call& call) {
  book_ticker t;
  t.symbol = call.symbol;
  t.update_id = whole_number(f, f.id("sequence"), "sequence");
  t.bid_price = f.amount("bestBid");
  t.bid_quantity = f.amount("bestBidSize");
  t.ask_price = f.amount("bestAsk");
  t.ask_quantity = f.amount("bestAskSize");
  return t;
}

std::vector<public_trade> read_trades(json_fields& top, const venue_call& call) {
  std::vector<public_trade> out;
  top.each("data", [&](json_fields& f) { out.push_back(read_trade(f, call.symbol)); });
  if (!out.empty() && out.front().at > out.back().at) std::ranges::reverse(out);
  return out;
}

std::vector<book_level> read_levels(json_fields& f, std::string_view key) {
  std::vector<book_level> out;
  auto rows = f.optional_array(key);
  if (!rows) {
    f.note(key);
    return out;
  }
  for_rows(f, *rows, key, [&](row_cells row) {
    auto price = cell_amount(f, row, 0, key);
    auto quantity = cell_amount(f, row, 1, key);
    out.push_back({price, quantity});
  });
  return out;
}

book_snapshot read_book(json_fields& f, const venue_call& call) {
  book_snapshot out;
  out.symbol = call.symbol;
  out.update_id = whole_number(f, f.id("sequence"), "sequence");
  out.bids = read_levels(f, "bids");
  out.asks = read_levels(f, "asks");
  return out;
}

candle read_candle(json_fields& f, row_cells row, std::string_view symbol, candle_interval interval) {
  candle c;
  c.symbol = symbol;
  c.interval = interval;
  const auto start = whole_number(f, row.empty() ? std::string_view{} : row[0], "candle");
  c.opens_at = checked_ms(f, start > 0 && start < 10'000'000'000 ? start * 1'000 : -1, "candle");
  c.open = cell_amount(f, row, 1, "candle");
  c.close = cell_amount(f, row, 2, "candle");
  c.high = cell_amount(f, row, 3, "candle");
  c.low = cell_amount(f, row, 4, "candle");
  c.volume = cell_amount(f, row, 5, "candle");
  return c;
}

std::vector<candle> read_candles(json_fields& top, const venue_call& call) {
  std::vector<candle> out;
  auto rows = top.optional_array("data");
  if (!rows) {
    top.note("data");
    return out;
  }
  for_rows(top, *rows, "data", [&](row_cells row) { out.push_back(read_candle(top, row, call.symbol, call.interval)); });
  std::ranges::sort(out, {}, &candle::opens_at);
  return out;
}

}  // namespace drover::exchanges::kucoin
