#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace drover {

namespace asio = boost::asio;

/// A coroutine on the caller's executor. Always awaited or spawned in a task_scope, never detached.
template <class T = void>
using task = asio::awaitable<T>;
using executor = asio::any_io_executor;

}  // namespace drover
