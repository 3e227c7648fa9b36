#include "base/service_supervisor.hpp"

#include <exception>
#include <optional>
#include <utility>

#include "base/failpoint.hpp"
#include "base/log.hpp"

namespace drover {
namespace {

const logger& log() {
  static const logger instance("services");
  return instance;
}

}  // namespace

struct service_supervisor::service {
  service(executor e, std::string n, restart_limits l, runner r, runner until_end)
      : name(std::move(n)),
        limits(l),
        run(std::move(r)),
        end(std::move(until_end)),
        restarts(limits),
        scope(std::move(e), name) {}

  std::string name;
  restart_limits limits;
  runner run, end;
  restart_policy restarts;
  task_scope scope;
};

service_supervisor::service_supervisor(executor e, timer_queue& timers, random_source& random, last_resort give_up)
    : executor_(std::move(e)), timers_(timers), random_(random), give_up_(std::move(give_up)) {}

service_supervisor::~service_supervisor() = default;

void service_supervisor::start(std::string name, restart_limits limits, runner run, runner end) {
  auto& s = *services_.emplace_back(
      std::make_unique<service>(executor_, std::move(name), limits, std::move(run), std::move(end)));
  s.scope.spawn("keep running", keep_running(s));
}

task<void> service_supervisor::keep_running(service& s) {
  const auto& clock = timers_.get_clock();
  for (;;) {
    std::string reason;
    try {
      s.restarts.running(clock.now());
      if constexpr (failpoints_compiled) failpoint("service." + s.name);
      co_await s.run();
      co_return;
    } catch (const std::exception& e) {
      if (s.scope.stopping()) throw;
      reason = e.what();
    } catch (...) {
      reason = "an exception of unknown type";
    }
    const auto wait = s.restarts.after_crash(s.limits, clock.now(), random_);
    if (!wait) {
      log().error("a service failed too often", {{"service", s.name}, {"err", reason}});
      give_up_(s.name, reason);
      co_return;
    }
    log().error("a service failed, it is started again",
                {{"service", s.name}, {"wait_ms", wait->count()}, {"err", reason}});
    co_await sleep_for(timers_, *wait);
  }
}

task<void> service_supervisor::stop() {
  while (!services_.empty()) {
    auto& s = *services_.back();
    if (s.end) co_await s.end();
    s.scope.stop();
    co_await s.scope.join();
    services_.pop_back();
  }
}

}  // namespace drover
