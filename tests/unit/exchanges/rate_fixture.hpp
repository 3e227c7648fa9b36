#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "exchanges/rate_ledger.hpp"
#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges::test {

/// "request_weight" per address and minute of the venue's clock.
inline std::vector<rate_rule> weight_rule(int limit) {
  return {{"request_weight", rate_scope::address, rate_model::fixed_window, limit, 60s}};
}

struct rate_ask {
  std::string name;
  exchanges::lane lane = exchanges::lane::read;
  std::vector<rate_charge> charges{{0, 1}};
  std::string account = "1";
  std::string symbol;
  nanoseconds patience = 10min;
};

/// A ledger on a manual clock that stands one second behind a full minute.
class rate_fixture {
 public:
  explicit rate_fixture(std::vector<rate_rule> rules, rate_options options = {})
      : rules_(std::move(rules)), ledger(io.get_executor(), timers, rules_, std::move(options)) {
    timers.advance(io, 1s);
  }

  /// Starts one acquire; its outcome lands in `log` as "name" or "name!". Answers what cancels it.
  asio::cancellation_signal& ask(rate_ask a) {
    auto& signal = signals_.emplace_back();
    asio::co_spawn(io, run_ask(std::move(a)), asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    manual_timers::settle(io);
    return signal;
  }
  asio::cancellation_signal& ask(std::string name, lane l, int weight, std::string account = "1", nanoseconds patience = 10min) {
    return ask({.name = std::move(name), .lane = l, .charges = {{0, weight}}, .account = std::move(account), .symbol = {},
                .patience = patience});
  }
  void advance(nanoseconds by) { timers.advance(io, by); }
  std::size_t count(std::string_view name) const { return static_cast<std::size_t>(std::ranges::count(log, name)); }
  bool take(lane l, int weight, std::string_view account = "1") {
    const std::vector<rate_charge> charges{{0, weight}};
    return ledger.try_acquire(l, charges, account).has_value();
  }
  void apply(limit_report report, std::string_view account = "1") {
    rate_grant now{ledger.source_of(account), timers.get_clock().now()};
    ledger.apply(report, now, account);
  }
  void ban_address(nanoseconds d) {
    limit_report report;
    report.address_ban = d;
    apply(std::move(report));
  }

  asio::io_context io;
  manual_timers timers;

 private:
  std::vector<rate_rule> rules_;
  std::deque<asio::cancellation_signal> signals_;

 public:
  rate_ledger ledger;
  std::vector<std::string> log;
  std::optional<milliseconds> last_retry_after;

 private:
  task<void> run_ask(rate_ask a) {
    auto deadline = timers.get_clock().now() + a.patience;
    auto got = co_await ledger.acquire(a.lane, a.charges, a.account, a.symbol, deadline);
    if (!got) last_retry_after = got.error().retry_after;
    log.push_back(got ? a.name : a.name + "!");
  }
};

using names = std::vector<std::string>;

}  // namespace drover::exchanges::test
