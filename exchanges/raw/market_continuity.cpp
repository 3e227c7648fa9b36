#include "exchanges/raw/market_continuity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace drover::exchanges {

namespace {

constexpr std::string_view missing_trades = "trades are missing", missing_candles = "candles are missing";

std::int64_t number_of(std::string_view id) {
  std::int64_t value = 0;
  auto [end, failure] = std::from_chars(id.data(), id.data() + id.size(), value);
  return failure == std::errc() && end == id.data() + id.size() ? value : 0;
}

}  // namespace

bool numbers_trades_one_by_one(std::string_view dialect) {
  constexpr std::array<std::string_view, 5> numbered{"binance", "coinbase", "coinbaseexchange", "gate", "kraken"};
  return std::ranges::find(numbered, dialect) != numbered.end();
}

market_continuity::market_continuity(raw_recorder& recorder, const clock& c, std::string stream, bool numbered_trades)
    : recorder_(recorder), clock_(c), stream_(std::move(stream)), numbered_(numbered_trades) {}

void market_continuity::on_trade(const public_trade& t) {
  const auto now = clock_.wall_now();
  auto found = trades_.find(t.symbol);
  const auto id = numbered_ ? number_of(t.trade_id) : 0;
  if (found == trades_.end()) {
    if (trades_.size() < topic_limit) trades_.emplace(t.symbol, trade_state{id, now, false});
    return;
  }
  auto& state = found->second;
  // Repeated or late ones are old news, also after a break.
  const bool old = id > 0 && id <= state.last_id;
  const bool stepped = id > 0 && state.last_id > 0 && id > state.last_id + 1;
  const bool unknown = state.broken && (id == 0 || state.last_id == 0);
  if (stepped || unknown) {
    data_gap gap{stream_, state.heard, now, missing_trades, to_string(operation::trades)};
    gap.symbol = t.symbol;
    if (stepped) {
      gap.first_missing = state.last_id + 1;
      gap.last_missing = id - 1;
    }
    recorder_.note_gap(gap);
  }
  if (!old) state.last_id = id;
  state.heard = now;
  state.broken = false;
}

void market_continuity::on_candle(const candle& c, bool closed) {
  const auto now = clock_.wall_now();
  const auto key = std::pair(c.symbol, c.interval);
  auto found = candles_.find(key);
  if (found == candles_.end()) {
    if (candles_.size() < topic_limit) candles_.emplace(key, candle_state{c.opens_at, now, closed, false});
    return;
  }
  auto& state = found->second;
  const nanoseconds length = length_of(c.interval);
  // The one that was open at the break may have ended with other values than were heard last.
  const auto first = state.closed ? state.opens_at + length : state.opens_at;
  if (state.broken && c.opens_at > first) {
    data_gap gap{stream_, first, c.opens_at, missing_candles, to_string(operation::candles)};
    gap.symbol = c.symbol;
    gap.interval = to_string(c.interval);
    gap.first_missing = first.since_epoch / length;
    gap.last_missing = c.opens_at.since_epoch / length - 1;
    recorder_.note_gap(gap);
  }
  if (c.opens_at >= state.opens_at) state = {c.opens_at, now, closed, false};
}

void market_continuity::on_break(operation what, const std::string& symbol) {
  if (what == operation::trades) {
    if (auto found = trades_.find(symbol); found != trades_.end()) found->second.broken = true;
    return;
  }
  for (auto& [key, state] : candles_)
    if (key.first == symbol) state.broken = true;
}

void market_continuity::on_break() {
  for (auto& [symbol, state] : trades_) state.broken = true;
  for (auto& [key, state] : candles_) state.broken = true;
}

void market_continuity::forget(operation what, const std::string& symbol) {
  if (what == operation::trades) trades_.erase(symbol);
  if (what == operation::candles) std::erase_if(candles_, [&](const auto& c) { return c.first.first == symbol; });
}

}  // namespace drover::exchanges
