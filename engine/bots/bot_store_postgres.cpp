#include <algorithm>

#include "engine/bots/bot_rows_postgres_detail.hpp"
#include "engine/bots/bot_rules.hpp"
#include "engine/bots/bot_store.hpp"
#include "engine/orders/journal_rows.hpp"
#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/postgres_tenant_scope_detail.hpp"

namespace drover::engine {
namespace {

using rows::array_text;
using tenants::boolean_of;
using tenants::execute;
using tenants::integer_of;
using tenants::statement;
using tenants::tenant_errc;
using tenants::text_of;
using tenants::view_of;

using connection = pqxx::connection_base;

constexpr int page_limit = 1'000;
constexpr std::string_view one_per_market = "bots_one_per_market";

const std::string columns =
    "b.id, b.account_id, b.user_id, b.name, b.strategy, b.parameters::text, b.symbol, b.desired, b.resume, b.at_rest, b.reason, " +
    tenants::microseconds_of("b.created_at") + ", " + tenants::microseconds_of("b.updated_at");
const std::string returning = " RETURNING " + columns;

const statement lock_owner_sql{"bots_lock_owner",
                               "SELECT a.id FROM user_exchanges a JOIN users u ON u.id = a.user_id "
                               "WHERE a.id = $2 AND a.user_id = $1 AND a.deleted_at IS NULL FOR NO KEY UPDATE OF u"};
const statement count_sql{"bots_count", "SELECT count(*) FROM bots WHERE user_id = $1 AND deleted_at IS NULL"};
const statement insert_sql{"bots_insert",
                           "INSERT INTO bots AS b (user_id, account_id, name, strategy, parameters, symbol, desired, resume, at_rest) "
                           "VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7::text, $8::text, $7::text = 'stopped')" +
                               returning};
const statement notify_sql{"bots_notify", "SELECT pg_notify('bots_changed', $1::text)"};
const statement list_sql{"bots_list",
                         "SELECT " + columns +
                             " FROM bots b WHERE b.user_id = $1 AND b.id > $2 AND b.deleted_at IS NULL "
                             "AND ($4::bigint = 0 OR b.account_id = $4) AND ($5::text = '' OR b.strategy = $5) ORDER BY b.id LIMIT $3"};
const statement get_sql{"bots_get",
                        "SELECT " + columns + " FROM bots b WHERE b.user_id = $1 AND b.id = $2 AND b.deleted_at IS NULL"};
const statement update_sql{"bots_update",
                           "UPDATE bots b SET name = coalesce($3, name), parameters = coalesce($4::jsonb, parameters), "
                           "resume = coalesce($5, resume), updated_at = now() "
                           "WHERE b.user_id = $1 AND b.id = $2 AND b.deleted_at IS NULL" +
                               returning};
const statement lock_sql{"bots_lock",
                         "SELECT " + columns + " FROM bots b WHERE b.user_id = $1 AND b.id = $2 AND b.deleted_at IS NULL FOR UPDATE"};
const statement set_desired_sql{"bots_set_desired",
                                "UPDATE bots b SET desired = $2::text, at_rest = ($2::text = 'stopped' AND " + bot_rows::nothing_to_close() +
                                    "), reason = '', updated_at = now() WHERE b.id = $1" + returning};
const statement remove_sql{"bots_remove",
                           "UPDATE bots b SET at_rest = CASE WHEN b.desired = 'stopped' THEN b.at_rest ELSE " + bot_rows::nothing_to_close() +
                               " END, desired = 'stopped', deleted_at = now(), updated_at = now(), "
                               "resume = CASE b.resume WHEN 'resume' THEN 'cancel_and_wait' ELSE b.resume END "
                               "WHERE b.user_id = $1 AND b.id = $2 AND b.deleted_at IS NULL RETURNING b.account_id"};
const statement runnable_sql{"bots_runnable",
                             "SELECT " + columns +
                                 " FROM bots b WHERE (b.desired <> 'stopped' OR NOT b.at_rest) AND b.strategy <> '' ORDER BY b.id"};
const statement runnable_of_sql{"bots_runnable_of",
                                "SELECT " + columns +
                                    " FROM bots b WHERE b.account_id = $1 AND (b.desired <> 'stopped' OR NOT b.at_rest) "
                                    "AND b.strategy <> '' ORDER BY b.id"};
/// Bots from before they were entities get what they ran; accounts without any get their first one.
const statement fill_defaults_sql{"bots_fill_defaults",
                                  "UPDATE bots b SET name = $2, strategy = $2, parameters = $3::jsonb, symbol = $4 "
                                  "WHERE b.account_id = ANY ($1::bigint[]) AND b.strategy = '' AND b.deleted_at IS NULL" +
                                      returning};
const statement add_defaults_sql{"bots_add_defaults",
                                 "INSERT INTO bots AS b (account_id, user_id, name, strategy, parameters, symbol) "
                                 "SELECT a.id, a.user_id, $2::text, $2::text, $3::jsonb, $4::text FROM user_exchanges a "
                                 "WHERE a.id = ANY ($1::bigint[]) AND a.deleted_at IS NULL "
                                 "AND NOT EXISTS (SELECT FROM bots o WHERE o.account_id = a.id) ORDER BY a.id" +
                                     returning};
const statement finish_sql{"bots_finish",
                           "UPDATE bots b SET desired = 'stopped', at_rest = true, reason = $2, updated_at = now() "
                           "WHERE b.id = $1 AND b.desired <> 'stopped' RETURNING b.id"};
/// Why it was stopped stays, unless there is something to tell of what is left.
const statement rest_sql{"bots_rest",
                         "UPDATE bots b SET at_rest = true, reason = coalesce(nullif($2, ''), reason) "
                         "WHERE b.id = $1 AND b.desired = 'stopped'"};

template <class Value>
Value known(std::optional<Value> value, const char* column) {
  if (!value) throw std::runtime_error(std::string("a bot has an unknown ") + column);
  return *value;
}

bot bot_of(const pqxx::row& row) {
  return {.id = bot_id(integer_of(row[0])),
          .account = account_id(integer_of(row[1])),
          .user = user_id(integer_of(row[2])),
          .name = text_of(row[3]),
          .strategy = text_of(row[4]),
          .parameters = text_of(row[5]),
          .symbol = text_of(row[6]),
          .desired = known(parse_desired_state(view_of(row[7])), "desired state"),
          .resume = known(parse_resume_contract(view_of(row[8])), "resume contract"),
          .at_rest = boolean_of(row[9]),
          .reason = text_of(row[10]),
          .created_at = tenants::time_of(row[11]),
          .updated_at = tenants::time_of(row[12])};
}

std::vector<bot> bots_of(const pqxx::result& found) {
  std::vector<bot> bots;
  bots.reserve(found.size());
  for (const auto& row : found) bots.push_back(bot_of(row));
  return bots;
}

void audit(pqxx::transaction_base& tx, user_id actor, std::string action, bot_id id, std::string detail = {}) {
  tenants::insert_audit_event(tx, {.actor = actor,
                                   .action = std::move(action),
                                   .object = "bot:" + std::to_string(id.value),
                                   .detail = std::move(detail)});
}

std::string_view action_of(desired_state wanted) {
  if (wanted == desired_state::running) return "bot.start";
  return wanted == desired_state::paused ? "bot.pause" : "bot.stop";
}

result<bot> insert(connection& c, const new_bot& fresh, int limit) {
  pqxx::work tx(c);
  tenants::act_for(tx, fresh.user);
  auto made = bot_rows::insert(tx, fresh, limit);
  if (made) tx.commit();
  return made;
}

result<bot> change(connection& c, user_id user, bot_id id, const bot_patch& patch) {
  pqxx::work tx(c);
  tenants::act_for(tx, user);
  const auto contract = patch.resume ? std::optional(std::string(to_string(*patch.resume))) : std::nullopt;
  auto found = execute(tx, update_sql, user.value, id.value, tenants::null_if_absent(patch.name),
                       tenants::null_if_absent(patch.parameters), tenants::null_if_absent(contract));
  if (found.empty()) return fail(tenant_errc::not_found);
  auto changed = bot_of(found[0]);
  audit(tx, user, "bot.update", id,
        changed.name + " " + changed.parameters + " " + std::string(to_string(changed.resume)));
  tx.commit();
  return changed;
}

result<bot> switch_bot(connection& c, user_id user, bot_id id, desired_state wanted) {
  pqxx::work tx(c);
  tenants::act_for(tx, user);
  auto found = execute(tx, lock_sql, user.value, id.value);
  if (found.empty()) return fail(tenant_errc::not_found);
  auto current = bot_of(found[0]);
  if (current.desired == wanted) return current;
  auto changed = bot_of(execute(tx, set_desired_sql, id.value, std::string(to_string(wanted))).at(0));
  audit(tx, user, std::string(action_of(wanted)), id);
  tx.commit();
  return changed;
}

result<void> remove_bot(connection& c, user_id user, bot_id id) {
  pqxx::work tx(c);
  tenants::act_for(tx, user);
  if (execute(tx, remove_sql, user.value, id.value).empty()) return fail(tenant_errc::not_found);
  audit(tx, user, "bot.delete", id);
  tx.commit();
  return {};
}

std::vector<bot> add_defaults(connection& c, const default_bot& wanted, const std::string& accounts) {
  pqxx::work tx(c);
  auto added = bots_of(execute(tx, fill_defaults_sql, accounts, wanted.strategy, wanted.parameters, wanted.symbol));
  auto fresh = bots_of(execute(tx, add_defaults_sql, accounts, wanted.strategy, wanted.parameters, wanted.symbol));
  tx.commit();
  // Of bots from before, some may have been stopped by hand.
  std::erase_if(added, [](const bot& b) { return b.desired == desired_state::stopped && b.at_rest; });
  std::ranges::move(fresh, std::back_inserter(added));
  std::ranges::sort(added, {}, &bot::id);
  return added;
}

void finish_bot_row(connection& c, bot_id id, const std::string& reason) {
  pqxx::work tx(c);
  if (!execute(tx, finish_sql, id.value, reason).empty()) audit(tx, {}, "bot.finish", id, reason);
  tx.commit();
}

template <class T>
result<T> judge(result<result<T>> outcome, const std::string& symbol) {
  if (!outcome && outcome.error().detail == one_per_market) return market_taken(symbol);
  return tenants::from_job(std::move(outcome));
}

class postgres_bot_store final : public bot_store {
 public:
  explicit postgres_bot_store(database& db) : db_(db) {}

