// What a bot does when the entry gate is closed for it: shows it, gives its strategy a rest, and gets out as far as asked.
#include <utility>

#include "base/log.hpp"
#include "engine/bots/bot_instance.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

/// Somebody waits, until the coroutine ends or is cut.
class waiting_mark {
 public:
  waiting_mark(wake_event*& place, wake_event& waiter) : place_(place) { place_ = &waiter; }
  ~waiting_mark() { place_ = nullptr; }
  waiting_mark(const waiting_mark&) = delete;
  waiting_mark& operator=(const waiting_mark&) = delete;

 private:
  wake_event*& place_;
};

}  // namespace

order_owner bot_instance::owner() const {
  return {id_.user, id_.account, id_.link->exchange_name(), id_.bot};
}

void bot_instance::heed_gate() {
  const auto* halt = parts_.gate != nullptr ? parts_.gate->find(owner()) : nullptr;
  if (halt == nullptr && !lock_) return;
  if (!lock_) lock_ = std::make_unique<lock>();
  const bool was_locked = is_locked();
  const auto before = std::exchange(lock_->because, halt != nullptr ? halt->reason : std::string());
  const bool changed = lock_->because != before;
  if (halted_ || !trading_) return;
  if (halt == nullptr) {
    lock_->out = {};
    if (!was_locked) return;
    settle_state();
    if (!paused_) go_on();
    return;
  }
  tick_waits_ = false;
  if (changed) settle_state();
  get_out(halt->verb);
}

void bot_instance::get_out(halt_verb verb) {
  auto& out = lock_->out;
  out.wanted = verb;
  if (out.running) return;
  const bool done = out.carried_out && out.reached >= verb && out.problem.empty() && desk_->live_orders().empty();
  if (verb == halt_verb::halt || done) {
    out.carried_out = true;
    return;
  }
  out.running = true;
  out.carried_out = false;
  scope_.spawn("get out", run_way_out());
}

/// Again when more was asked for meanwhile.
task<void> bot_instance::run_way_out() {
  auto& out = lock_->out;
  wake_event woken(parts_.executor);
  waiting_mark mark(way_out_waiter_, woken);
  do {
    out.reached = out.wanted;
    const auto before = desk_->live_orders().size();
    const auto deadline = parts_.timers.get_clock().now() + cancel_limit;
    left_behind_.clear();
    co_await cancel_orders(woken, deadline, exchanges::lane::kill);
    out.cancelled += static_cast<int>(before) - static_cast<int>(desk_->live_orders().size());
    if (out.wanted == halt_verb::flatten) co_await flatten(woken);
    out.problem = std::exchange(left_behind_, {});
  } while (out.reached < out.wanted);
  out.running = false;
  out.carried_out = true;
  log().info("a halt was carried out", {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"verb", to_string(out.reached)},
                                       {"cancelled", out.cancelled}, {"problem", out.problem}});
}

bot_exposure bot_instance::exposure() const {
  bot_exposure out{.owner = owner(), .symbol = plan_->symbol};
  out.reachable = trading_ && !halted_ && desk_ != nullptr;
  if (!out.reachable) out.problem = reason_;
  if (desk_ == nullptr || !reconciled_) return out;
  out.open_orders = static_cast<int>(desk_->live_orders().size());
  out.position = desk_->position().quantity;
  if (ticker_) out.notional = out.position * ticker_->bid_price;
  const way_out leaving = lock_ ? lock_->out : way_out{};
  out.cancelled = leaving.cancelled;
  const auto* halt = parts_.gate != nullptr ? parts_.gate->find(out.owner) : nullptr;
  out.carried_out = leaving.carried_out && (halt == nullptr || leaving.reached >= halt->verb);
  if (out.reachable) out.problem = leaving.problem;
  return out;
}

}  // namespace drover::engine
