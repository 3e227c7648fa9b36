#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "base/task.hpp"

namespace drover::detail {

/// Resumes a suspended coroutine once, by a post to its executor, from any thread.
using completion = std::move_only_function<void(boost::system::error_code)>;

/// Suspends until the completion given to `start` is called. Not cancellable: for work that must be awaited to its end.
template <class Start>
task<void> await_completion(Start start) {
  auto initiate = [start = std::move(start)](auto handler) mutable {
    auto target = asio::get_associated_executor(handler);
    auto work = asio::make_work_guard(target);
    start(completion([target, work = std::move(work), handler = std::move(handler)](boost::system::error_code ec) mutable {
      asio::post(target, [handler = std::move(handler), ec]() mutable { handler(ec); });
    }));
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(boost::system::error_code)>(std::move(initiate),
                                                                                               asio::use_awaitable);
}

/// A coroutine suspended on its own thread, resumed by resume() or by its cancellation, whichever comes first.
class parked {
 public:
  explicit parked(completion c) : completion_(std::move(c)) {}
  bool resume(boost::system::error_code ec = {}) {
    if (!completion_) return false;
    auto taken = std::exchange(completion_, nullptr);
    taken(ec);
    return true;
  }
  bool waiting() const { return static_cast<bool>(completion_); }

 private:
  completion completion_;
};

/// Suspends until the `parked` given to `arm` is resumed; throws operation_aborted when the task is cancelled.
template <class Arm>
task<void> park(Arm arm) {
  auto initiate = [arm = std::move(arm)](auto handler) mutable {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto target = asio::get_associated_executor(handler);
    auto work = asio::make_work_guard(target);
    auto waiter = std::make_shared<parked>(
        [target, work = std::move(work), handler = std::move(handler)](boost::system::error_code ec) mutable {
          asio::post(target, [handler = std::move(handler), ec]() mutable { handler(ec); });
        });
    if (slot.is_connected())
      slot.assign([weak = std::weak_ptr(waiter)](asio::cancellation_type) {
        if (auto alive = weak.lock()) alive->resume(asio::error::operation_aborted);
      });
    arm(std::move(waiter));
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(boost::system::error_code)>(std::move(initiate),
                                                                                               asio::use_awaitable);
}

}  // namespace drover::detail
