#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>

#include "base/task_scope.hpp"

namespace drover::app {

template <class T>
task<void> keep_result(task<result<T>> work, std::optional<result<T>>& out) {
  out.emplace(co_await std::move(work));
}

/// Runs a task of a command to its end on this thread; what it throws is errc::io. May be called again.
template <class T>
result<T> run_task(asio::io_context& io, task<result<T>> work) {
  std::optional<result<T>> out;
  std::string failure;
  task_scope scope(io.get_executor(), "command", [&failure](std::string_view, std::string_view what) { failure = what; });
  scope.spawn("command", keep_result(std::move(work), out));
  io.restart();
  io.run();
  if (!out) return fail(errc::io, failure);
  return std::move(*out);
}

}  // namespace drover::app
