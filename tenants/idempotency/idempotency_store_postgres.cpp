#include "tenants/idempotency/idempotency_store.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/postgres_tenant_scope_detail.hpp"

namespace drover::tenants {
namespace {

static_assert(idempotency_store::retention == std::chrono::hours(24), "the statements below say so, too");
const std::string old = "created_at < now() - interval '24 hours'";
const std::string of_place = " WHERE user_id = $1 AND route = $2 AND key = $3";

const statement forget_sql{"idempotency_forget", "DELETE FROM idempotency_keys" + of_place + " AND " + old};
const statement find_sql{"idempotency_find",
                         "SELECT request_hash, status, headers, body FROM idempotency_keys" + of_place};
/// Counts no further than the limit.
const statement count_sql{
    "idempotency_count",
    "SELECT count(*) FROM (SELECT FROM idempotency_keys WHERE user_id = $1 AND NOT " + old + " LIMIT $2) AS counted"};
const statement claim_sql{"idempotency_claim",
                          "INSERT INTO idempotency_keys (user_id, route, key, request_hash) VALUES ($1, $2, $3, $4) "
                          "ON CONFLICT DO NOTHING RETURNING key"};
const statement finish_sql{"idempotency_finish",
                           "UPDATE idempotency_keys SET status = $4, headers = $5, body = $6" + of_place};
const statement release_sql{"idempotency_release", "DELETE FROM idempotency_keys" + of_place + " AND status IS NULL"};
const statement prune_sql{
    "idempotency_prune",
    "DELETE FROM idempotency_keys k USING (SELECT user_id, route, key FROM idempotency_keys WHERE " + old +
        " LIMIT $1) gone WHERE (k.user_id, k.route, k.key) = (gone.user_id, gone.route, gone.key)"};

idempotency_claim claim_of(const pqxx::row& row, const std::string& request_hash) {
  using enum idempotency_claim::state;
  if (view_of(row[0]) != request_hash) return {.what = other_request};
  if (row[1].is_null()) return {.what = unfinished};
  return {.what = finished,
          .answer = kept_answer{.status = static_cast<int>(integer_of(row[1])),
                                .headers = text_of(row[2]),
                                .body = optional_text_of(row[3])}};
}

/// Two at the same moment: the insert of the second waits until the first one is committed, and finds its row.
idempotency_claim claim_in(pqxx::transaction_base& tx, const idempotency_place& p, const std::string& request_hash) {
  using enum idempotency_claim::state;
  execute(tx, forget_sql, p.user.value, p.route, p.key);
  const auto find = [&] { return execute(tx, find_sql, p.user.value, p.route, p.key); };
  if (const auto there = find(); !there.empty()) return claim_of(there[0], request_hash);
  const auto kept = integer_of(execute(tx, count_sql, p.user.value, idempotency_store::keys_per_user)[0][0]);
  if (kept >= idempotency_store::keys_per_user) return {.what = full};
  if (!execute(tx, claim_sql, p.user.value, p.route, p.key, request_hash).empty()) return {.what = claimed};
  const auto there = find();
  if (there.empty()) throw std::runtime_error("a key was taken and is not there");
  return claim_of(there[0], request_hash);
}

class postgres_idempotency_store final : public idempotency_store {
public:
  explicit postgres_idempotency_store(database& db) : db_(db) {}

  task<result<idempotency_claim>> claim(idempotency_place place, std::string request_hash) override {
    auto job = [place = std::move(place), hash = std::move(request_hash)](pqxx::connection_base& connection) {
      pqxx::work tx(connection);
      act_for(tx, place.user);
      auto outcome = claim_in(tx, place, hash);
      tx.commit();
      return outcome;
    };
    auto outcome = co_await db_.run("idempotency_claim", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> finish(idempotency_place place, kept_answer answer) override {
    auto job = [p = std::move(place), a = std::move(answer)](pqxx::connection_base& connection) {
      pqxx::work tx(connection);
      act_for(tx, p.user);
      execute(tx, finish_sql, p.user.value, p.route, p.key, a.status, a.headers, null_if_absent(a.body));
      tx.commit();
    };
    auto outcome = co_await db_.run("idempotency_finish", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> release(idempotency_place place) override {
    auto job = [p = std::move(place)](pqxx::connection_base& connection) {
      pqxx::work tx(connection);
      act_for(tx, p.user);
      execute(tx, release_sql, p.user.value, p.route, p.key);
      tx.commit();
    };
    auto outcome = co_await db_.run("idempotency_release", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::int64_t>> prune() override {
    auto job = [](pqxx::connection_base& connection) {
      pqxx::work tx(connection);
      const auto removed = static_cast<std::int64_t>(execute(tx, prune_sql, prune_batch).affected_rows());
      tx.commit();
      return removed;
    };
    auto outcome = co_await db_.run("idempotency_prune", std::move(job));
    co_return from_read(std::move(outcome));
  }

private:
  database& db_;
};

}  // namespace

std::unique_ptr<idempotency_store> make_postgres_idempotency_store(database& db) {
  return std::make_unique<postgres_idempotency_store>(db);
}

}  // namespace drover::tenants
