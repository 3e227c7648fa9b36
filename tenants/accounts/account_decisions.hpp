#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "tenants/accounts/account.hpp"

/// Who may decide what in which state: the rules that both stores ask under their lock.
namespace drover::tenants {

/// What a decision about an account depends on.
struct decision_facts {
  account_id account;
  user_id owner;
  account_status status = account_status::pending;
  std::int64_t credential_version = 1;
  /// Who decided last; empty when nobody has.
  std::string decided_by;
  std::string error_message;
  /// Why the key did not pass when the exchange was last asked about it; empty: it did, or never was.
  std::string probe_problem;
  bool withdraw_waived = false;
};

/// own_account, key_refused, or already_decided (also when the credentials are not the ones that were reviewed). Who does not say what was
/// reviewed can only mean the first version: invalid once there is another one (SEC-63).
result<void> check_approval(const decision_facts&, user_id admin, std::optional<std::int64_t> reviewed_version);
/// already_decided for a rejected account; invalid for a reason that is empty or longer than 500 bytes.
result<void> check_rejection(const decision_facts&, const std::string& reason);
/// account_not_approved, saying the state and what to do.
result<void> check_activation(const decision_facts&, bool is_active);
/// own_account, or already_decided when the credentials are others by now.
result<void> check_waiver(const decision_facts&, user_id admin, std::int64_t version);
result<void> check_waiver(const account&, user_id admin, std::int64_t version);
/// unavailable when `sealed_version` does not follow the current one: somebody else replaced the credentials meanwhile.
result<void> check_replacement(const decision_facts&, std::int64_t sealed_version);

}  // namespace drover::tenants
