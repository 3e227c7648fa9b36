#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/postgres.hpp"
#include "base/task.hpp"
#include "tenants/proposals/proposal.hpp"

namespace drover::tenants {

/// Proposals in PostgreSQL or in memory; one contract suite covers both. Errors are tenant_errc; not_found for an
/// unknown id. Decisions are taken under the row's lock, and audited in the same transaction.
class proposal_store {
public:
  virtual ~proposal_store() = default;
  /// The one that lives when it has the same kind, subject and content; another content withdraws that one.
  virtual task<result<proposal>> create(new_proposal) = 0;
  virtual task<result<proposal>> get(std::int64_t id) = 0;
  /// The newest first; `living`: only those that can still be confirmed at `now`.
  virtual task<result<std::vector<proposal>>> list(bool living, wall_time now, int limit) = 0;
  /// See check_confirmation().
  virtual task<result<proposal>> confirm(std::int64_t id, user_id by, std::string digest, wall_time now) = 0;
  /// What was confirmed is done.
  virtual task<result<proposal>> finish(std::int64_t id) = 0;
  /// By any administrator: whoever proposed it thought better of it, or another one is against it.
  virtual task<result<proposal>> withdraw(std::int64_t id, user_id by, wall_time now) = 0;
  /// The one of this kind and subject that was confirmed, is not done and not over; nothing when there is none.
  virtual task<result<std::optional<proposal>>> find_confirmed(proposal_kind, std::string subject, wall_time now) = 0;
  /// When there were two active administrators last, `now` included; epoch: never.
  virtual task<result<wall_time>> two_administrators_at(wall_time now) = 0;
};

std::unique_ptr<proposal_store> make_postgres_proposal_store(database&);
/// `administrators` counts the active ones. Any thread; no audit.
std::unique_ptr<proposal_store> make_memory_proposal_store(std::function<int()> administrators);

}  // namespace drover::tenants
