#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/task.hpp"

namespace drover::test {

/// Runs `t` on `io` until it has ended, and answers its value; rethrows its exception. Fails (throws) when the context
/// runs out of work first. Other work of the context goes on meanwhile.
template <class T>
T run(asio::io_context& io, task<T> t) {
  std::optional<T> value;
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(io, std::move(t), [&](std::exception_ptr e, T v) {
    failure = e;
    if (!e) value.emplace(std::move(v));
    done = true;
  });
  io.restart();
  while (!done && io.run_one() > 0) {
  }
  if (failure) std::rethrow_exception(failure);
  if (!done) throw std::runtime_error("the context ran out of work before the task ended");
  return std::move(*value);
}

inline void run(asio::io_context& io, task<void> t) {
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(io, std::move(t), [&](std::exception_ptr e) {
    failure = e;
    done = true;
  });
  io.restart();
  while (!done && io.run_one() > 0) {
  }
  if (failure) std::rethrow_exception(failure);
  if (!done) throw std::runtime_error("the context ran out of work before the task ended");
}

}  // namespace drover::test
