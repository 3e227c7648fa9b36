#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/postgres.hpp"
#include "base/task.hpp"
#include "tenants/audit/audit.hpp"
#include "tenants/audit/audit_chain.hpp"

namespace drover::tenants {

/// What is left out does not restrict.
struct audit_filter {
  /// Invalid id: what the operator at the command line or the engine itself did.
  std::optional<user_id> actor;
  /// "account.approve"; ending in a dot all of a kind: "account.".
  std::string action;
  /// "account:17"
  std::string object;
  std::optional<wall_time> from, to;
};

/// Where a page ended: audit_record::id.
struct audit_place {
  std::int64_t id = 0;
};
struct audit_page {
  /// Rows behind this one, which are older; none: from the newest.
  std::optional<audit_place> after;
  int limit = 50;
};

/// The audit trail as administrators read it, newest first. Any thread. Errors are tenant_errc::unavailable and
/// overloaded.
class audit_store {
public:
  virtual ~audit_store() = default;
  /// At most page_limit.
  virtual task<result<std::vector<audit_record>>> list(audit_filter, audit_page) = 0;
  /// At most count_limit: beyond it nobody counts.
  virtual task<result<std::int64_t>> count(audit_filter) = 0;
  /// One event by itself, which no change of another table goes with.
  virtual task<result<void>> append(audit_event) = 0;

  static constexpr int page_limit = 1'000;
  static constexpr std::int64_t count_limit = 100'000;
};

std::unique_ptr<audit_store> make_postgres_audit_store(database&);
std::unique_ptr<audit_store> make_memory_audit_store(const clock&);

}  // namespace drover::tenants
