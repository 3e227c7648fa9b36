#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <optional>

#include "base/timer.hpp"
#include "exchanges/exchange.hpp"

namespace drover::exchanges {

struct rate_limits {
  /// Request weight the process may use in one minute of the venue's clock.
  int weight_per_minute = 6000;
  /// Requests whatever their weight, per five minutes.
  int requests_per_five_minutes = 61'000;
  /// Callers that may wait; one more is refused at once.
  std::size_t queue_limit = 50'000;
};

/// The request budget of one venue and source address, shared by all tenants. Lanes pass in order of urgency, first come
/// first served within a lane; the upper lanes have a share of the budget that the lower ones cannot use.
/// Trading thread only.
class rate_ledger {
 public:
  rate_ledger(executor, timer_queue&, rate_limits);
  ~rate_ledger();
  rate_ledger(const rate_ledger&) = delete;
  rate_ledger& operator=(const rate_ledger&) = delete;

  /// Waits for `weight` until `deadline`. exchange_errc::rate_limited when it cannot be had in time, with retry_after when
  /// the venue banned us; nothing was sent then.
  task<result<void>> acquire(lane, int weight, steady_time deadline);
  /// Takes `weight` at once, or answers how long to wait before asking again. Gives way to callers that wait.
  std::optional<nanoseconds> try_acquire(lane, int weight);

  /// What the venue counted in the current minute (X-MBX-USED-WEIGHT-1M); never lowers our own count.
  void correct_used_weight(int used);
  /// The venue asked everybody to stay away (Retry-After, 418): nothing leaves for so long. A shorter one changes nothing.
  void ban_for(nanoseconds duration);
  /// Server clock minus ours: the venue's minutes start on its own clock.
  void set_clock_offset(milliseconds offset) { clock_offset_ = offset; }

  double used_ratio() const;
  std::optional<nanoseconds> banned_for() const;
  std::size_t waiting() const;

  /// The share of the budget that a lane may fill, in thousandths.
  static int share_permille(lane);

 private:
  struct window {
    nanoseconds length;
    int limit = 0;
    int used = 0;
    steady_time ends;
  };
  struct waiter {
    int weight = 0;
    bool granted = false;
    wake_event wake;
  };
  using waiter_list = std::list<waiter*>;
  class queue_place;

  void roll(window&, steady_time now) const;
  void roll_windows();
  bool fits(lane, int weight) const;
  void take(int weight);
  bool somebody_before(lane) const;
  steady_time next_chance(lane, int weight) const;
  void grant_waiters();
  void schedule();

  executor executor_;
  timer_queue& timers_;
  rate_limits limits_;
  milliseconds clock_offset_{0};
  window weight_, requests_;
  steady_time banned_until_{};
  std::array<waiter_list, 5> lanes_;
  std::optional<timer_id> timer_;
  steady_time timer_at_{};
};

}  // namespace drover::exchanges
