#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace drover::engine {

/// Why a bot ended by itself.
struct bot_failure {
  enum class kind {
    /// Its own fault (an exception in the strategy): restarted, but not for ever.
    crashed,
    /// The exchange or the database is away: tried again for as long as it takes.
    outside,
    /// It took more than its share of the process: ended at once, tried again after a long while.
    greedy,
    /// Trying again changes nothing; somebody must change the account, the parameters or the strategy.
    permanent,
    /// The strategy has done what it was for.
    finished,
  };
  kind how = kind::crashed;
  /// For a person: what happened and, where there is one, what to do.
  std::string reason;
  std::optional<std::chrono::milliseconds> retry_after{};
  /// The key or the lease: all bots of the account have it.
  bool whole_account = false;
  /// Another engine writes for the account.
  bool lease_lost = false;
  /// What was found wrong with the stored credentials, for the audit trail ("CREDENTIAL_TAMPERED"); empty: nothing.
  std::string_view finding = {};
};

/// Errors of exchange, journal and keys, as the supervisor sees them.
bot_failure to_bot_failure(const error&);

}  // namespace drover::engine