  task<result<bot>> create(new_bot fresh, int limit) override {
    const std::string symbol = fresh.symbol;
    auto job = [fresh = std::move(fresh), limit](connection& c) { return insert(c, fresh, limit); };
    auto outcome = co_await db_.run("bots_create", std::move(job));
    co_return judge(std::move(outcome), symbol);
  }

  task<result<std::vector<bot>>> list(user_id user, bot_page page) override {
    auto job = [user, page = std::move(page)](connection& c) {
      pqxx::read_transaction tx(c);
      tenants::act_for(tx, user);
      return bots_of(execute(tx, list_sql, user.value, page.after_id, std::clamp(page.limit, 1, page_limit), page.account.value,
                             page.strategy));
    };
    auto outcome = co_await db_.run("bots_list", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<bot>> get(user_id user, bot_id id) override {
    auto job = [user, id](connection& c) -> result<bot> {
      pqxx::read_transaction tx(c);
      tenants::act_for(tx, user);
      auto found = execute(tx, get_sql, user.value, id.value);
      if (found.empty()) return fail(tenant_errc::not_found);
      return bot_of(found[0]);
    };
    auto outcome = co_await db_.run("bots_get", std::move(job));
    co_return tenants::from_job(std::move(outcome));
  }

  task<result<bot>> update(user_id user, bot_id id, bot_patch patch) override {
    auto job = [user, id, patch = std::move(patch)](connection& c) { return change(c, user, id, patch); };
    auto outcome = co_await db_.run("bots_update", std::move(job));
    co_return tenants::from_job(std::move(outcome));
  }

  task<result<bot>> set_desired(user_id user, bot_id id, desired_state wanted) override {
    auto job = [user, id, wanted](connection& c) { return switch_bot(c, user, id, wanted); };
    auto outcome = co_await db_.run("bots_set_desired", std::move(job));
    co_return judge(std::move(outcome), "its market");
  }

  task<result<void>> remove(user_id user, bot_id id) override {
    auto job = [user, id](connection& c) { return remove_bot(c, user, id); };
    auto outcome = co_await db_.run("bots_remove", std::move(job));
    co_return tenants::from_job(std::move(outcome));
  }

  task<result<std::vector<bot>>> load_runnable() override {
    auto job = [](connection& c) {
      pqxx::nontransaction tx(c);
      return bots_of(execute(tx, runnable_sql));
    };
    auto outcome = co_await db_.run("bots_runnable", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<std::vector<bot>>> load_runnable(account_id account) override {
    auto job = [account](connection& c) {
      pqxx::nontransaction tx(c);
      return bots_of(execute(tx, runnable_of_sql, account.value));
    };
    auto outcome = co_await db_.run("bots_runnable_of", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<std::vector<bot>>> add_default_bots(default_bot wanted, std::vector<account_owner> owners) override {
    array_text ids;
    for (const auto& owner : owners) ids.add(std::to_string(owner.account.value));
    auto job = [wanted = std::move(wanted), accounts = ids.finish()](connection& c) { return add_defaults(c, wanted, accounts); };
    auto outcome = co_await db_.run("bots_add_defaults", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<void>> finish(bot_id id, std::string reason) override {
    auto job = [id, reason = std::move(reason)](connection& c) {
      finish_bot_row(c, id, reason);
      return true;
    };
    auto outcome = co_await db_.run("bots_finish", std::move(job));
    co_return done(outcome);
  }

  task<result<void>> mark_at_rest(bot_id id, std::string reason) override {
    auto job = [id, reason = std::move(reason)](connection& c) {
      pqxx::nontransaction tx(c);
      execute(tx, rest_sql, id.value, reason);
      return true;
    };
    auto outcome = co_await db_.run("bots_rest", std::move(job));
    co_return done(outcome);
  }

 private:
  static result<void> done(const result<bool>& outcome) {
    if (!outcome) return std::unexpected(tenants::from_database_error(outcome.error()));
    return {};
  }

  database& db_;
};

}  // namespace

const std::string& bot_rows::nothing_to_close() {
  static const std::string sql =
      "NOT EXISTS (SELECT FROM user_exchanges a JOIN users u ON u.id = a.user_id WHERE a.id = b.account_id AND a.is_active "
      "AND a.status = 'APPROVED' AND a.deleted_at IS NULL AND u.status = 'active')";
  return sql;
}

result<bot> bot_rows::insert(pqxx::transaction_base& tx, const new_bot& fresh, int limit) {
  if (execute(tx, lock_owner_sql, fresh.user.value, fresh.account.value).empty())
    return fail(tenant_errc::not_found, "account_id: there is no such account");
  if (integer_of(execute(tx, count_sql, fresh.user.value).at(0)[0]) >= limit) return too_many_bots(limit);
  auto made = bot_of(execute(tx, insert_sql, fresh.user.value, fresh.account.value, fresh.name, fresh.strategy, fresh.parameters,
                             fresh.symbol, std::string(to_string(fresh.desired)), std::string(to_string(fresh.resume)))
                         .at(0));
  audit(tx, fresh.user, "bot.create", made.id, fresh.strategy + " " + fresh.symbol + " account:" + std::to_string(fresh.account.value));
  execute(tx, notify_sql, std::to_string(fresh.account.value));
  return made;
}

std::unique_ptr<bot_store> make_postgres_bot_store(database& db) { return std::make_unique<postgres_bot_store>(db); }

}  // namespace drover::engine
