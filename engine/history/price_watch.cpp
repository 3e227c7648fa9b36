#include "engine/history/price_watch.hpp"

#include <algorithm>

namespace drover::engine {

price_watch::price_watch(const std::map<std::string, std::unique_ptr<exchanges::exchange>>& exchanges, timer_queue& timers)
    : exchanges_(exchanges), timers_(timers) {}

price_watch::~price_watch() {
  for (auto& q : questions_) timers_.cancel(q.deadline);
  if (sweep_timer_) timers_.cancel(*sweep_timer_);
}

void price_watch::ask(std::vector<market_key> markets, std::function<void(market_prices)> done) {
  for (const auto& m : markets) watch(m);
  if (knows_all(markets)) return done(prices_of(markets));
  const auto at = questions_.insert(questions_.end(), {std::move(markets), std::move(done)});
  at->deadline = timers_.call_after(patience, [this, at] {
    auto question = std::move(*at);
    questions_.erase(at);
    question.done(prices_of(question.markets));
  });
}

void price_watch::watch(const market_key& m) {
  const auto known = watched_.find(m);
  if (known != watched_.end()) {
    known->second.asked_at = now();
    return;
  }
  const auto venue = exchanges_.find(m.exchange);
  if (venue == exchanges_.end() || watched_.size() >= market_limit) return;
  auto& fresh = watched_[m];
  fresh.asked_at = now();
  fresh.subscription = venue->second->subscribe_book_ticker(m.symbol, [this, m](const auto& ticker) { heard(m, ticker); });
  if (!sweep_timer_) sweep_timer_ = timers_.call_after(idle_limit, [this] { sweep(); });
}

void price_watch::heard(const market_key& m, const std::shared_ptr<const exchanges::book_ticker>& ticker) {
  // A stale one is still the latest; its age tells.
  const auto at = watched_.find(m);
  if (!ticker || at == watched_.end()) return;
  const bool is_first = !std::exchange(at->second.last, ticker);
  if (!is_first) return;
  for (auto q = questions_.begin(); q != questions_.end();) {
    const auto next = std::next(q);
    if (knows_all(q->markets)) {
      timers_.cancel(q->deadline);
      auto question = std::move(*q);
      questions_.erase(q);
      question.done(prices_of(question.markets));
    }
    q = next;
  }
}

bool price_watch::knows_all(const std::vector<market_key>& markets) const {
  return std::ranges::all_of(markets, [this](const auto& m) {
    const auto at = watched_.find(m);
    // One that is not watched will never be known.
    return at == watched_.end() || at->second.last;
  });
}

market_prices price_watch::prices_of(const std::vector<market_key>& markets) const {
  market_prices out;
  for (const auto& m : markets) {
    const auto at = watched_.find(m);
    if (at == watched_.end() || !at->second.last) continue;
    const auto& t = *at->second.last;
    out[m] = {t.bid_price, t.ask_price, std::chrono::duration_cast<milliseconds>(now() - t.received_at)};
  }
  return out;
}

void price_watch::sweep() {
  sweep_timer_.reset();
  std::erase_if(watched_, [this](const auto& w) { return now() - w.second.asked_at >= idle_limit; });
  if (!watched_.empty()) sweep_timer_ = timers_.call_after(idle_limit, [this] { sweep(); });
}

}  // namespace drover::engine
