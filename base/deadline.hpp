#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "base/error.hpp"
#include "base/timer.hpp"

namespace drover {

/// Runs `work`; when it has not ended after `limit`, cancels it (terminal), waits for it to unwind and answers
/// errc::timed_out. A failure before that is the work's own result, never a time-out; a value that comes all the same is
/// kept. `work` must end when cancelled. When the caller is cancelled, so is `work`.
/// `what` names the operation in the error's detail.
template <class T>
task<result<T>> with_deadline(timer_queue& timers, nanoseconds limit, std::string_view what, task<result<T>> work) {
  struct race {
    asio::cancellation_signal signal;
    bool expired = false;
  };
  auto shared = std::make_shared<race>();
  auto executor = co_await asio::this_coro::executor;
  auto parent = co_await asio::this_coro::cancellation_state;
  auto slot = parent.slot();
  if (slot.is_connected())
    slot.assign([shared](asio::cancellation_type type) { shared->signal.emit(type); });
  auto id = timers.call_after(limit, [shared] {
    shared->expired = true;
    shared->signal.emit(asio::cancellation_type::terminal);
  });
  result<T> outcome = fail(errc::cancelled);
  std::exception_ptr failure;
  try {
    outcome = co_await asio::co_spawn(executor, std::move(work),
                                      asio::bind_cancellation_slot(shared->signal.slot(), asio::use_awaitable));
  } catch (...) {
    failure = std::current_exception();
  }
  timers.cancel(id);
  if (slot.is_connected()) slot.clear();
  if (shared->expired && (failure || !outcome)) co_return fail(errc::timed_out, std::string(what) + " did not end in time");
  if (failure) std::rethrow_exception(failure);
  co_return outcome;
}

}  // namespace drover
