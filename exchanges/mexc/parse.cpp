#include "exchanges/mexc/parse.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "exchanges/mexc/errors.hpp"
#include "exchanges/mexc/parse_detail.hpp"
#include "exchanges/mexc/requests.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::mexc {

namespace {

json_source& source() {
  thread_local json_source kept;
  return kept;
}

std::unexpected<error> unreadable(const venue_call& call, std::string_view what) {
  return std::unexpected(make_unreadable(call.op, what));
}

constexpr int most_places = 18;
/// 10 to the power of minus `places`; places come as number or text.
decimal step_of(json_fields& f, std::string_view key) {
  const auto places = f.amount(key);
  if (places > decimal(most_places) || !places.is_multiple_of(decimal(1))) return f.note(key), decimal{};
  constexpr decimal::raw_type one = 1'000'000'000'000'000'000;
  decimal::raw_type raw = 1;
  for (auto i = static_cast<int>(places.raw() / one); i < most_places; ++i) raw *= 10;
  return decimal::from_raw(raw);
}

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("symbol");
  i.base_asset = f.text("baseAsset");
  i.quote_asset = f.text("quoteAsset");
  i.symbol = i.base_asset + "/" + i.quote_asset;
  i.tick_size = step_of(f, "quotePrecision");
  i.lot_size = step_of(f, "baseAssetPrecision");
  // Despite its name the least quantity.
  i.min_quantity = std::max(f.optional_amount("baseSizePrecision").value_or(decimal{}), i.lot_size);
  // And this one the least notional.
  i.min_notional = f.optional_amount("quoteAmountPrecision").value_or(decimal{});
  const auto status = f.id("status");
  i.trading = (status == "1" || status == "ENABLED") && f.optional_boolean("isSpotTradingAllowed").value_or(false);
  return i;
}

result<venue_reply> read_instruments(const venue_call& call) {
  json_fields f(source().document().get_object());
  std::vector<instrument> out;
  f.each("symbols", [&](json_fields& s) { out.push_back(read_instrument(s)); });
  if (!f.ok()) return unreadable(call, f.problem());
  auto next = call;
  next.step = 1;
  next.earlier = std::make_shared<const venue_answer>(std::move(out));
  return venue_reply{nothing{}, std::move(next)};
}

/// Only the symbols of this list may be traded by key.
result<venue_reply> read_tradable(const venue_call& call) {
  json_fields f(source().document().get_object());
  std::set<std::string, std::less<>> tradable;
  auto names = f.optional_array("data");
  if (!names) return unreadable(call, f.ok() ? "data" : f.problem());
  for (auto name : *names) {
    std::string_view text;
    if (name.get_string().get(text)) return unreadable(call, "data");
    tradable.emplace(text);
  }
  std::vector<instrument> out;
  if (call.earlier)
    if (const auto* all = std::get_if<std::vector<instrument>>(call.earlier.get())) out = *all;
  for (auto& i : out) i.trading = i.trading && tradable.contains(i.venue_symbol);
  return venue_reply{std::move(out), {}};
}

std::vector<book_level> read_levels(json_fields& f, std::string_view key) {
  std::vector<book_level> out;
  auto array = f.optional_array(key);
  if (!array) return f.note(key), out;
  for (auto element : *array) {
    sj::array pair;
    if (element.get_array().get(pair)) return f.note(key), std::vector<book_level>{};
    decimal numbers[2];
    std::size_t count = 0;
    for (auto item : pair) {
      sj::value value;
      if (item.get(value)) return f.note(key), std::vector<book_level>{};
      if (count < 2) numbers[count] = f.to_decimal(value, key);
      if (!f.ok()) return {};
      ++count;
    }
    if (count < 2 || numbers[0].is_negative() || numbers[1].is_negative()) return f.note(key), std::vector<book_level>{};
    out.push_back({numbers[0], numbers[1]});
  }
  return out;
}

result<venue_reply> read_book(const venue_call& call) {
  json_fields f(source().document().get_object());
  book_snapshot out;
  out.symbol = call.symbol;
  out.update_id = f.integer("lastUpdateId");
  out.bids = read_levels(f, "bids");
  out.asks = read_levels(f, "asks");
  if (!f.ok()) return unreadable(call, f.problem());
  return venue_reply{std::move(out), {}};
}

