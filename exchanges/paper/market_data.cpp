#include "exchanges/paper/market_data.hpp"

#include <algorithm>

namespace drover::exchanges::paper {

namespace {

constexpr std::int64_t day_ms = 24 * 3'600 * 1'000;

void extend(std::deque<candle>& candles, std::size_t limit, std::int64_t interval_ms, const market_trade& t) {
  const std::int64_t open_time = t.at.ms() - t.at.ms() % interval_ms;
  const decimal notional = decimal::multiply(t.price, t.quantity);
  if (candles.empty() || candles.back().open_time_ms < open_time) {
    candles.push_back({.open_time_ms = open_time, .open = t.price, .high = t.price, .low = t.price, .first_trade_id = t.id});
    if (candles.size() > limit) candles.pop_front();
  }
  auto& c = candles.back();
  c.high = std::max(c.high, t.price);
  c.low = std::min(c.low, t.price);
  c.close = t.price;
  c.volume += t.quantity;
  c.quote_volume += notional;
  if (!t.buyer_is_maker) {
    c.bought_volume += t.quantity;
    c.bought_quote_volume += notional;
  }
  c.last_trade_id = t.id;
  ++c.trades;
}

template <class Levels>
std::vector<book_level> first(const Levels& levels, std::size_t limit) {
  std::vector<book_level> out;
  out.reserve(std::min(limit, levels.size()));
  for (const auto& [price, quantity] : levels) {
    if (out.size() == limit) break;
    out.push_back({price, quantity});
  }
  return out;
}

std::vector<book_level> first(const book_side& side, std::size_t limit) {
  std::vector<book_level> out;
  out.reserve(std::min(limit, side.levels().size()));
  for (const auto& [key, level] : side.levels()) {
    if (out.size() == limit) break;
    out.push_back({level.price, level.total});
  }
  return out;
}

std::vector<book_level> take(std::map<decimal, decimal>& changed) {
  auto out = first(changed, changed.size());
  changed.clear();
  return out;
}

}  // namespace

std::vector<market_trade> list_trades(const std::deque<market_trade>& tape, std::size_t most, wall_time from, wall_time to) {
  std::vector<market_trade> out;
  for (auto t = tape.rbegin(); t != tape.rend() && out.size() < most; ++t)
    if (t->at >= from && t->at <= to) out.push_back(*t);
  return out;
}

void market_data::add_instrument(bool recorded) {
  auto& f = feeds_.emplace_back();
  if (recorded) f.recording.emplace();
}

void market_data::on_level(instrument_number n, side s, decimal price, decimal quantity) {
  auto& f = feed(n);
  if (f.recording) return;
  ++f.update_id;
  (s == side::buy ? f.changed_bids : f.changed_asks)[price] = quantity;
}

void market_data::add_trade(instrument_number n, const market_trade& t) {
  auto& f = feed(n);
  f.tape.push_back(t);
  if (f.tape.size() > tape_limit) f.tape.pop_front();
  extend(f.seconds, second_limit, to_ms(candle_interval::second), t);
  extend(f.minutes, minute_limit, to_ms(candle_interval::minute), t);
}

void market_data::set_recorded_top(instrument_number n, top_of_book top) { feed(n).recorded_top = top; }

std::optional<top_of_book> market_data::top(instrument_number n) const {
  const auto& f = feed(n);
  if (f.recording) return f.recorded_top;
  const auto& book = engine_.book(n);
  const auto* bid = book.bids.best();
  const auto* ask = book.asks.best();
  if (bid == nullptr || ask == nullptr) return std::nullopt;
  return top_of_book{{bid->price, bid->total}, {ask->price, ask->total}, f.update_id};
}

depth_view market_data::depth(instrument_number n, std::size_t limit) const {
  const auto& f = feed(n);
  if (f.recording)
    return {f.recording->last_update_id(), first(f.recording->bids(), limit), first(f.recording->asks(), limit)};
  const auto& book = engine_.book(n);
  return {f.update_id, first(book.bids, limit), first(book.asks, limit)};
}

std::optional<depth_diff> market_data::take_diff(instrument_number n) {
  auto& f = feed(n);
  if (f.update_id == f.published_id) return std::nullopt;
  depth_diff out{f.published_id + 1, f.update_id, take(f.changed_bids), take(f.changed_asks)};
  f.published_id = f.update_id;
  return out;
}

candle market_data::day_or_flat(instrument_number n, wall_time now) const {
  if (auto traded = day(n, now)) return *traded;
  const decimal last = engine_.last_price(n);
  return {.open_time_ms = now.ms(), .open = last, .high = last, .low = last, .close = last};
}

std::vector<candle> join_candles(const std::deque<candle>& parts, std::int64_t interval_ms) {
  std::vector<candle> out;
  for (const auto& p : parts) {
    const auto open_time = p.open_time_ms - p.open_time_ms % interval_ms;
    if (out.empty() || out.back().open_time_ms != open_time) {
      out.push_back(p);
      out.back().open_time_ms = open_time;
      continue;
    }
    auto& o = out.back();
    o.high = std::max(o.high, p.high);
    o.low = std::min(o.low, p.low);
    o.close = p.close;
    o.volume += p.volume;
    o.quote_volume += p.quote_volume;
    o.bought_volume += p.bought_volume;
    o.bought_quote_volume += p.bought_quote_volume;
    o.last_trade_id = p.last_trade_id;
    o.trades += p.trades;
  }
  return out;
}

std::optional<candle> market_data::day(instrument_number n, wall_time now) const {
  std::optional<candle> out;
  for (const auto& m : feed(n).minutes) {
    if (m.open_time_ms < now.ms() - day_ms) continue;
    if (!out) {
      out = m;
      continue;
    }
    out->high = std::max(out->high, m.high);
    out->low = std::min(out->low, m.low);
    out->close = m.close;
    out->volume += m.volume;
    out->quote_volume += m.quote_volume;
    out->bought_volume += m.bought_volume;
    out->bought_quote_volume += m.bought_quote_volume;
    out->last_trade_id = m.last_trade_id;
    out->trades += m.trades;
  }
  return out;
}

}  // namespace drover::exchanges::paper
