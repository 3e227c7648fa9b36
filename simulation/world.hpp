#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "base/timer.hpp"

namespace drover::simulation {

/// Everything that happens in a simulation happens here, in one thread: ready work and timers on virtual time. What
/// runs next is drawn from the seed, so equal seeds give equal histories, and another seed another interleaving.
///
/// Asio's own timers and sockets must not be used with its executor.
class world {
public:
  /// More work than this ready at once is a runaway.
  static constexpr std::size_t ready_limit = 100'000;

  /// `first_in_first_out`: work runs in the order in which it became ready, as in an io_context.
  explicit world(std::uint64_t seed, bool first_in_first_out = false);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  executor get_executor();
  /// Draws for what the world does; the programs under test get sources of their own.
  seeded_random& random() { return random_; }
  steady_time now() const { return now_; }
  /// What time it really is; programs may be told otherwise.
  wall_time wall_now() const;

  timer_id call_at(steady_time at, std::move_only_function<void()> callback);
  timer_id call_after(nanoseconds delay, std::move_only_function<void()> callback) {
    return call_at(now_ + delay, std::move(callback));
  }
  bool cancel(timer_id);

  /// Runs one piece of work, or moves the time to the next timer. False when nothing is left before `end`.
  bool step(steady_time end);
  /// Steps until `end`, then moves the time there.
  void run_until(steady_time end);
  void run_for(nanoseconds span) { run_until(now_ + span); }
  std::uint64_t steps() const { return steps_; }
  std::size_t timers() const { return timers_.size(); }

  void push(std::move_only_function<void()> work);
  boost::asio::execution_context& context() { return context_; }
  /// Some of its work is on the stack.
  bool is_running() const { return running_; }

private:
  void run_timer();
  void run_ready();

  /// First, so that what handlers own can still come back to it.
  boost::asio::execution_context context_;
  seeded_random random_;
  bool first_in_first_out_;
  bool closing_ = false, running_ = false;
  steady_time now_{std::chrono::seconds(1)};
  std::uint64_t steps_ = 0, last_timer_ = 0;
  std::vector<std::move_only_function<void()>> ready_;
  std::size_t ready_front_ = 0;
  std::map<std::pair<steady_time, std::uint64_t>, std::move_only_function<void()>> timers_;
  std::map<std::uint64_t, steady_time> timer_times_;
};

/// Like an io_context's: posted work becomes ready in the world, dispatched work runs at once when the world is running
/// (Asio's cancellation counts on that).
class virtual_executor {
public:
  explicit virtual_executor(world& w, bool may_block = true) noexcept : world_(&w), may_block_(may_block) {}

  template <class Work>
  void execute(Work&& work) const {
    if (may_block_ && world_->is_running())
      std::forward<Work>(work)();
    else
      world_->push(std::move_only_function<void()>(std::forward<Work>(work)));
  }
  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept { return world_->context(); }
  boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept {
    if (may_block_) return boost::asio::execution::blocking.possibly;
    return boost::asio::execution::blocking.never;
  }
  virtual_executor require(boost::asio::execution::blocking_t::never_t) const noexcept {
    return virtual_executor(*world_, false);
  }
  virtual_executor require(boost::asio::execution::blocking_t::possibly_t) const noexcept {
    return virtual_executor(*world_, true);
  }
  friend bool operator==(const virtual_executor&, const virtual_executor&) noexcept = default;

private:
  world* world_;
  bool may_block_;
};

/// The clock of one machine: runs with the world, tells a wall time that may be wrong.
class machine_clock final : public clock {
public:
  explicit machine_clock(const world& w) : world_(w) {}
  steady_time now() const override { return world_.now(); }
  wall_time wall_now() const override { return world_.wall_now() + error_; }
  /// How far the wall clock is ahead of the true time.
  void set_error(nanoseconds error) { error_ = error; }
  nanoseconds get_error() const { return error_; }

private:
  const world& world_;
  nanoseconds error_{};
};

/// Timers of one program in the world.
class virtual_timers final : public timer_queue {
public:
  virtual_timers(world& w, const clock& c) : world_(w), clock_(c) {}
  const clock& get_clock() const override { return clock_; }
  timer_id call_at(steady_time at, std::move_only_function<void()> callback) override {
    return world_.call_at(at, std::move(callback));
  }
  bool cancel(timer_id id) override { return world_.cancel(id); }

private:
  world& world_;
  const clock& clock_;
};

}  // namespace drover::simulation
