#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exchanges/rate_buckets.hpp"
#include "exchanges/rate_ledger.hpp"

namespace drover::exchanges {

/// exchange_errc::rate_limited.
error make_rate_error(std::string detail, nanoseconds wait = nanoseconds::zero());

/// What the ledger keeps: buckets, who waits at which, and when to look again. Internal to rate_ledger*.cpp.
class rate_ledger::state {
 public:
  state(executor, timer_queue&, std::span<const rate_rule>, rate_options);
  ~state();

  rate_moment moment() const;
  const executor& get_executor() const { return executor_; }
  timer_queue& timers() { return timers_; }
  const std::vector<std::string>& sources() const { return sources_; }

  result<rate_asking> describe(lane, std::span<const rate_charge>, std::string_view account, std::string_view symbol);
  /// Where it has to wait; null when it may go.
  rate_bucket* find_block(const rate_asking&, const rate_bucket* from, rate_moment);
  rate_grant take(const rate_asking&, nanoseconds waited, rate_moment);
  result<void> check_room(const rate_asking&) const;
  void enter(rate_waiter&, rate_bucket& at);
  void leave(rate_waiter&);
  void refuse(lane l) { ++lanes_[index_of(l)].refused; }
  nanoseconds time_to(rate_bucket&, const rate_asking&, rate_moment) const;

  void apply(const limit_report&, const rate_grant&, std::string_view account, std::string_view symbol);
  void set_clock_offset(milliseconds);
  std::size_t source_of(std::string_view account);
  double used_ratio(std::size_t source, rate_moment);
  steady_time banned_until();
  std::size_t waiting() const { return waiting_; }
  rate_snapshot snapshot(std::size_t hottest_limit);

 private:
  void park(rate_waiter&, rate_bucket& at);
  void serve(rate_bucket&, rate_moment);
  void schedule(rate_bucket&, rate_moment);
  void arm();
  void run_due();
  void ban(rate_bucket* gate, nanoseconds duration, std::uint64_t& count, rate_moment);

  executor executor_;
  timer_queue& timers_;
  rate_options options_;
  std::vector<std::string> sources_;
  rate_buckets buckets_;
  milliseconds clock_offset_{0};
  std::unordered_map<std::string, rate_tenant> tenants_;
  /// Buckets with waiters, by when their head is looked at again.
  std::map<std::pair<steady_time, std::uint64_t>, rate_bucket*> due_;
  std::array<rate_lane_state, lane_count> lanes_{};
  std::size_t waiting_ = 0;
  std::uint64_t last_number_ = 0, address_bans_ = 0, account_bans_ = 0;
  std::optional<timer_id> timer_;
  steady_time timer_at_{};
};

}  // namespace drover::exchanges
