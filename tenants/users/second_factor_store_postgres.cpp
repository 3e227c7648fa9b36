#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/users/second_factor_store.hpp"

namespace drover::tenants {
namespace {

const statement find_sql{"second_factors_find",
                         "SELECT user_id, sealed_key, version, confirmed, last_step, (SELECT count(*) FROM "
                         "user_recovery_codes r WHERE r.user_id = f.user_id) FROM user_second_factors f "
                         "WHERE user_id = $1"};
const statement begin_sql{"second_factors_begin",
                          "INSERT INTO user_second_factors AS f (user_id, sealed_key, version) VALUES ($1, $2, $3) "
                          "ON CONFLICT (user_id) DO UPDATE SET sealed_key = $2, version = $3, created_at = now() "
                          "WHERE NOT f.confirmed RETURNING user_id"};
const statement confirm_sql{"second_factors_confirm",
                            "UPDATE user_second_factors SET confirmed = true, last_step = $3 "
                            "WHERE user_id = $1 AND version = $2 AND NOT confirmed RETURNING user_id"};
const statement add_code_sql{"second_factors_add_code",
                             "INSERT INTO user_recovery_codes (user_id, code_hash) VALUES ($1, $2)"};
const statement use_step_sql{"second_factors_use_step",
                             "UPDATE user_second_factors SET last_step = $2 "
                             "WHERE user_id = $1 AND confirmed AND last_step < $2 RETURNING user_id"};
const statement use_code_sql{"second_factors_use_code",
                             "DELETE FROM user_recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING user_id"};
const statement remove_sql{"second_factors_remove",
                           "DELETE FROM user_second_factors WHERE user_id = $1 RETURNING user_id"};

second_factor factor_of(const pqxx::row& row) {
  return {.user = user_id(integer_of(row[0])),
          .sealed = text_of(row[1]),
          .version = integer_of(row[2]),
          .confirmed = boolean_of(row[3]),
          .last_step = integer_of(row[4]),
          .recovery_codes_left = static_cast<int>(integer_of(row[5]))};
}

void audit(pqxx::transaction_base& tx, user_id actor, const char* action, user_id user) {
  insert_audit_event(tx,
                     {.actor = actor, .action = action, .object = "user:" + std::to_string(user.value), .detail = {}});
}

class postgres_second_factor_store final : public second_factor_store {
public:
  explicit postgres_second_factor_store(database& db) : db_(db) {}

  task<result<std::optional<second_factor>>> find(user_id user) override {
    auto job = [user](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      auto rows = execute(tx, find_sql, user.value);
      std::optional<second_factor> found;
      if (!rows.empty()) found = factor_of(rows[0]);
      return found;
    };
    auto outcome = co_await db_.run("second_factors_find", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> begin(user_id user, std::string sealed, std::int64_t version) override {
    auto job = [user, sealed = std::move(sealed), version](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      if (execute(tx, begin_sql, user.value, sealed, version).empty())
        return fail(tenant_errc::invalid, already_set_up);
      audit(tx, user, "user.begin_second_factor", user);
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("second_factors_begin", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> confirm(user_id user, std::int64_t version, std::int64_t step,
                             std::vector<std::string> recovery) override {
    auto job = [user, version, step,
                recovery = std::move(recovery)](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      if (execute(tx, confirm_sql, user.value, version, step).empty()) return fail(tenant_errc::not_found);
      for (const auto& hash : recovery) execute(tx, add_code_sql, user.value, hash);
      audit(tx, user, "user.set_second_factor", user);
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("second_factors_confirm", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> use_step(user_id user, std::int64_t step) override {
    auto job = [user, step](pqxx::connection_base& connection) -> result<void> {
      pqxx::nontransaction tx(connection);
      if (execute(tx, use_step_sql, user.value, step).empty()) return fail(tenant_errc::wrong_code);
      return {};
    };
    auto outcome = co_await db_.run("second_factors_use_step", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> use_recovery_code(user_id user, std::string hash) override {
    auto job = [user, hash = std::move(hash)](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      if (execute(tx, use_code_sql, user.value, hash).empty()) return fail(tenant_errc::wrong_code);
      audit(tx, user, "user.use_recovery_code", user);
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("second_factors_use_code", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> remove(user_id user, user_id actor) override {
    auto job = [user, actor](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      if (execute(tx, remove_sql, user.value).empty()) return fail(tenant_errc::not_found);
      audit(tx, actor, "user.remove_second_factor", user);
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("second_factors_remove", std::move(job));
    co_return from_job(std::move(outcome));
  }

private:
  database& db_;
};

}  // namespace

std::unique_ptr<second_factor_store> make_postgres_second_factor_store(database& db) {
  return std::make_unique<postgres_second_factor_store>(db);
}

}  // namespace drover::tenants
