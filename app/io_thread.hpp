#pragma once

#include <memory>
#include <string>

#include "base/task.hpp"

namespace drover::app {

/// An io_context with exactly one thread (TOOLCHAIN: several threads on one context race on cancellation).
class io_thread {
 public:
  explicit io_thread(std::string name);
  /// Joins.
  ~io_thread();
  executor get_executor() const;
  void start();
  /// Lets the context end once its work is done, and joins; what is left is dropped with the context.
  void stop();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::app
