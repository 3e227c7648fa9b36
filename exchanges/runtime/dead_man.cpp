#include "exchanges/runtime/dead_man.hpp"

#include <utility>

#include "base/log.hpp"
#include "exchanges/runtime/steady_part.hpp"

namespace drover::exchanges {

namespace {

const logger log("exchanges");

task<result<venue_answer>> set_timer(venue_core& core, std::shared_ptr<key_session> keys, milliseconds after) {
  venue_call ask;
  ask.op = operation::set_dead_man;
  ask.dead_man_after = after;
  ask.validity_window = core.config().receive_window;
  return core.gateway().call(std::move(ask), lane::protective, std::move(keys));
}

}  // namespace

struct dead_man_guard::state {
  std::shared_ptr<venue_core> core;
  std::shared_ptr<key_session> keys;
  milliseconds after;
  wake_event ended_event;
  bool ended = false;
};

dead_man_guard::dead_man_guard(std::shared_ptr<venue_core> core, std::shared_ptr<key_session> keys, milliseconds after) {
  wake_event ended(core->parts().executor);
  state_ = std::make_shared<state>(state{std::move(core), std::move(keys), after, std::move(ended)});
  auto& venue = *state_->core;
  auto whose = venue.config().name + " account " + state_->keys->label;
  spawn_steadily(venue.scope(), "dead-man timer", std::move(whose), venue.parts(), [s = state_] { return run(s); });
}

dead_man_guard::~dead_man_guard() {
  state_->ended = true;
  state_->ended_event.notify();
  state_->core->spawn_farewell(switch_off(state_));
}

task<void> dead_man_guard::run(std::shared_ptr<state> s) {
  auto& timers = s->core->parts().timers;
  while (!s->ended) {
    auto done = co_await set_timer(*s->core, s->keys, s->after);
    if (!done) {
      log.warn("the timer that cancels orders could not be set", {{"account", s->keys->label}, {"err", done.error()}});
      if (done.error().code == make_error_code(exchange_errc::unsupported)) co_return;
    }
    if (s->ended) co_return;
    const auto next = timers.get_clock().now() + s->after / refreshes_per_length;
    co_await s->ended_event.wait_until(timers, next);
  }
}

task<void> dead_man_guard::switch_off(std::shared_ptr<state> s) {
  auto done = co_await set_timer(*s->core, s->keys, milliseconds(0));
  if (!done)
    log.error("the timer that cancels orders could not be switched off; the exchange will cancel the account's orders",
              {{"account", s->keys->label}, {"after_ms", s->after.count()}, {"err", done.error()}});
}

}  // namespace drover::exchanges
