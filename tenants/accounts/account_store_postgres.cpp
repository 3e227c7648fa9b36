#include <algorithm>
#include <array>

#include "base/postgres_reader.hpp"
#include "tenants/accounts/account_decisions.hpp"
#include "tenants/accounts/account_rows_postgres.hpp"
#include "tenants/accounts/account_statements_postgres.hpp"
#include "tenants/accounts/account_store.hpp"
#include "tenants/audit/audit.hpp"
#include "tenants/postgres_tenant_scope_detail.hpp"

namespace drover::tenants {
namespace {

namespace sql = account_statements;

using connection = pqxx::connection_base;

constexpr int page_limit = 1000;

int limit_of(account_page page) {
  return std::clamp(page.limit, 1, page_limit);
}

void audit(pqxx::transaction_base& tx, user_id actor, const char* action, account_id id, std::string detail = {}) {
  insert_audit_event(
      tx,
      {.actor = actor, .action = action, .object = "account:" + std::to_string(id.value), .detail = std::move(detail)});
}

std::optional<decision_facts> facts_of(const pqxx::result& rows, account_id id) {
  if (rows.empty()) return std::nullopt;
  const auto row = rows[0];
  auto status = parse_account_status(view_of(row[1]));
  if (!status) throw std::runtime_error("an account has an unknown status");
  return decision_facts{.account = id,
                        .owner = user_id(integer_of(row[0])),
                        .status = *status,
                        .credential_version = integer_of(row[2]),
                        .decided_by = text_of(row[4]),
                        .error_message = text_of(row[3]),
                        .probe_problem = text_of(row[5]),
                        .withdraw_waived = boolean_of(row[6])};
}

template <class Rows>
std::vector<account> accounts_of(const Rows& rows) {
  std::vector<account> accounts;
  accounts.reserve(rows.size());
  for (decltype(rows.size()) i = 0; i < rows.size(); ++i) accounts.push_back(account_of(rows[i]));
  return accounts;
}

/// The reader did not run the statement, or lost its answer: the pool knows whether the database is there.
bool must_ask_pool(const result<read_rows>& rows) { return !rows && rows.error().code == db_errc::unavailable; }

/// Under the row's lock the update cannot miss; that it did anyway is a bug worth hearing of.
account changed_row(const pqxx::result& rows) {
  if (rows.size() != 1) throw std::logic_error("a locked account did not change");
  return account_of(rows[0]);
}

account_store::data_key_row ensure_key(connection& c, user_id user, const account_store::data_key_row& key) {
  pqxx::work tx(c);
  act_for(tx, user);
  if (execute(tx, sql::ensure_data_key, user.value, key.dek_id, key.wrapped).affected_rows() > 0)
    insert_audit_event(tx, {.actor = user,
                            .action = "user.data_key",
                            .object = "user:" + std::to_string(user.value),
                            .detail = key.dek_id});
  auto rows = execute(tx, sql::find_data_key, user.value);
  account_store::data_key_row counts{.dek_id = text_of(rows.at(0)[0]), .wrapped = text_of(rows.at(0)[1])};
  tx.commit();
  return counts;
}

account create_account(connection& c, const new_account& fresh, const sealed_credentials& sealed) {
  pqxx::work tx(c);
  act_for(tx, fresh.user);
  auto created = insert_account(tx, fresh, sealed, fresh.user);
  tx.commit();
  return created;
}

result<account> update_account(connection& c, user_id user, account_id id, const account_patch& patch) {
  pqxx::work tx(c);
  act_for(tx, user);
  auto rows = execute(tx, sql::update_label, user.value, id.value, null_if_absent(patch.label));
  if (rows.empty()) return fail(tenant_errc::not_found);
  auto changed = account_of(rows[0]);
  audit(tx, user, "account.update", id, patch.label.value_or(""));
  tx.commit();
  return changed;
}

result<account> replace(connection& c, user_id user, account_id id, const replacement& fresh, const sealed_credentials& sealed) {
  pqxx::work tx(c);
  act_for(tx, user);
  auto facts = facts_of(execute(tx, sql::lock_own, user.value, id.value), id);
  if (!facts) return fail(tenant_errc::not_found);
  if (auto allowed = check_replacement(*facts, sealed.version); !allowed) return std::unexpected(allowed.error());
  auto changed =
      changed_row(execute(tx, sql::replace_credentials, user.value, id.value, fresh.api_key_mask, fresh.key_fingerprint,
                          sealed.api_key, sealed.api_secret, null_if_empty(sealed.passphrase), sealed.version, sealed.region));
  if (fresh.probe) store_probe(tx, id, *fresh.probe);
  changed.probe = fresh.probe;
  audit(tx, user, "account.replace_credentials", id, describe_credentials(fresh.api_key_mask, fresh.key_fingerprint, sealed));
  tx.commit();
  return changed;
}

result<account> switch_account(connection& c, user_id user, account_id id, bool is_active) {
  pqxx::work tx(c);
  act_for(tx, user);
  auto facts = facts_of(execute(tx, sql::lock_own, user.value, id.value), id);
  if (!facts) return fail(tenant_errc::not_found);
  if (auto allowed = check_activation(*facts, is_active); !allowed) return std::unexpected(allowed.error());
  auto changed = changed_row(execute(tx, sql::set_active, user.value, id.value, is_active));
  audit(tx, user, is_active ? "account.activate" : "account.deactivate", id);
  tx.commit();
  return changed;
}

result<void> remove_account(connection& c, user_id user, account_id id) {
  pqxx::work tx(c);
  act_for(tx, user);
  if (execute(tx, sql::remove, user.value, id.value).empty()) return fail(tenant_errc::not_found);
  audit(tx, user, "account.delete", id);
  tx.commit();
  return {};
}

std::vector<pending_account> select_for_admin(connection& c, std::optional<account_status> status, account_page page) {
  pqxx::nontransaction tx(c);
  auto name = status ? std::string(to_string(*status)) : std::string();
  auto rows = execute(tx, sql::list_for_admin, null_if_empty(name), page.after_id, limit_of(page));
  std::vector<pending_account> accounts;
  accounts.reserve(rows.size());
  for (const auto& row : rows)
    accounts.push_back({.account = account_of(row),
                        .username = text_of(row[account_column_count]),
                        .user_email = text_of(row[account_column_count + 1])});
  return accounts;
}

result<account> approve_account(connection& c, user_id admin, account_id id,
                                std::optional<std::int64_t> reviewed_version, const std::string& message) {
  pqxx::work tx(c);
  auto facts = facts_of(execute(tx, sql::lock_for_decision, id.value), id);
  if (!facts) return fail(tenant_errc::not_found);
  if (auto allowed = check_approval(*facts, admin, reviewed_version); !allowed) return std::unexpected(allowed.error());
  auto changed = changed_row(execute(tx, sql::approve, id.value, admin.value, facts->credential_version));
  audit(tx, admin, "account.approve", id, "version " + std::to_string(facts->credential_version) + " " + message);
  tx.commit();
  return changed;
}

result<account> reject_account(connection& c, user_id admin, account_id id, const std::string& reason) {
  pqxx::work tx(c);
  auto facts = facts_of(execute(tx, sql::lock_for_decision, id.value), id);
  if (!facts) return fail(tenant_errc::not_found);
  if (auto allowed = check_rejection(*facts, reason); !allowed) return std::unexpected(allowed.error());
  auto changed = changed_row(execute(tx, sql::reject, id.value, admin.value, reason));
  audit(tx, admin, "account.reject", id, reason);
  tx.commit();
  return changed;
}

account stored_account(pqxx::transaction_base& tx, account_id id) {
  return runnable_of(execute(tx, sql::load_credentials, id.value).at(0)).account;
}

result<account> store_seen(connection& c, account_id id, std::int64_t version, account_probe seen) {
  pqxx::work tx(c);
  auto facts = facts_of(execute(tx, sql::lock_for_decision, id.value), id);
  if (!facts || facts->credential_version != version) return fail(tenant_errc::not_found);
  seen = with_waiver(std::move(seen), facts->withdraw_waived);
  if (!seen.passed && facts->status == account_status::approved) {
    execute(tx, sql::suspend, id.value, seen.reason);
    audit(tx, {}, "account.suspend", id, seen.reason);
  } else if (facts->status == account_status::pending && facts->probe_problem != seen.reason) {
    execute(tx, sql::forgive, id.value, null_if_empty(seen.reason));
  }
  store_probe(tx, id, seen);
  auto now = stored_account(tx, id);
  tx.commit();
  return now;
}

result<account> waive_for(connection& c, user_id admin, account_id id, std::int64_t version) {
  pqxx::work tx(c);
  auto facts = facts_of(execute(tx, sql::lock_for_decision, id.value), id);
  if (!facts) return fail(tenant_errc::not_found);
  if (auto allowed = check_waiver(*facts, admin, version); !allowed) return std::unexpected(allowed.error());
  auto changed = changed_row(execute(tx, sql::waive, id.value, admin.value, version));
  audit(tx, admin, "account.waive_withdrawals", id, "version " + std::to_string(version));
  tx.commit();
  return changed;
}

class postgres_account_store final : public account_store {
public:
  postgres_account_store(database& db, postgres_reader* reader) : db_(db), reader_(reader) {}

  task<result<account_id>> reserve_id() override {
    auto job = [](connection& c) {
      pqxx::nontransaction tx(c);
      return account_id(integer_of(execute(tx, sql::reserve_id).at(0)[0]));
    };
    auto outcome = co_await db_.run("accounts_reserve_id", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::optional<data_key_row>>> find_data_key(user_id user) override {
    auto job = [user](connection& c) {
      pqxx::read_transaction tx(c);
      act_for(tx, user);
      auto rows = execute(tx, sql::find_data_key, user.value);
      std::optional<data_key_row> found;
      if (!rows.empty()) found.emplace(data_key_row{.dek_id = text_of(rows[0][0]), .wrapped = text_of(rows[0][1])});
      return found;
    };
    auto outcome = co_await db_.run("accounts_find_data_key", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<data_key_row>> ensure_data_key(user_id user, data_key_row key) override {
    auto job = [user, key = std::move(key)](connection& c) { return ensure_key(c, user, key); };
    auto outcome = co_await db_.run("accounts_ensure_data_key", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<account>> create(new_account fresh, sealed_credentials sealed) override {
    auto job = [fresh = std::move(fresh), sealed = std::move(sealed)](connection& c) {
      return create_account(c, fresh, sealed);
    };
    auto outcome = co_await db_.run("accounts_create", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<account>>> list(user_id user, account_page page) override {
    if (reader_) {
      const std::array parameters{std::to_string(user.value), std::to_string(page.after_id), std::to_string(limit_of(page))};
      auto rows = co_await reader_->read(sql::list.name, sql::list.sql, parameters);
      if (rows) co_return accounts_of(*rows);
      if (!must_ask_pool(rows)) co_return std::unexpected(from_database_error(rows.error()));
    }
    auto job = [user, page](connection& c) {
      pqxx::read_transaction tx(c);
      act_for(tx, user);
      return accounts_of(execute(tx, sql::list, user.value, page.after_id, limit_of(page)));
    };
    auto outcome = co_await db_.run("accounts_list", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<account>> get(user_id user, account_id id) override {
    if (reader_) {
      const std::array parameters{std::to_string(user.value), std::to_string(id.value)};
      auto rows = co_await reader_->read(sql::get.name, sql::get.sql, parameters);
      if (rows && rows->empty()) co_return fail(tenant_errc::not_found);
      if (rows) co_return account_of((*rows)[0]);
      if (!must_ask_pool(rows)) co_return std::unexpected(from_database_error(rows.error()));
    }
    auto job = [user, id](connection& c) -> result<account> {
      pqxx::read_transaction tx(c);
      act_for(tx, user);
      auto rows = execute(tx, sql::get, user.value, id.value);
      if (rows.empty()) return fail(tenant_errc::not_found);
      return account_of(rows[0]);
    };
    auto outcome = co_await db_.run("accounts_get", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<account>> update(user_id user, account_id id, account_patch patch) override {
    auto job = [user, id, patch = std::move(patch)](connection& c) { return update_account(c, user, id, patch); };
    auto outcome = co_await db_.run("accounts_update", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<account>> replace_credentials(user_id user, account_id id, replacement fresh,
                                            sealed_credentials sealed) override {
    auto job = [user, id, fresh = std::move(fresh), sealed = std::move(sealed)](connection& c) {
      return replace(c, user, id, fresh, sealed);
    };
    auto outcome = co_await db_.run("accounts_replace_credentials", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<account>> set_active(user_id user, account_id id, bool is_active) override {
    auto job = [user, id, is_active](connection& c) { return switch_account(c, user, id, is_active); };
    auto outcome = co_await db_.run("accounts_set_active", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> remove(user_id user, account_id id) override {
    auto job = [user, id](connection& c) { return remove_account(c, user, id); };
    auto outcome = co_await db_.run("accounts_remove", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<pending_account>>> list_for_admin(std::optional<account_status> status,
                                                            account_page page) override {
    auto job = [status, page](connection& c) { return select_for_admin(c, status, page); };
    auto outcome = co_await db_.run("accounts_list_for_admin", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<account>> approve(user_id admin, account_id id, std::optional<std::int64_t> reviewed_version,
                                std::string message) override {
    auto job = [admin, id, reviewed_version, message = std::move(message)](connection& c) {
      return approve_account(c, admin, id, reviewed_version, message);
    };
    auto outcome = co_await db_.run("accounts_approve", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<account>> reject(user_id admin, account_id id, std::string reason) override {
    auto job = [admin, id, reason = std::move(reason)](connection& c) { return reject_account(c, admin, id, reason); };
    auto outcome = co_await db_.run("accounts_reject", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<account>> record_probe(account_id id, std::int64_t version, account_probe seen) override {
    auto job = [id, version, seen = std::move(seen)](connection& c) { return store_seen(c, id, version, seen); };
    auto outcome = co_await db_.run("accounts_record_probe", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<account_id>>> list_due_probes(wall_time before, int limit) override {
    auto job = [before, limit](connection& c) {
      pqxx::nontransaction tx(c);
      std::vector<account_id> due;
      for (const auto& row : execute(tx, sql::list_due_probes, to_microseconds(before), limit)) due.emplace_back(integer_of(row[0]));
      return due;
    };
    auto outcome = co_await db_.run("accounts_due_probes", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<account>> waive_withdrawals(user_id admin, account_id id, std::int64_t version) override {
    auto job = [admin, id, version](connection& c) { return waive_for(c, admin, id, version); };
    auto outcome = co_await db_.run("accounts_waive", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<runnable_account>> load_credentials(account_id id) override {
    auto job = [id](connection& c) -> result<runnable_account> {
      pqxx::nontransaction tx(c);
      auto rows = execute(tx, sql::load_credentials, id.value);
      if (rows.empty()) return fail(tenant_errc::not_found);
      return runnable_of(rows[0]);
    };
    auto outcome = co_await db_.run("accounts_load_credentials", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<runnable_account>>> load_runnable() override {
    auto job = [](connection& c) {
      pqxx::nontransaction tx(c);
      auto rows = execute(tx, sql::load_runnable);
      std::vector<runnable_account> accounts;
      accounts.reserve(rows.size());
      for (const auto& row : rows) accounts.push_back(runnable_of(row));
      return accounts;
    };
    auto outcome = co_await db_.run("accounts_load_runnable", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::optional<runnable_account>>> load_runnable(account_id id) override {
    auto job = [id](connection& c) {
      pqxx::nontransaction tx(c);
      auto rows = execute(tx, sql::load_runnable_one, id.value);
      std::optional<runnable_account> found;
      if (!rows.empty()) found.emplace(runnable_of(rows[0]));
      return found;
    };
    auto outcome = co_await db_.run("accounts_load_runnable_one", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> report_credentials(account_id id, std::string finding, std::string detail) override {
    auto job = [id, finding = std::move(finding), detail = std::move(detail)](connection& c) {
      pqxx::work tx(c);
      audit(tx, {}, finding.c_str(), id, detail);
      tx.commit();
    };
    auto outcome = co_await db_.run("accounts_report_credentials", std::move(job));
    co_return from_read(std::move(outcome));
  }

private:
  database& db_;
  postgres_reader* reader_;
};

}  // namespace

std::unique_ptr<account_store> make_postgres_account_store(database& db, postgres_reader* reader) {
  return std::make_unique<postgres_account_store>(db, reader);
}

}  // namespace drover::tenants
