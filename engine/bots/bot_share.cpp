// A bot and its share of the trading thread: what is charged besides its calls, and how it waits when the share is
// spent.
#include <utility>

#include "base/log.hpp"
#include "engine/bots/bot_instance.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

}  // namespace

/// Two looks at the clock would cost more than most strategies' answer.
std::expected<bool, bot_failure> bot_instance::ask_about(const exchanges::book_ticker& ticker) {
  if (++tickers_ % tickers_per_look != 0) return strategy_->wants_tick(ticker);
  auto answer = [&] {
    const thread_share::use charged(share_, tickers_per_look);
    return strategy_->wants_tick(ticker);
  }();
  heed_share();
  return answer;
}

std::expected<std::string, bot_failure> bot_instance::read_state() {
  auto state = [&] {
    const thread_share::use charged(share_);
    return strategy_->save_state();
  }();
  heed_share();
  return state;
}

void bot_instance::heed_share() {
  if (failed_ || halted_ || !share_.is_in_excess()) return;
  const bool is_new = !std::exchange(slowed_, true);
  const auto percent = std::to_string(plan_->config->thread_share_percent);
  if (share_.wants_too_much())
    return end({bot_failure::kind::greedy,
                "The strategy takes too much of the trading thread: for " +
                    std::to_string(thread_share::patience.count()) + " s it wanted more than " + percent +
                    " % of it, although its ticks were delayed",
                std::nullopt});
  await_share();
  if (!is_new) return;
  log().warn("a bot takes more than its share of the trading thread, its ticks are delayed",
             {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"percent", percent}});
  if (state_ == bot_state::running) settle_state();
}

/// Somebody waits as long as the bot is in excess.
void bot_instance::await_share() {
  const auto next = share_.is_spent() ? share_.free_at() : share_.rested_at();
  if (share_timer_ && share_due_at_ <= next) return;
  if (share_timer_) parts_.timers.cancel(*share_timer_);
  share_due_at_ = next;
  share_timer_ = parts_.timers.call_at(next, [this] { on_share_due(); });
}

void bot_instance::on_share_due() {
  share_timer_.reset();
  if (halted_ || failed_) return;
  share_.settle();
  slowed_ = share_.is_in_excess();
  if (slowed_)
    await_share();
  else if (state_ == bot_state::running)
    settle_state();
  if (share_.is_spent()) return;
  if (timer_is_due_ || tick_waits_) schedule_turn();
  if (std::exchange(tick_held_, false) && ticker_) on_ticker(ticker_);
}

}  // namespace drover::engine
