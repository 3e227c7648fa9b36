#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/restart_policy.hpp"
#include "base/task_scope.hpp"
#include "base/timer.hpp"

namespace drover {

/// Runs the long-lived parts of one thread as an OTP supervisor does, one for one: a part that throws is started again
/// after a pause that grows, until it fails more often than its limits allow; then whoever is above decides. All functions
/// on the thread of `executor`.
class service_supervisor {
 public:
  using runner = std::function<task<void>()>;
  /// `give_up`: that part is beyond help, for this reason. It stays down; told at most once for each.
  using last_resort = std::function<void(std::string_view service, std::string_view reason)>;

  service_supervisor(executor, timer_queue&, random_source&, last_resort give_up);
  ~service_supervisor();
  service_supervisor(const service_supervisor&) = delete;
  service_supervisor& operator=(const service_supervisor&) = delete;

  /// Runs `run` until it returns: then it has done what it was for. `end` asks it to come to its end before it is
  /// cancelled; may be empty. The order of calls is the order of the start.
  void start(std::string name, restart_limits, runner run, runner end = {});
  /// Ends all, the last one started first, each before the next.
  task<void> stop();

 private:
  struct service;
  task<void> keep_running(service&);

  executor executor_;
  timer_queue& timers_;
  random_source& random_;
  last_resort give_up_;
  std::vector<std::unique_ptr<service>> services_;
};

}  // namespace drover
