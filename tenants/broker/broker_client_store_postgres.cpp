#include <algorithm>
#include <map>

#include "tenants/broker/broker_client_store.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

const std::string select_clients = "SELECT c.id, c.name, c.uid, c.token_hash, c.may_reveal, c.calls_per_second, " +
                                   microseconds_of("c.created_at") +
                                   ", (SELECT coalesce(string_agg(account_id::text, ',' ORDER BY account_id), '') FROM "
                                   "broker_client_accounts a WHERE a.client_id = c.id) FROM broker_clients c ";
const statement list_sql{"broker_clients_list", select_clients + "ORDER BY c.name COLLATE \"C\""};
const statement list_of_uid_sql{"broker_clients_of_uid",
                                select_clients + "WHERE c.uid = $1 ORDER BY c.name COLLATE \"C\""};
const statement find_sql{"broker_clients_find", select_clients + "WHERE c.id = $1"};
const statement count_sql{"broker_clients_count", "SELECT count(*) FROM broker_clients"};
const statement insert_sql{"broker_clients_insert",
                           "INSERT INTO broker_clients (name, uid, token_hash, may_reveal, calls_per_second) "
                           "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING RETURNING id"};
const statement add_account_sql{"broker_clients_add_account",
                                "INSERT INTO broker_client_accounts (client_id, account_id) "
                                "SELECT $1::bigint, id FROM user_exchanges WHERE id = $2 AND deleted_at IS NULL"};
const statement remove_sql{"broker_clients_remove", "DELETE FROM broker_clients WHERE name = $1 RETURNING id"};
/// The lock: who removes the client waits until what is recorded for it is committed.
const statement hold_sql{"broker_clients_hold", "SELECT id FROM broker_clients WHERE id = $1 FOR KEY SHARE"};

std::vector<account_id> accounts_of(std::string_view list) {
  std::vector<account_id> out;
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    std::int64_t id = 0;
    std::from_chars(list.data(), list.data() + end, id);
    out.emplace_back(id);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

broker_client client_of(const pqxx::row& row) {
  return {.id = integer_of(row[0]),
          .name = text_of(row[1]),
          .uid = static_cast<std::uint32_t>(integer_of(row[2])),
          .accounts = accounts_of(view_of(row[7])),
          .may_reveal = boolean_of(row[4]),
          .calls_per_second = static_cast<int>(integer_of(row[5])),
          .created_at = time_of(row[6]),
          .token_hash = text_of(row[3])};
}

result<broker_client> insert(pqxx::transaction_base& tx, const new_broker_client& fresh) {
  if (integer_of(execute(tx, count_sql)[0][0]) >= static_cast<std::int64_t>(broker_clients_limit))
    return fail(tenant_errc::invalid, broker_clients_full);
  const auto made = execute(tx, insert_sql, fresh.name, static_cast<std::int64_t>(fresh.uid), fresh.token_hash,
                            fresh.may_reveal, fresh.calls_per_second);
  if (made.empty()) return fail(tenant_errc::name_taken, "name: '" + fresh.name + "' is taken");
  const auto id = integer_of(made[0][0]);
  for (const auto account : sorted_accounts(fresh))
    if (execute(tx, add_account_sql, id, account.value).affected_rows() == 0)
      return std::unexpected(unknown_broker_account(account));
  insert_audit_event(tx, make_broker_event("broker.add_client", fresh.name, describe(fresh)));
  return client_of(execute(tx, find_sql, id)[0]);
}

class postgres_broker_client_store final : public broker_client_store {
public:
  explicit postgres_broker_client_store(database& db) : db_(db) {}

  task<result<broker_client>> add(new_broker_client fresh) override {
    if (auto fine = check_broker_client(fresh); !fine) co_return std::unexpected(fine.error());
    auto job = [fresh = std::move(fresh)](pqxx::connection_base& connection) -> result<broker_client> {
      pqxx::work tx(connection);
      auto made = insert(tx, fresh);
      if (made) tx.commit();
      return made;
    };
    auto outcome = co_await db_.run("broker_clients_add", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<broker_client>>> list() override {
    auto job = [](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      return clients_of(execute(tx, list_sql));
    };
    auto outcome = co_await db_.run("broker_clients_list", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<broker_client>>> list_of_uid(std::uint32_t uid) override {
    auto job = [uid](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      return clients_of(execute(tx, list_of_uid_sql, static_cast<std::int64_t>(uid)));
    };
    auto outcome = co_await db_.run("broker_clients_of_uid", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> remove(std::string name) override {
    auto job = [name = std::move(name)](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      if (execute(tx, remove_sql, name).empty())
        return fail(tenant_errc::not_found, "there is no client '" + name + "'");
      insert_audit_event(tx, make_broker_event("broker.remove_client", name, {}));
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("broker_clients_remove", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<bool>>> record(std::vector<broker_use> uses) override {
    auto job = [uses = std::move(uses)](pqxx::connection_base& connection) {
      pqxx::work tx(connection);
      std::map<std::int64_t, bool> is_client;
      std::vector<bool> known;
      for (const auto& use : uses) {
        const auto [at, fresh] = is_client.try_emplace(use.client);
        if (fresh) at->second = !execute(tx, hold_sql, use.client).empty();
        known.push_back(at->second);
        if (at->second)
          insert_audit_event(tx, {.actor = {},
                                  .action = use.action,
                                  .object = "account:" + std::to_string(use.account.value),
                                  .detail = use.detail});
      }
      tx.commit();
      return known;
    };
    auto outcome = co_await db_.run("broker_record", std::move(job));
    co_return from_read(std::move(outcome));
  }

private:
  static std::vector<broker_client> clients_of(const pqxx::result& rows) {
    std::vector<broker_client> out;
    for (const auto& row : rows) out.push_back(client_of(row));
    return out;
  }
  database& db_;
};

}  // namespace

std::unique_ptr<broker_client_store> make_postgres_broker_client_store(database& db) {
  return std::make_unique<postgres_broker_client_store>(db);
}

}  // namespace drover::tenants
