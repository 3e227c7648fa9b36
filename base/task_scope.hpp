#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/task.hpp"

namespace drover {

/// Owns coroutines: nothing in Drover runs unowned. A scope is the last member of its owner.
///
/// All functions on the thread of `executor` only. Life: spawn any number of tasks; stop() once; then co_await join().
/// Destroying a scope that still has tasks is a bug and terminates the process with a message naming them.
/// An exception that leaves a task goes to `on_failure` (default: logged as an error with the task's name);
/// `operation_aborted` after stop() is not a failure.
class task_scope {
 public:
  using failure_handler = std::function<void(std::string_view task, std::string_view what)>;

  task_scope(executor, std::string name, failure_handler = {});
  ~task_scope();
  task_scope(const task_scope&) = delete;
  task_scope& operator=(const task_scope&) = delete;

  /// Starts `t` at the next turn of the executor. `name` must outlive the task (a literal).
  /// After stop() the task is dropped without being started.
  void spawn(std::string_view name, task<void> t);
  /// Runs `work` at the next turn, or never after stop(): a cheap alternative to a coroutine.
  void post(std::function<void()> work);

  /// Asks every task to end: emits terminal cancellation. Idempotent.
  void stop();
  bool stopping() const;
  std::size_t size() const;
  /// Waits until no task is left. Does not stop them by itself.
  task<void> join();

  const executor& get_executor() const;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace drover
