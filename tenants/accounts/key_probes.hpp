#pragma once

#include <map>

#include "base/log.hpp"
#include "base/timer.hpp"
#include "tenants/accounts/account_service.hpp"

namespace drover::tenants {

/// Asks the exchanges once in each interval what the stored keys may do, also those of accounts that do not trade
/// (SEC-11). A key that did not pass takes its account back to review (account_store::record_probe()). One thread, with
/// the service.
class key_probes {
public:
  /// Accounts of one round; the others are there at the next.
  static constexpr int round_limit = 500;
  /// An exchange that could not be asked is asked again after so long.
  static constexpr nanoseconds retry_after = std::chrono::minutes(10), longest_pause = std::chrono::minutes(1);

  key_probes(account_service& accounts, timer_queue& timers, nanoseconds interval)
      : accounts_(accounts), timers_(timers), interval_(interval) {}
  /// Until cancelled; failures are logged and tried again.
  task<void> run();
  /// Those that are due now, one after the other.
  task<result<void>> run_round();

private:
  task<void> ask_about(account_id);
  account_service& accounts_;
  timer_queue& timers_;
  nanoseconds interval_;
  /// Who could not be asked about, until when.
  std::map<account_id, steady_time> waiting_;
  logger log_{"accounts"};
};

}  // namespace drover::tenants
