#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/task.hpp"
#include "engine/bots/bot_status.hpp"

namespace drover::web {

struct services;

/// How requests and messages of an exchange, or of one account there, have been doing for the last minutes.
struct connection_figures {
  std::optional<milliseconds> message_age, latency_last, latency_median;
  std::uint32_t requests = 0, errors = 0;
  /// "closed", "half_open", "open".
  std::string breaker = "closed";
  /// Why the breaker is not closed.
  std::string reason;
};

/// What is known of one account's connection (SPEC B9).
struct connection_health {
  std::string exchange;
  connection_figures account, venue;
  std::optional<milliseconds> market_data_age, banned_for;
  milliseconds clock_offset{0};
  struct probe {
    wall_time at;
    milliseconds took{0};
    bool passed = false;
    std::string reason;
    /// "yes", "no", "unknown".
    std::string read, trade, withdraw, address_bound;
  };
  std::optional<probe> last_probe;
  /// What moved without a trade of the engine, and when; empty: nothing did.
  std::string drift;
  wall_time drift_at;
};

/// Asks the trading thread; `done` is called on the web thread, later or never: nothing when no bot of the account
/// lives.
using health_source =
    std::function<void(account_id, std::function<void(std::shared_ptr<const connection_health>)> done)>;

/// Empty when no bot of the account lives or the trading thread says nothing for a moment. Web thread.
task<std::shared_ptr<const connection_health>> read_health(services&, account_id);

/// The whole in one word and the reasons for it, worst first, each fit to be acted on.
struct health_verdict {
  /// "ok", "degraded", "down", "idle".
  std::string state;
  std::vector<std::string> reasons;
};
health_verdict judge_health(const engine::bot_status&, const connection_health*);

}  // namespace drover::web
