#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/ids.hpp"

namespace drover::engine {

/// States of a bot (DESIGN §3), each with a reason that a person can read and act on.
enum class bot_state {
  waiting_approval,
  off,
  starting,
  reconciling,
  running,
  degraded,
  backing_off,
  quarantined,
  stopping,
  stopped,
  locked,
  paused,
};
std::string_view to_string(bot_state);
std::optional<bot_state> parse_bot_state(std::string_view);

struct bot_status {
  bot_id bot;
  account_id account;
  user_id user;
  bot_state state = bot_state::off;
  std::string reason;
  wall_time since;
  std::string strategy, symbol;
  int open_orders = 0;
  int restarts = 0;
};

/// What every bot is doing, for pages and metrics: written by the trading thread, read from any.
class bot_board {
 public:
  void set(bot_status);
  void remove(bot_id);
  std::optional<bot_status> find(bot_id) const;
  /// Of the account's bots the one that needs a person most.
  std::optional<bot_status> find(account_id) const;
  /// Bots by state; states without a bot are absent.
  std::map<bot_state, std::int64_t> counts() const;
  /// Called after each set(), on the trading thread, outside the lock. Once, before the bots start.
  void on_change(std::function<void(const bot_status&)> listener);

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<bot_id, bot_status> bots_;
  std::unordered_multimap<account_id, bot_id> of_account_;
  std::map<bot_state, std::int64_t> counts_;
  std::function<void(const bot_status&)> listener_;
};

/// An earning as it happens, for the dashboards.
struct earnings_event {
  user_id user;
  account_id account;
  std::int64_t earning_id = 0;
  std::string source, asset;
  decimal amount, total;
  wall_time at;
  /// When the fill reached this process; for measuring fill → frame.
  steady_time received_at;
};

/// Order numbers over all users since the process started, and from the journal at start (SPEC A3). Any thread.
struct order_statistics {
  std::uint64_t placed = 0, accepted = 0, refused = 0, unknown = 0, filled = 0, cancelled = 0, fills = 0;
};
/// Of the orders whose outcome came, the share that was refused or not known, to four places.
decimal error_ratio(const order_statistics&);

class order_counters {
 public:
  /// What recent() looks back on, to within a slot.
  static constexpr seconds window{300};

  order_counters() : order_counters(system_clock()) {}
  explicit order_counters(const clock& time) : clock_(time) {}
  void add(const order_statistics& delta);
  /// Since the process started.
  order_statistics snapshot() const;
  order_statistics recent() const;

 private:
  static constexpr std::size_t slots = 30;
  struct slot {
    /// Counts up by one each window / slots.
    std::int64_t number = 0;
    order_statistics counted;
  };
  std::int64_t slot_now() const;

  const clock& clock_;
  mutable std::mutex mutex_;
  order_statistics total_;
  std::array<slot, slots> recent_{};
};

}  // namespace drover::engine
