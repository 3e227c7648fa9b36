#pragma once

#include <vector>

#include "base/timer.hpp"

namespace drover {

/// Puts a wake_event on a list of those who wait for the same, and takes it off when it goes, also when the wait is cut. The list
/// outlives it.
class listed_waiter {
 public:
  listed_waiter(std::vector<wake_event*>& list, wake_event& waiter) : list_(list), waiter_(&waiter) { list_.push_back(waiter_); }
  ~listed_waiter() { std::erase(list_, waiter_); }
  listed_waiter(const listed_waiter&) = delete;
  listed_waiter& operator=(const listed_waiter&) = delete;

 private:
  std::vector<wake_event*>& list_;
  wake_event* waiter_;
};

}  // namespace drover
