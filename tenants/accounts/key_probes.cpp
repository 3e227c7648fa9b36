#include "tenants/accounts/key_probes.hpp"

#include <algorithm>

#include "tenants/errors.hpp"

namespace drover::tenants {

task<void> key_probes::run() {
  const auto pause = std::min(longest_pause, interval_ / 4);
  for (;;) {
    auto done = co_await run_round();
    if (!done) log_.warn("keys could not be looked at; tried again", {{"err", done.error()}});
    co_await sleep_for(timers_, pause);
  }
}

task<result<void>> key_probes::run_round() {
  const auto now = timers_.get_clock().now();
  std::erase_if(waiting_, [now](const auto& w) { return w.second <= now; });
  const auto limit = round_limit + static_cast<int>(waiting_.size());
  auto due = co_await accounts_.store().list_due_probes(timers_.get_clock().wall_now() - interval_, limit);
  if (!due) co_return std::unexpected(due.error());
  for (const auto id : *due)
    if (!waiting_.contains(id)) co_await ask_about(id);
  co_return result<void>();
}

task<void> key_probes::ask_about(account_id id) {
  auto seen = co_await accounts_.probe(user_id(), id);
  if (!seen && seen.error().code == tenant_errc::not_found) co_return;
  if (!seen) {
    waiting_[id] = timers_.get_clock().now() + retry_after;
    log_.info("a key could not be asked about", {{"account", id}, {"err", seen.error()}});
  } else if (seen->probe && !seen->probe->passed) {
    log_.warn("a key did not pass; its account is off until it does and is approved",
              {{"account", id}, {"user", seen->user}, {"reason", seen->probe->reason}});
  }
}

}  // namespace drover::tenants
