#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/task.hpp"

namespace drover {

/// Bounded pool of threads for blocking or heavy work (password hashing, file access). Work returns values and touches
/// nothing of the caller; results arrive on the awaiting coroutine's executor.
class worker_pool {
 public:
  /// `queue_limit`: jobs that may wait; one more answers errc::overloaded. Without threads work runs where it is asked for,
  /// one piece after the other: for simulations, where nothing may wait for the operating system.
  worker_pool(std::string name, std::size_t threads, std::size_t queue_limit);
  /// Finishes what runs, drops what waits (those awaits answer errc::cancelled), joins the threads.
  ~worker_pool();

  /// Runs `work` on a pool thread. An exception inside is rethrown in the awaiting coroutine.
  template <class T>
  task<result<T>> run(std::move_only_function<T()> work) {
    std::optional<T> value;
    result<void> done = co_await run_job([&value, &work] { value.emplace(work()); });
    if (!done) co_return std::unexpected(done.error());
    co_return std::move(*value);
  }
  /// As run(), for work without a value. The job outlives cancellation of the caller: it is awaited to its end.
  task<result<void>> run_job(std::move_only_function<void()> work);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover
