#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "tenants/audit/audit_store.hpp"
#include "tenants/broker/broker_client.hpp"

namespace drover::tenants {

/// Something that a client is about to be given, or was refused: becomes a row of the audit trail.
struct broker_use {
  std::int64_t client = 0;
  /// "broker.sign"
  std::string action;
  account_id account;
  std::string detail;
};

/// The broker's clients, in PostgreSQL or in memory; one contract suite covers both. Every change is audited in the
/// same transaction. Errors are tenant_errc. Any thread.
class broker_client_store {
public:
  virtual ~broker_client_store() = default;
  /// name_taken; invalid: check_broker_client(), an account that is not there, or too many clients.
  virtual task<result<broker_client>> add(new_broker_client) = 0;
  /// By name.
  virtual task<result<std::vector<broker_client>>> list() = 0;
  virtual task<result<std::vector<broker_client>>> list_of_uid(std::uint32_t uid) = 0;
  /// not_found. When it has answered, nothing is recorded for the client any more.
  virtual task<result<void>> remove(std::string name) = 0;

  /// Writes the audit rows of all that are given in one commit, and answers for each whether its client is still one;
  /// for others no row is written. With an error none is.
  virtual task<result<std::vector<bool>>> record(std::vector<broker_use>) = 0;
};

std::unique_ptr<broker_client_store> make_postgres_broker_client_store(database&);
/// `knows_account` stands in for the table of accounts.
std::unique_ptr<broker_client_store> make_memory_broker_client_store(const clock&, audit_store&,
                                                                     std::function<bool(account_id)> knows_account);

/// What both stores say, and how they name a client's changes.
inline constexpr const char* broker_clients_full = "there are as many clients as the broker takes; remove one";
error unknown_broker_account(account_id);
audit_event make_broker_event(std::string action, const std::string& client_name, std::string detail);
std::string describe(const new_broker_client&);
/// In order, each once.
std::vector<account_id> sorted_accounts(const new_broker_client&);

}  // namespace drover::tenants