result<venue_reply> read_ticker(const venue_call& call) {
  json_fields f(source().document().get_object());
  book_ticker top;
  top.symbol = call.symbol;
  // An empty side is null.
  top.bid_price = f.optional_amount("bidPrice").value_or(decimal{}), top.bid_quantity = f.optional_amount("bidQty").value_or(decimal{});
  top.ask_price = f.optional_amount("askPrice").value_or(decimal{}), top.ask_quantity = f.optional_amount("askQty").value_or(decimal{});
  const bool ours = !f.text("symbol").empty();
  if (!f.ok() || !ours) return unreadable(call, f.ok() ? "symbol" : f.problem());
  return venue_reply{std::move(top), {}};
}

result<venue_reply> read_trades(const venue_call& call) {
  std::vector<public_trade> out;
  std::string problem;
  const bool done = for_each_object(source(), problem, [&](json_fields& f) {
    public_trade t;
    t.symbol = call.symbol;
    // The venue numbers no public trades.
    t.trade_id = f.optional_text("a");
    t.price = f.amount("p");
    t.quantity = f.amount("q");
    t.buyer_is_maker = f.boolean("m");
    t.at = read_ms(f, "T");
    out.push_back(std::move(t));
  });
  if (!done) return unreadable(call, problem);
  const auto span = trade_span_of(call);
  if (call.until && std::ssize(out) >= most_trades && span > least_trade_span) {
    auto next = call;
    ++next.step;
    next.cursor = std::to_string((span / 4).count());
    return venue_reply{std::vector<public_trade>{}, std::move(next)};
  }
  if (!out.empty() && out.back().at < out.front().at) std::ranges::reverse(out);
  return venue_reply{std::move(out), {}};
}

/// [ms,"open","high","low","close","volume",ms,"quote volume"]
bool read_candle(json_fields& none, sj::array row, candle& k) {
  constexpr std::size_t columns = 6;
  constexpr std::int64_t latest_ms = 9'000'000'000'000;
  decimal cells[columns];
  std::size_t count = 0;
  for (auto item : row) {
    if (count == columns) break;
    sj::value value;
    if (item.get(value)) return false;
    cells[count] = none.to_decimal(value, "row");
    if (!none.ok() || cells[count].is_negative()) return false;
    ++count;
  }
  if (count < columns || cells[0] > decimal(latest_ms)) return false;
  constexpr decimal::raw_type one = 1'000'000'000'000'000'000;
  k.opens_at = wall_time::from_ms(static_cast<std::int64_t>(cells[0].raw() / one));
  k.open = cells[1], k.high = cells[2], k.low = cells[3], k.close = cells[4], k.volume = cells[5];
  return true;
}

result<venue_reply> read_candles(const venue_call& call) {
  sj::array rows;
  if (source().document().get_array().get(rows)) return unreadable(call, "shape");
  std::vector<candle> out;
  json_fields none{sj::object{}};
  for (auto element : rows) {
    sj::array row;
    candle k;
    k.symbol = call.symbol;
    k.interval = call.interval;
    if (element.get_array().get(row) || !read_candle(none, row, k)) return unreadable(call, "row");
    out.push_back(std::move(k));
  }
  return venue_reply{std::move(out), {}};
}

}  // namespace

wall_time read_ms(json_fields& f, std::string_view key) {
  const auto value = f.optional_amount(key);
  constexpr std::int64_t latest_ms = 9'000'000'000'000;
  if (!value) return {};
  if (*value > decimal(latest_ms)) return f.note(key), wall_time{};
  constexpr decimal::raw_type one = 1'000'000'000'000'000'000;
  return wall_time::from_ms(static_cast<std::int64_t>(value->raw() / one));
}

result<venue_reply> read_market_answer(const venue_call& call, std::string_view body) {
  if (!source().load(body)) return unreadable(call, "bytes");
  switch (call.op) {
    case operation::instruments: return call.step == 0 ? read_instruments(call) : read_tradable(call);
    case operation::ticker: return read_ticker(call);
    case operation::trades: return read_trades(call);
    case operation::book: return read_book(call);
    case operation::candles: return read_candles(call);
    default: break;
  }
  json_fields f(source().document().get_object());
  const auto now = read_ms(f, "serverTime");
  if (!f.ok() || now == wall_time{}) return unreadable(call, "serverTime");
  return venue_reply{now, {}};
}

result<venue_reply> read_answer(const venue_call& call, const client_response& answer, const instrument_table&) {
  if (answer.status < 200 || answer.status > 299) return std::unexpected(read_refusal(call.op, answer));
  try {
    return is_private(call.op) ? read_account_answer(call, answer) : read_market_answer(call, answer.body);
  } catch (const decimal_overflow&) {
    return unreadable(call, "numbers");
  }
}

}  // namespace drover::exchanges::mexc
