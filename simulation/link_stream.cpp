#include "simulation/link_stream.hpp"

#include <algorithm>

namespace drover::simulation {
namespace {

constexpr std::uint64_t longest_delay_s = 40, longest_break_s = 60, longest_life_s = 1'800,
                        longest_handshake_ms = 2'000;

}  // namespace

link_stream::link_stream(std::shared_ptr<link_core> core, int account,
                         std::function<void(const exchanges::account_event&)> on_event)
    : core_(std::move(core)), account_(account), on_event_(std::move(on_event)) {}

void link_stream::open() {
  auto& sim = core_->parts.sim;
  if (!listener_) {
    listener_ =
        std::make_shared<stream_listener>([this](const exchanges::order& o, const exchanges::fill* f) { hear(o, f); });
    core_->parts.venue.subscribe(account_, listener_);
  }
  const auto handshake = milliseconds(static_cast<std::int64_t>(1 + sim.random().below(longest_handshake_ms)));
  sim.call_after(handshake, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->core_->parts.life->cut) return;
    self->connected_ = true;
    self->on_event_(exchanges::stream_opened{});
    self->plan_break();
  });
}

void link_stream::plan_break() {
  auto& random = core_->parts.sim.random();
  if (!core_->parts.faults.strikes(fault::stream_breaks, random)) {
    // Asked again later: whether it breaks at all is drawn anew.
    core_->parts.sim.call_after(seconds(static_cast<std::int64_t>(longest_life_s)), [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && self->connected_ && !self->core_->parts.life->cut) self->plan_break();
    });
    return;
  }
  const auto life = seconds(static_cast<std::int64_t>(1 + random.below(longest_life_s)));
  // A dead connection is noticed late.
  const auto unnoticed = seconds(static_cast<std::int64_t>(random.below(longest_break_s)));
  core_->parts.sim.call_after(life, [weak = weak_from_this(), unnoticed] {
    const auto self = weak.lock();
    if (!self) return;
    self->connected_ = false;
    self->core_->parts.sim.call_after(unnoticed, [weak] {
      const auto alive = weak.lock();
      if (!alive || alive->core_->parts.life->cut) return;
      alive->on_event_(exchanges::stream_lost{"the connection broke"});
      alive->open();
    });
  });
}

void link_stream::hear(const exchanges::order& o, const exchanges::fill* f) {
  if (!connected_ || core_->parts.life->cut) return;
  const bool apart = core_->parts.venue.kind().separate_fill_events;
  if (f && apart) send(exchanges::fill_event{*f});
  exchanges::order_event seen{o, std::nullopt};
  if (f && !apart) seen.fill = *f;
  send(std::move(seen));
}

void link_stream::send(exchanges::account_event event) {
  auto& sim = core_->parts.sim;
  auto& random = sim.random();
  const auto& faults = core_->parts.faults;
  if (core_->parts.venue.is_unwell() || faults.strikes(fault::event_lost, random)) return;
  const int copies = faults.strikes(fault::event_twice, random) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    auto at = sim.now() + core_->draw_way();
    if (faults.strikes(fault::event_late, random))
      at = at + seconds(static_cast<std::int64_t>(random.below(longest_delay_s)));
    else
      // One connection keeps its order.
      last_delivery_ = at = std::max(at, last_delivery_ + nanoseconds(1));
    sim.call_at(at, [weak = weak_from_this(), event] {
      if (const auto self = weak.lock()) self->deliver(event);
    });
  }
}

void link_stream::deliver(const exchanges::account_event& event) {
  if (core_->parts.life->cut) return;
  core_->hear(".user", std::to_string(account_));
  on_event_(event);
}

}  // namespace drover::simulation
