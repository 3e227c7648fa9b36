#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::engine {

/// What the user wants of a bot; what it does is its bot_state.
enum class desired_state {
  running,
  /// Its orders stay and are followed; it places no new ones.
  paused,
  stopped,
};
std::string_view to_string(desired_state);
std::optional<desired_state> parse_desired_state(std::string_view);

/// What a stopped bot leaves behind; each does more than the one before.
enum class resume_contract {
  /// Orders stay at the exchange and are found again at the next start.
  resume,
  /// Their cancellation is asked for and awaited.
  cancel_and_wait,
  /// Besides, its position is sold, or bought back, at the market within a price collar.
  flatten,
};
std::string_view to_string(resume_contract);
std::optional<resume_contract> parse_resume_contract(std::string_view);

/// A strategy with its parameters on one market of one account. The market, the strategy and the account never change.
struct bot {
  bot_id id;
  account_id account;
  user_id user;
  std::string name;
  std::string strategy;
  /// JSON object.
  std::string parameters;
  /// "BTC/USDT", as the parameters name it.
  std::string symbol;
  desired_state desired = desired_state::running;
  resume_contract resume = resume_contract::resume;
  /// Stopped, and what its contract asks for has been done.
  bool at_rest = false;
  /// Why it was stopped, or what its stop left behind; fit for the user.
  std::string reason;
  wall_time created_at, updated_at;
};

}  // namespace drover::engine
