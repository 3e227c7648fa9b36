#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

/// What no administrator does alone (SEC-64).
namespace drover::tenants {

enum class proposal_kind {
  /// An account may use a key that can withdraw.
  withdraw_waiver,
  end_lockdown,
  grant_admin,
  rotate_master_key,
};
enum class proposal_state {
  open,
  /// By another administrator; what was proposed is being done.
  confirmed,
  done,
  /// Taken back, refused, or overtaken by another one of the same thing.
  withdrawn,
};
std::string_view to_string(proposal_kind);
std::optional<proposal_kind> parse_proposal_kind(std::string_view);
std::string_view to_string(proposal_state);
std::optional<proposal_state> parse_proposal_state(std::string_view);

struct new_proposal {
  proposal_kind kind = proposal_kind::end_lockdown;
  /// "account:17", "user:5", "engine".
  std::string subject;
  /// Everything that the decision depends on, as text; at most 4,000 bytes.
  std::string content;
  /// For the one who confirms; at most 500 bytes.
  std::string reason;
  user_id proposed_by;
  wall_time created_at, expires_at;
};

struct proposal {
  std::int64_t id = 0;
  proposal_kind kind = proposal_kind::end_lockdown;
  std::string subject, content;
  /// SHA-256 of the content, hex: what was reviewed is what is confirmed.
  std::string digest;
  std::string reason;
  proposal_state state = proposal_state::open;
  user_id proposed_by;
  wall_time created_at, expires_at;
  /// Who confirmed or withdrew it; not valid while it is open.
  user_id decided_by;
  std::optional<wall_time> decided_at;
};

/// Hex.
std::string digest_of(std::string_view content);

/// own_proposal; already_decided when it is not open any more, is over, or is not the one with this digest. Who
/// confirmed it may do so again while it is not done: what failed is tried again.
result<void> check_confirmation(const proposal&, user_id by, const std::string& digest, wall_time now);
/// already_decided unless it is open.
result<void> check_withdrawal(const proposal&, wall_time now);

}  // namespace drover::tenants
