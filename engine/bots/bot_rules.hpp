#pragma once

#include "base/error.hpp"
#include "engine/bots/bot_store.hpp"

/// Sentences that both stores say.
namespace drover::engine {

inline std::unexpected<error> market_taken(const std::string& symbol) {
  return fail(bot_errc::market_taken, "Another bot of this account works on " + symbol +
                                          "; two would fight over one position. Stop that one, or choose another market or account");
}
inline std::unexpected<error> too_many_bots(int limit) {
  return fail(bot_errc::too_many, "You have " + std::to_string(limit) + " bots, as many as one user may have (bots.bots_per_user); delete one first");
}

}  // namespace drover::engine
