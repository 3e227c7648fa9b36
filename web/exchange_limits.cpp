#include "web/exchange_limits.hpp"

#include "web/services.hpp"

namespace drover::web {

namespace {

/// A trading thread that is busy must not take the metrics with it.
constexpr nanoseconds patience = 500ms;

struct pending_report {
  explicit pending_report(executor ex) : arrived(std::move(ex)) {}
  wake_event arrived;
  std::shared_ptr<const limits_report> report;
};

}  // namespace

task<std::shared_ptr<const limits_report>> read_limits(services& s) {
  if (!s.parts.limits) co_return s.last_limits;
  auto pending = std::make_shared<pending_report>(s.parts.executor);
  s.parts.limits([pending](std::shared_ptr<const limits_report> report) {
    pending->report = std::move(report);
    pending->arrived.notify();
  });
  const auto deadline = s.parts.timers.get_clock().now() + patience;
  co_await pending->arrived.wait_until(s.parts.timers, deadline);
  if (pending->report) s.last_limits = pending->report;
  co_return s.last_limits;
}

}  // namespace drover::web
