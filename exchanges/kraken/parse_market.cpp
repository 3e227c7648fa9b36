#include <algorithm>

#include "exchanges/kraken/names.hpp"
#include "exchanges/kraken/parse_detail.hpp"

namespace drover::exchanges::kraken {

namespace {

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("altname");
  const auto shown = std::string(f.optional_text("wsname"));
  const auto slash = shown.find('/');
  i.base_asset = to_asset(slash == std::string::npos ? f.text("base") : std::string_view(shown).substr(0, slash));
  i.quote_asset = to_asset(slash == std::string::npos ? f.text("quote") : std::string_view(shown).substr(slash + 1));
  i.symbol = i.base_asset + "/" + i.quote_asset;
  auto step_of = [&f](std::string_view key) {
    const auto places = f.integer(key);
    if (places < 0 || places > decimal::scale) f.note(key);
    decimal step(1);
    for (std::int64_t p = 0; f.ok() && p < places; ++p) step = decimal::divide(step, decimal(10), rounding::down);
    return step;
  };
  i.tick_size = f.optional_amount("tick_size").value_or(decimal{});
  if (i.tick_size.is_zero()) i.tick_size = step_of("pair_decimals");
  i.lot_size = step_of("lot_decimals");
  i.min_quantity = f.optional_amount("ordermin").value_or(decimal{});
  i.min_notional = f.optional_amount("costmin").value_or(decimal{});
  const auto status = f.optional_text("status");
  i.trading = status.empty() || status == "online";
  return i;
}

/// The answer's result is an object with one pair, named as the venue likes.
template <class Read>
void with_pair(json_fields& top, Read read) {
  auto result = top.optional_object("result");
  if (!result) return top.note("result");
  bool found = false;
  for_members(top, *result, [&](const std::string&, json_fields& f) {
    if (!found) read(f);
    found = true;
  });
  if (!found) top.note("result");
}

/// As with_pair(), for rows; "last" stands beside them.
template <class Each>
void for_pair_rows(json_fields& top, Each each) {
  auto result = top.optional_object("result");
  if (!result) return top.note("result");
  for (auto member : *result) {
    std::string_view name;
    if (member.unescaped_key().get(name)) return top.note("a name");
    if (name == "last") continue;
    sj::array rows;
    if (member.value().get_array().get(rows)) return top.note("rows");
    return for_rows(top, rows, "rows", each);
  }
  top.note("result");
}

std::string_view cell(row_cells row, std::size_t index) { return index < row.size() ? row[index] : std::string_view{}; }

}  // namespace

wall_time read_server_time(json_fields& result) {
  const auto unixtime = result.integer("unixtime");
  return checked_ms(result, unixtime > 0 && unixtime < 10'000'000'000 ? unixtime * 1'000 : -1, "unixtime");
}

std::vector<instrument> read_instruments(json_fields& top) {
  std::vector<instrument> out;
  auto result = top.optional_object("result");
  if (!result) {
    top.note("result");
    return out;
  }
  for_members(top, *result, [&out](const std::string&, json_fields& f) { out.push_back(read_instrument(f)); });
  return out;
}

book_ticker read_ticker(json_fields& top, const venue_call& call) {
  book_ticker t;
  t.symbol = call.symbol;
  auto read_best = [](json_fields& f, std::string_view key, decimal& price, decimal& quantity) {
    auto row = f.optional_array(key);
    if (!row) return f.note(key);
    // [price, whole lot volume, lot volume]
    read_row(f, *row, key, [&](row_cells cells) {
      price = cell_amount(f, cells, 0, key);
      quantity = cell_amount(f, cells, 2, key);
    });
  };
  with_pair(top, [&](json_fields& f) {
    read_best(f, "b", t.bid_price, t.bid_quantity);
    read_best(f, "a", t.ask_price, t.ask_quantity);
  });
  return t;
}

std::vector<public_trade> read_trades(json_fields& top, const venue_call& call) {
  std::vector<public_trade> out;
  // [price, volume, time, "b" or "s", "m" or "l", miscellaneous, id]: the side is the taker's.
  for_pair_rows(top, [&](row_cells row) {
    public_trade t;
    t.symbol = call.symbol;
    t.price = cell_amount(top, row, 0, "trade");
    t.quantity = cell_amount(top, row, 1, "trade");
    t.at = seconds_of(top, cell(row, 2), "trade");
    t.buyer_is_maker = cell(row, 3) == "s";
    t.trade_id = cell(row, 6);
    if (t.trade_id.empty() || (cell(row, 3) != "s" && cell(row, 3) != "b")) top.note("trade");
    out.push_back(std::move(t));
  });
  return out;
}

book_snapshot read_book(json_fields& top, const venue_call& call) {
  book_snapshot out;
  out.symbol = call.symbol;
  auto read_side_of = [](json_fields& f, std::string_view key, std::vector<book_level>& levels) {
    auto rows = f.optional_array(key);
    if (!rows) return f.note(key);
    for_rows(f, *rows, key, [&](row_cells row) {
      auto price = cell_amount(f, row, 0, key);
      auto quantity = cell_amount(f, row, 1, key);
      levels.push_back({price, quantity});
    });
  };
  with_pair(top, [&](json_fields& f) {
    read_side_of(f, "bids", out.bids);
    read_side_of(f, "asks", out.asks);
  });
  return out;
}

std::vector<candle> read_candles(json_fields& top, const venue_call& call) {
  std::vector<candle> out;
  // [time, open, high, low, close, vwap, volume, count]
  for_pair_rows(top, [&](row_cells row) {
    candle c;
    c.symbol = call.symbol;
    c.interval = call.interval;
    c.opens_at = seconds_of(top, cell(row, 0), "candle");
    c.open = cell_amount(top, row, 1, "candle");
    c.high = cell_amount(top, row, 2, "candle");
    c.low = cell_amount(top, row, 3, "candle");
    c.close = cell_amount(top, row, 4, "candle");
    c.volume = cell_amount(top, row, 6, "candle");
    const bool wanted = !call.since || c.opens_at >= *call.since;
    if (wanted && (call.limit == 0 || out.size() < static_cast<std::size_t>(call.limit))) out.push_back(std::move(c));
  });
  return out;
}

}  // namespace drover::exchanges::kraken
