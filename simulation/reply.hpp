#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/completion_detail.hpp"
#include "base/error.hpp"
#include "base/task.hpp"

namespace drover::simulation {

/// Whether an engine still lives. When it is cut, nothing reaches the outside any more and nobody is answered: that is
/// what kill -9 looks like from there. The engine's coroutines are stopped in peace afterwards, where nobody can see
/// it.
struct life_line {
  int engine = 0;
  bool cut = false;
};

/// An answer that comes later, at most once, or never.
template <class T>
class reply {
public:
  void deliver(T value) {
    if (value_) return;
    value_.emplace(std::move(value));
    if (waiter_) waiter_->resume();
  }
  bool delivered() const { return value_.has_value(); }

  /// Throws operation_aborted when the waiting task is cancelled.
  static task<T> wait(std::shared_ptr<reply> self) {
    if (!self->value_) {
      auto arm = [self](std::shared_ptr<detail::parked> waiter) { self->waiter_ = std::move(waiter); };
      co_await detail::park(std::move(arm));
    }
    co_return std::move(*self->value_);
  }

private:
  std::shared_ptr<detail::parked> waiter_;
  std::optional<T> value_;
};

}  // namespace drover::simulation
