#pragma once

#include <functional>
#include <memory>

#include "base/task.hpp"
#include "base/timer.hpp"
#include "web/services.hpp"

namespace drover::web {

/// Where the trading thread puts an answer: called on the web thread, later or never.
template <class T>
using answer_sink = std::function<void(std::shared_ptr<const T>)>;

/// A trading thread that is busy must not hold a page.
constexpr nanoseconds trading_patience = 500ms;

/// Asks the trading thread and waits a moment for its answer; null when none came. Web thread.
template <class T>
task<std::shared_ptr<const T>> ask_trading(services& s, std::function<void(answer_sink<T>)> ask) {
  struct pending_answer {
    explicit pending_answer(executor ex) : arrived(std::move(ex)) {}
    wake_event arrived;
    std::shared_ptr<const T> value;
  };
  auto pending = std::make_shared<pending_answer>(s.parts.executor);
  ask([pending](std::shared_ptr<const T> value) {
    pending->value = std::move(value);
    pending->arrived.notify();
  });
  const auto deadline = s.parts.timers.get_clock().now() + trading_patience;
  co_await pending->arrived.wait_until(s.parts.timers, deadline);
  co_return pending->value;
}

}  // namespace drover::web
