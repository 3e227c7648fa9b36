#include "web/bot_reports.hpp"

#include "web/services.hpp"

namespace drover::web {

namespace {

/// A trading thread that is busy must not hold a page.
constexpr nanoseconds patience = 500ms;

struct pending_reports {
  explicit pending_reports(executor ex) : arrived(std::move(ex)) {}
  wake_event arrived;
  std::shared_ptr<const bot_reports> reports;
};

}  // namespace

task<bot_reports> read_reports(services& s, account_id account, bot_id bot) {
  if (!s.parts.reports) co_return bot_reports();
  auto pending = std::make_shared<pending_reports>(s.parts.executor);
  s.parts.reports(account, bot, [pending](std::shared_ptr<const bot_reports> reports) {
    pending->reports = std::move(reports);
    pending->arrived.notify();
  });
  const auto deadline = s.parts.timers.get_clock().now() + patience;
  co_await pending->arrived.wait_until(s.parts.timers, deadline);
  co_return pending->reports ? *pending->reports : bot_reports();
}

}  // namespace drover::web
