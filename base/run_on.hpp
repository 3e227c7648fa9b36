#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/task.hpp"

namespace drover {

/// Runs `work` on another thread's executor and answers its value here. The work is not cancelled with the caller
/// (cancelling across threads is not safe in this Asio): it must bound itself, and its owner must outlive it.
template <class T>
task<T> run_on(executor target, task<T> work) {
  co_return co_await asio::co_spawn(target, std::move(work),
                                    asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

}  // namespace drover
