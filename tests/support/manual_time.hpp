#pragma once

#include <map>
#include <utility>

#include "base/timer.hpp"

namespace drover::test {

/// A clock that moves only when told.
class manual_clock final : public clock {
 public:
  steady_time now() const override { return steady_; }
  wall_time wall_now() const override { return wall_; }
  void advance(nanoseconds d) {
    steady_ = steady_ + d;
    wall_ = wall_ + d;
  }
  void set_wall(wall_time t) { wall_ = t; }

 private:
  steady_time steady_{1s};
  wall_time wall_ = wall_time::from_ms(1'700'000'000'000);
};

/// Timers on a manual clock: advance() runs what is due, in order, each at its own moment.
class manual_timers : public timer_queue {
 public:
  explicit manual_timers(manual_clock& c) : clock_(c) {}
  const clock& get_clock() const override { return clock_; }

  timer_id call_at(steady_time at, std::move_only_function<void()> callback) override {
    const auto id = ++last_id_;
    waiting_.emplace(std::pair(at, id), std::move(callback));
    return timer_id{id};
  }

  bool cancel(timer_id id) override {
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
      if (at->first.second != static_cast<std::uint64_t>(id)) continue;
      auto gone = waiting_.extract(at);
      return true;
    }
    return false;
  }

  /// Moves the clock to the next timer that is due within `d` and runs it; false (and the whole of `d` passed) when none is.
  bool advance_to_next(nanoseconds d) {
    const steady_time end = clock_.now() + d;
    if (waiting_.empty() || waiting_.begin()->first.first > end) {
      clock_.advance(d);
      return false;
    }
    auto due = waiting_.extract(waiting_.begin());
    if (due.key().first > clock_.now()) clock_.advance(due.key().first - clock_.now());
    due.mapped()();
    return true;
  }

  void advance(nanoseconds d) {
    const steady_time end = clock_.now() + d;
    while (advance_to_next(end - clock_.now())) {
    }
  }

  bool next_is_due() const { return !waiting_.empty() && waiting_.begin()->first.first <= clock_.now(); }
  /// Nothing is waiting.
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

 private:
  manual_clock& clock_;
  std::map<std::pair<steady_time, std::uint64_t>, std::move_only_function<void()>> waiting_;
  std::uint64_t last_id_ = 0;
};

}  // namespace drover::test
