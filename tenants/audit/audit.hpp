#pragma once

#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace pqxx {
class transaction_base;
}

namespace drover::tenants {

/// One management action. Never holds a secret.
struct audit_event {
  /// Invalid id: the operator at the command line or the engine itself.
  user_id actor;
  /// "account.approve", "user.ban", …
  std::string action;
  /// "account:17", "user:3"
  std::string object;
  std::string detail;
};

/// In the same transaction as the change it tells of: no audit, no change.
void insert_audit_event(pqxx::transaction_base&, const audit_event&);

}  // namespace drover::tenants
