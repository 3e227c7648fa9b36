#include "exchanges/raw/poll_series.hpp"

#include <algorithm>
#include <utility>

namespace drover::exchanges {

poll_series::poll_series(raw_recorder& recorder, timer_queue& timers, std::string stream, std::string name, std::string account,
                         nanoseconds interval)
    : recorder_(recorder),
      timers_(timers),
      stream_(std::move(stream)),
      name_(std::move(name)),
      account_(std::move(account)),
      interval_(std::max<nanoseconds>(interval, 1ms)),
      open_slot_(slot_of(timers.get_clock().wall_now())) {
  schedule();
}

poll_series::~poll_series() {
  if (timer_) timers_.cancel(*timer_);
  flush();
}

std::int64_t poll_series::slot_of(wall_time t) const { return t.since_epoch / interval_; }

steady_time poll_series::next_slot_at() const {
  const auto& clock = timers_.get_clock();
  const auto now = clock.wall_now();
  return clock.now() + (begin_of(slot_of(now) + 1) - now);
}

void poll_series::schedule() {
  timer_ = timers_.call_at(next_slot_at(), [this] {
    timer_.reset();
    close_slots();
    schedule();
  });
}

void poll_series::answered() {
  close_slots();
  answered_ = true;
  flush();
}

void poll_series::failed(std::string_view reason) {
  close_slots();
  reason_ = reason;
}

/// All slots that have ended; more than one when the process stood still or the clock was set forward.
void poll_series::close_slots() {
  const auto now = slot_of(timers_.get_clock().wall_now());
  if (now <= open_slot_) {
    // Set back: the slots before were counted already.
    return;
  }
  if (!answered_) note(open_slot_, open_slot_, reason_.empty() ? "not polled" : reason_);
  if (now > open_slot_ + 1) note(open_slot_ + 1, now - 1, "not polled");
  open_slot_ = now;
  answered_ = false;
  reason_.clear();
}

void poll_series::note(std::int64_t first, std::int64_t last, const std::string& reason) {
  const bool joins = missed_ && missed_->reason == reason && missed_->last + 1 == first;
  if (!joins) flush();
  if (joins)
    missed_->last = last;
  else
    missed_ = missed{first, last, reason};
  if (missed_->last - missed_->first + 1 >= slots_per_row) flush();
}

void poll_series::flush() {
  if (!missed_) return;
  const auto m = *std::exchange(missed_, std::nullopt);
  const auto reason = "poll of " + name_ + ": " + m.reason;
  data_gap gap{stream_, begin_of(m.first), begin_of(m.last + 1), reason};
  gap.channel = "poll";
  gap.account = account_;
  gap.symbol = {};
  gap.first_missing = m.first;
  gap.last_missing = m.last;
  recorder_.note_gap(gap);
}

}  // namespace drover::exchanges
