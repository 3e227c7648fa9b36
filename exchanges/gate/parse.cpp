#include "exchanges/gate/parse.hpp"

#include <algorithm>

#include "exchanges/gate/errors.hpp"
#include "exchanges/gate/names.hpp"
#include "exchanges/gate/parse_detail.hpp"
#include "exchanges/gate/requests.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::gate {

namespace {

json_source& source() {
  thread_local json_source kept;
  return kept;
}

constexpr int most_places = 18;
/// 10 to the power of minus `places`.
decimal step_of(json_fields& f, std::string_view key) {
  const auto places = f.integer(key);
  if (places < 0 || places > most_places) return f.note(key), decimal{};
  decimal::raw_type raw = 1;
  for (auto i = places; i < most_places; ++i) raw *= 10;
  return decimal::from_raw(raw);
}

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("id");
  i.base_asset = f.text("base");
  i.quote_asset = f.text("quote");
  i.symbol = i.base_asset + "/" + i.quote_asset;
  i.tick_size = step_of(f, "precision");
  i.lot_size = step_of(f, "amount_precision");
  i.min_quantity = std::max(f.optional_amount("min_base_amount").value_or(i.lot_size), i.lot_size);
  i.max_quantity = f.optional_amount("max_base_amount").value_or(decimal{});
  i.min_notional = f.optional_amount("min_quote_amount").value_or(decimal{});
  i.trading = f.text("trade_status") == "tradable";
  return i;
}

public_trade read_trade(json_fields& f) {
  public_trade t;
  t.symbol = to_symbol(f.text("currency_pair"));
  // The number within the market, as the stream's "id_market".
  t.trade_id = f.optional_text("sequence_id");
  t.price = f.amount("price");
  t.quantity = f.amount("amount");
  t.buyer_is_maker = read_side(f) == side::sell;
  t.at = read_ms(f, "create_time_ms");
  return t;
}

result<venue_reply> read_book(const venue_call& call, json_fields& f) {
  book_snapshot out;
  out.symbol = call.symbol;
  out.update_id = f.optional_integer("id").value_or(0);
  out.bids = read_levels(f, "bids");
  out.asks = read_levels(f, "asks");
  if (!f.ok()) return std::unexpected(make_unreadable(call.op, f.problem()));
  if (call.op == operation::book) return venue_reply{std::move(out), {}};
  book_ticker top;
  top.symbol = call.symbol;
  top.update_id = out.update_id;
  if (!out.bids.empty()) top.bid_price = out.bids.front().price, top.bid_quantity = out.bids.front().quantity;
  if (!out.asks.empty()) top.ask_price = out.asks.front().price, top.ask_quantity = out.asks.front().quantity;
  return venue_reply{std::move(top), {}};
}

/// ["seconds","quote volume","close","high","low","open","base volume",…]
result<candle> read_candle(const venue_call& call, sj::array row) {
  constexpr std::size_t columns = 7;
  constexpr std::int64_t latest_s = 9'000'000'000;
  decimal cells[columns];
  std::size_t count = 0;
  for (auto item : row) {
    if (count == columns) break;
    std::string_view text;
    if (item.get_string().get(text)) return fail(errc::malformed);
    auto value = decimal::parse(text);
    if (!value || value->is_negative()) return fail(errc::malformed);
    cells[count++] = *value;
  }
  if (count < columns || cells[0] > decimal(latest_s)) return fail(errc::malformed);
  candle k;
  k.symbol = call.symbol;
  k.interval = call.interval;
  constexpr decimal::raw_type one = 1'000'000'000'000'000'000;
  k.opens_at = {seconds(static_cast<std::int64_t>(cells[0].raw() / one))};
  k.close = cells[2], k.high = cells[3], k.low = cells[4], k.open = cells[5], k.volume = cells[6];
  return k;
}

result<venue_reply> read_candles(const venue_call& call) {
  sj::array rows;
  if (source().document().get_array().get(rows)) return std::unexpected(make_unreadable(call.op, "shape"));
  std::vector<candle> out;
  for (auto element : rows) {
    sj::array row;
    if (element.get_array().get(row)) return std::unexpected(make_unreadable(call.op, "row"));
    auto k = read_candle(call, row);
    if (!k) return std::unexpected(make_unreadable(call.op, "row"));
    out.push_back(std::move(*k));
  }
  return venue_reply{std::move(out), {}};
}

template <class T, class Read>
result<venue_reply> read_list(const venue_call& call, bool newest_first, Read read) {
  std::vector<T> out;
  std::string problem;
  if (!for_each_object(source(), problem, [&](json_fields& f) { out.push_back(read(f)); }))
    return std::unexpected(make_unreadable(call.op, problem));
  if (newest_first) std::ranges::reverse(out);
  return venue_reply{std::move(out), {}};
}

}  // namespace

result<venue_reply> read_market_answer(const venue_call& call, std::string_view body) {
  if (!source().load(body)) return std::unexpected(make_unreadable(call.op, "bytes"));
  switch (call.op) {
    case operation::instruments: return read_list<instrument>(call, false, read_instrument);
    case operation::trades: return read_list<public_trade>(call, true, read_trade);
    case operation::candles: return read_candles(call);
    default: break;
  }
  json_fields f(source().document().get_object());
  if (call.op != operation::server_time) return read_book(call, f);
  const auto now = read_ms(f, "server_time");
  if (!f.ok() || now == wall_time{}) return std::unexpected(make_unreadable(call.op, "server_time"));
  return venue_reply{now, {}};
}

result<venue_reply> read_answer(const venue_call& call, const client_response& answer) {
  try {
    if (is_private(call.op)) return read_account_answer(call, answer);
    if (answer.status < 200 || answer.status > 299) return std::unexpected(read_refusal(call.op, answer));
    return read_market_answer(call, answer.body);
  } catch (const decimal_overflow&) {
    return std::unexpected(make_unreadable(call.op, "numbers"));
  }
}

}  // namespace drover::exchanges::gate
