#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

/// An open order on a bot's market that the engine did not place (REL-08): shown as external, never touched.
struct external_order {
  user_id user;
  account_id account;
  /// Whose market it is on.
  bot_id bot;
  std::string exchange_name;
  exchanges::order order;
  /// When the venue's list last showed it.
  wall_time seen_at;
};

}  // namespace drover::engine
