#include "exchanges/runtime/market_handover.hpp"

namespace drover::exchanges {

bool market_handover::admit(side_of side, const ticker_pointer& t) {
  if (side == side_of::old_one) {
    if (switched_) return false;
    told_tickers_[t->symbol] = t->update_id;
    return true;
  }
  if (!switched_) {
    kept_tickers_[t->symbol] = t;
    return false;
  }
  const auto told = told_tickers_.find(t->symbol);
  return told == told_tickers_.end() || t->update_id == 0 || t->update_id > told->second;
}

bool market_handover::admit(side_of side, const trade_pointer& t) {
  if (side == side_of::old_one) {
    if (!switched_) told_.insert(key_of(*t));
    return !switched_;
  }
  if (switched_) return !told_.contains(key_of(*t));
  if (!full()) kept_trades_.push_back(t);
  return false;
}

bool market_handover::is_news(const candle_update& u) const {
  const auto told = told_candles_.find({u.candle.symbol, u.candle.interval});
  if (told == told_candles_.end()) return true;
  const auto& [opens_at, closed] = told->second;
  return u.candle.opens_at > opens_at || (u.candle.opens_at == opens_at && !closed);
}

bool market_handover::admit(side_of side, const candle_pointer& u) {
  const candle_key key{u->candle.symbol, u->candle.interval};
  if (side == side_of::old_one) {
    if (!switched_) told_candles_[key] = {u->candle.opens_at, u->closed};
    return !switched_;
  }
  if (switched_) return is_news(*u);
  auto& kept = kept_candles_[key];
  kept.latest = u;
  if (u->closed) kept.closed = u;
  return false;
}

market_handover::remainder market_handover::switch_over() {
  switched_ = true;
  remainder out;
  for (auto& [symbol, t] : kept_tickers_)
    if (admit(side_of::new_one, t)) out.tickers.push_back(std::move(t));
  for (auto& t : kept_trades_)
    if (told_.insert(key_of(*t)).second) out.trades.push_back(std::move(t));
  for (auto& [key, kept] : kept_candles_) {
    if (kept.closed && kept.closed != kept.latest && is_news(*kept.closed)) out.candles.push_back(kept.closed);
    if (is_news(*kept.latest)) out.candles.push_back(kept.latest);
  }
  kept_tickers_.clear();
  kept_trades_.clear();
  kept_candles_.clear();
  return out;
}

}  // namespace drover::exchanges
