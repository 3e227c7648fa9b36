#include <algorithm>

#include "engine/control/control_store.hpp"
#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::engine {
namespace {

using tenants::execute;
using tenants::integer_of;
using tenants::microseconds_of;
using tenants::statement;
using tenants::tenant_errc;
using tenants::text_of;
using tenants::to_microseconds;
using tenants::view_of;

using connection = pqxx::connection_base;

constexpr int page_limit = 200;

/// SQL: a parameter of whole microseconds since 1970 as a timestamp.
std::string timestamp_of(const std::string& parameter) {
  return "(timestamptz 'epoch' + " + parameter + "::bigint * interval '1 microsecond')";
}

const std::string columns =
    "k.id, k.verb, k.scope, k.scope_id, k.scope_name, coalesce(k.owner_id, 0), coalesce(k.asked_by, 0), k.by_admin, k.asked_through, "
    "k.key, k.reason, " +
    microseconds_of("k.asked_at") + ", k.state, k.receipt::text, coalesce(k.released_by, 0), " + microseconds_of("k.released_at");

const statement insert_sql{"kills_insert",
                           "INSERT INTO kills (id, verb, scope, scope_id, scope_name, owner_id, asked_by, by_admin, asked_through, key, "
                           "reason, asked_at, state, receipt) VALUES ($1, $2, $3, $4, $5, nullif($6::bigint, 0), nullif($7::bigint, 0), $8, $9, "
                           "$10, $11, " + timestamp_of("$12") + ", $13, $14::jsonb) ON CONFLICT DO NOTHING RETURNING id"};
/// What stands in the way of the row: the same id first, then the caller's key, then the active one.
const statement same_sql{"kills_same",
                         "SELECT " + columns +
                             " FROM kills k WHERE k.id = $1 OR ($2::text <> '' AND k.key = $2 AND coalesce(k.asked_by, 0) = $3) "
                             "OR (k.state <> 'released' AND k.verb = $4 AND k.scope = $5 AND k.scope_id = $6 AND k.scope_name = $7 AND k.by_admin = $8) "
                             "ORDER BY (k.id = $1) DESC, (k.key = $2 AND $2::text <> '') DESC LIMIT 1"};
const statement update_sql{"kills_update", "UPDATE kills SET state = $2, receipt = $3::jsonb WHERE id = $1 AND state <> 'released'"};
const statement release_sql{"kills_release",
                            "UPDATE kills SET state = 'released', released_by = nullif($2::bigint, 0), released_at = " +
                                timestamp_of("$3") + " WHERE id = $1 AND state <> 'released' RETURNING id"};
const statement get_sql{"kills_get", "SELECT " + columns + " FROM kills k WHERE k.id = $1"};
const statement list_sql{"kills_list",
                         "SELECT " + columns +
                             " FROM kills k WHERE ($1::bigint = 0 OR k.owner_id = $1) AND (NOT $2::boolean OR k.state <> 'released') "
                             "ORDER BY k.asked_at DESC, k.id DESC LIMIT $3"};
const statement active_sql{"kills_active", "SELECT " + columns + " FROM kills k WHERE k.state <> 'released' ORDER BY k.asked_at, k.id"};

const statement set_lock_sql{"engine_locks_set",
                             "INSERT INTO engine_locks (name, locked, reason, changed_by, changed_at) VALUES ($1, $2, $3, nullif($4::bigint, 0), " +
                                 timestamp_of("$5") +
                                 ") ON CONFLICT (name) DO UPDATE SET locked = excluded.locked, reason = excluded.reason, "
                                 "changed_by = excluded.changed_by, changed_at = excluded.changed_at "
                                 "WHERE (engine_locks.locked, engine_locks.reason, engine_locks.changed_by, engine_locks.changed_at) "
                                 "IS DISTINCT FROM (excluded.locked, excluded.reason, excluded.changed_by, excluded.changed_at) RETURNING name"};
const statement locks_sql{"engine_locks_load",
                          "SELECT name, locked, reason, coalesce(changed_by, 0), " + microseconds_of("changed_at") + " FROM engine_locks"};

const statement owner_of_bot_sql{"control_owner_of_bot", "SELECT user_id FROM bots WHERE id = $1"};
const statement owner_of_account_sql{"control_owner_of_account", "SELECT user_id FROM user_exchanges WHERE id = $1"};
const statement owner_of_user_sql{"control_owner_of_user", "SELECT id FROM users WHERE id = $1"};

const statement set_limits_sql{
    "risk_limits_set",
    "INSERT INTO risk_limits (account_id, by_owner, max_order_notional, max_open_orders, max_position_notional, max_daily_loss, price_collar, "
    "max_orders_per_minute, updated_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9::bigint, 0)) "
    "ON CONFLICT (account_id, by_owner) DO UPDATE SET max_order_notional = excluded.max_order_notional, "
    "max_open_orders = excluded.max_open_orders, max_position_notional = excluded.max_position_notional, "
    "max_daily_loss = excluded.max_daily_loss, price_collar = excluded.price_collar, "
    "max_orders_per_minute = excluded.max_orders_per_minute, updated_by = excluded.updated_by, updated_at = now()"};
const statement limits_sql{"risk_limits_load",
                           "SELECT account_id, by_owner, max_order_notional, max_open_orders, max_position_notional, max_daily_loss, "
                           "price_collar, max_orders_per_minute FROM risk_limits"};
const statement clear_sql{"loss_clearings_set",
                          "INSERT INTO loss_clearings (account_id, cleared_at, cleared_by) VALUES ($1, " + timestamp_of("$2") +
                              ", nullif($3::bigint, 0)) ON CONFLICT (account_id) DO UPDATE SET cleared_at = excluded.cleared_at, "
                              "cleared_by = excluded.cleared_by"};
const statement realised_sql{
    "loss_realised",
    "WITH today AS (SELECT account_id, quote_asset, realised, recorded_at FROM fills WHERE recorded_at >= " + timestamp_of("$1") +
        " AND intent_id IS NOT NULL AND realised <> 0) "
        "SELECT t.account_id, t.quote_asset, sum(t.realised)::text FROM today t LEFT JOIN loss_clearings c ON c.account_id = t.account_id "
        "WHERE t.recorded_at >= coalesce(c.cleared_at, '-infinity') GROUP BY 1, 2 UNION ALL "
        "SELECT 0, t.quote_asset, sum(t.realised)::text FROM today t LEFT JOIN loss_clearings c ON c.account_id = 0 "
        "WHERE t.recorded_at >= coalesce(c.cleared_at, '-infinity') GROUP BY 1, 2"};

template <class Value>
Value known(std::optional<Value> value, const char* column) {
  if (!value) throw std::runtime_error(std::string("a row has an unknown ") + column);
  return *value;
}

kill kill_of(const pqxx::row& row) {
  auto id = uuid::parse(view_of(row[0]));
  auto receipt = parse_receipt(text_of(row[13]));
  if (!id || !receipt) throw std::runtime_error("a kill cannot be read");
  kill k{.id = *id,
         .verb = known(parse_halt_verb(view_of(row[1])), "verb"),
         .scope = {known(parse_halt_kind(view_of(row[2])), "scope"), integer_of(row[3]), text_of(row[4])},
         .owner = user_id(integer_of(row[5])),
         .by = user_id(integer_of(row[6])),
         .by_admin = tenants::boolean_of(row[7]),
         .through = text_of(row[8]),
         .key = text_of(row[9]),
         .reason = text_of(row[10]),
         .at = tenants::time_of(row[11]),
         .state = known(parse_kill_state(view_of(row[12])), "state"),
         .receipt = std::move(*receipt),
         .released_by = user_id(integer_of(row[14])),
         .released_at = tenants::optional_time_of(row[15])};
  if (k.receipt.entries_halted_since == wall_time{}) k.receipt.entries_halted_since = k.at;
  return k;
}

std::vector<kill> kills_of(const pqxx::result& found) {
  std::vector<kill> out;
  out.reserve(found.size());
  for (const auto& row : found) out.push_back(kill_of(row));
  return out;
}

void audit(pqxx::transaction_base& tx, user_id actor, std::string action, std::string object, std::string detail) {
  tenants::insert_audit_event(tx, {.actor = actor, .action = std::move(action), .object = std::move(object), .detail = std::move(detail)});
}

kill insert(connection& c, const kill& k) {
  pqxx::work tx(c);
  const auto id = k.id.to_string();
  const std::string verb(to_string(k.verb)), scope(to_string(k.scope.what));
  auto made = execute(tx, insert_sql, id, verb, scope, k.scope.id, k.scope.name, k.owner.value, k.by.value, k.by_admin, k.through, k.key,
                      k.reason, to_microseconds(k.at), std::string(to_string(k.state)), to_json(k.receipt));
  if (!made.empty()) {
    audit(tx, k.by, "kill." + verb, "kill:" + id, describe(k.scope) + " through " + k.through + ": " + k.reason);
    tx.commit();
    auto stored = k;
    stored.saved = true;
    return stored;
  }
  return kill_of(execute(tx, same_sql, id, k.key, k.by.value, verb, scope, k.scope.id, k.scope.name, k.by_admin).at(0));
}

void release(connection& c, const uuid& id, user_id by, wall_time at) {
  pqxx::work tx(c);
  if (!execute(tx, release_sql, id.to_string(), by.value, to_microseconds(at)).empty())
    audit(tx, by, "kill.release", "kill:" + id.to_string(), {});
  tx.commit();
}

std::string action_of(const lock_state& s) {
  if (s.name == engine_lock::lockdown) return s.locked ? "engine.lockdown" : "engine.release";
  return std::string(to_string(s.name)) + (s.locked ? ".lock" : ".unlock");
}

void store_lock(connection& c, const lock_state& s) {
  pqxx::work tx(c);
  if (!execute(tx, set_lock_sql, std::string(to_string(s.name)), s.locked, s.reason, s.by.value, to_microseconds(s.at)).empty())
    audit(tx, s.by, action_of(s), "engine", s.reason);
  tx.commit();
}

lock_state lock_of(const pqxx::row& row) {
  return {.name = known(parse_engine_lock(view_of(row[0])), "lock"),
          .locked = tenants::boolean_of(row[1]),
          .reason = text_of(row[2]),
          .by = user_id(integer_of(row[3])),
          .at = tenants::time_of(row[4])};
}

std::optional<std::string> text_of(const std::optional<decimal>& d) { return d ? std::optional(d->to_string()) : std::nullopt; }
std::optional<std::string> text_of(const std::optional<int>& i) { return i ? std::optional(std::to_string(*i)) : std::nullopt; }
std::optional<decimal> decimal_at(const pqxx::field& f) { return f.is_null() ? std::nullopt : std::optional(tenants::decimal_of(f)); }
std::optional<int> number_at(const pqxx::field& f) {
  return f.is_null() ? std::nullopt : std::optional(static_cast<int>(integer_of(f)));
}

std::string describe(const limit_overrides& v) {
  std::string out;
  const auto add = [&out](std::string_view name, const std::optional<std::string>& value) {
    if (value) out += (out.empty() ? "" : ", ") + std::string(name) + " " + *value;
  };
  add("max_order_notional", text_of(v.max_order_notional));
  add("max_open_orders", text_of(v.max_open_orders));
  add("max_position_notional", text_of(v.max_position_notional));
  add("max_daily_loss", text_of(v.max_daily_loss));
  add("price_collar", text_of(v.price_collar));
  add("max_orders_per_minute", text_of(v.max_orders_per_minute));
  return out.empty() ? "as configured" : out;
}

std::string object_of(account_id account) { return account.valid() ? "account:" + std::to_string(account.value) : "engine"; }

void store_limits(connection& c, const limits_row& row, user_id by) {
  pqxx::work tx(c);
  const auto& v = row.values;
  const auto notional = text_of(v.max_order_notional), position = text_of(v.max_position_notional), loss = text_of(v.max_daily_loss),
             collar = text_of(v.price_collar), orders = text_of(v.max_open_orders), rate = text_of(v.max_orders_per_minute);
  using tenants::null_if_absent;
  execute(tx, set_limits_sql, row.account.value, row.by_owner, null_if_absent(notional), null_if_absent(orders), null_if_absent(position),
          null_if_absent(loss), null_if_absent(collar), null_if_absent(rate), by.value);
  audit(tx, by, "risk.set", object_of(row.account), describe(v));
  tx.commit();
}

limits_row limits_of(const pqxx::row& row) {
  return {account_id(integer_of(row[0])), tenants::boolean_of(row[1]),
          {.max_order_notional = decimal_at(row[2]),
           .max_open_orders = number_at(row[3]),
           .max_position_notional = decimal_at(row[4]),
           .max_daily_loss = decimal_at(row[5]),
           .price_collar = decimal_at(row[6]),
           .max_orders_per_minute = number_at(row[7])}};
}

const statement* owner_statement(halt_scope::kind what) {
  if (what == halt_scope::kind::bot) return &owner_of_bot_sql;
  if (what == halt_scope::kind::account) return &owner_of_account_sql;
  return what == halt_scope::kind::user ? &owner_of_user_sql : nullptr;
}

class postgres_control_store final : public control_store {
 public:
  explicit postgres_control_store(database& db) : db_(db) {}

  task<result<kill>> add_kill(kill fresh) override {
    auto job = [fresh = std::move(fresh)](connection& c) { return insert(c, fresh); };
    auto outcome = co_await db_.run("kills_add", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<void>> update_kill(uuid id, kill_state state, kill_receipt receipt) override {
    return write("kills_update", [id, state, receipt = std::move(receipt)](connection& c) {
      pqxx::work tx(c);
      execute(tx, update_sql, id.to_string(), std::string(to_string(state)), to_json(receipt));
      tx.commit();
    });
  }

  task<result<void>> release_kill(uuid id, user_id by, wall_time at) override {
    return write("kills_release", [id, by, at](connection& c) { release(c, id, by, at); });
  }

  task<result<kill>> get_kill(uuid id) override {
    auto job = [id](connection& c) -> result<kill> {
      pqxx::nontransaction tx(c);
      auto found = execute(tx, get_sql, id.to_string());
      if (found.empty()) return fail(tenant_errc::not_found);
      return kill_of(found[0]);
    };
    auto outcome = co_await db_.run("kills_get", std::move(job));
    co_return tenants::from_job(std::move(outcome));
  }

  task<result<std::vector<kill>>> list_kills(kill_page page) override {
    auto job = [page](connection& c) {
      pqxx::nontransaction tx(c);
      return kills_of(execute(tx, list_sql, page.owner.value, page.active_only, std::clamp(page.limit, 1, page_limit)));
    };
    auto outcome = co_await db_.run("kills_list", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<std::vector<kill>>> load_active() override {
    auto job = [](connection& c) {
      pqxx::nontransaction tx(c);
      return kills_of(execute(tx, active_sql));
    };
    auto outcome = co_await db_.run("kills_active", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<void>> set_lock(lock_state state) override {
    return write("engine_locks_set", [state = std::move(state)](connection& c) { store_lock(c, state); });
  }

  task<result<std::vector<lock_state>>> load_locks() override {
    auto job = [](connection& c) {
      pqxx::nontransaction tx(c);
      std::vector<lock_state> out;
      for (const auto& row : execute(tx, locks_sql)) out.push_back(lock_of(row));
      return out;
    };
    auto outcome = co_await db_.run("engine_locks_load", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<std::optional<user_id>>> find_owner(halt_scope scope) override {
    auto job = [scope](connection& c) -> std::optional<user_id> {
      const auto* sql = owner_statement(scope.what);
      if (sql == nullptr) return std::nullopt;
      pqxx::nontransaction tx(c);
      auto found = execute(tx, *sql, scope.id);
      return found.empty() ? std::nullopt : std::optional(user_id(integer_of(found[0][0])));
    };
    auto outcome = co_await db_.run("control_owner", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<void>> set_limits(limits_row row, user_id by) override {
    return write("risk_limits_set", [row = std::move(row), by](connection& c) { store_limits(c, row, by); });
  }

  task<result<std::vector<limits_row>>> load_limits() override {
    auto job = [](connection& c) {
      pqxx::nontransaction tx(c);
      std::vector<limits_row> out;
      for (const auto& row : execute(tx, limits_sql)) out.push_back(limits_of(row));
      return out;
    };
    auto outcome = co_await db_.run("risk_limits_load", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<void>> clear_loss(account_id account, user_id by, wall_time at) override {
    return write("loss_clear", [account, by, at](connection& c) {
      pqxx::work tx(c);
      execute(tx, clear_sql, account.value, to_microseconds(at), by.value);
      audit(tx, by, "risk.clear_loss", object_of(account), {});
      tx.commit();
    });
  }

  task<result<std::vector<realised_row>>> load_realised(wall_time midnight) override {
    auto job = [midnight](connection& c) {
      pqxx::nontransaction tx(c);
      std::vector<realised_row> out;
      for (const auto& row : execute(tx, realised_sql, to_microseconds(midnight)))
        out.push_back({account_id(integer_of(row[0])), tenants::text_of(row[1]), tenants::decimal_of(row[2])});
      return out;
    };
    auto outcome = co_await db_.run("loss_realised", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

 private:
  template <class F>
  task<result<void>> write(std::string_view operation, F job) {
    auto outcome = co_await db_.run(operation, std::move(job));
    if (!outcome) co_return std::unexpected(tenants::from_database_error(outcome.error()));
    co_return result<void>();
  }

  database& db_;
};

}  // namespace

std::unique_ptr<control_store> make_postgres_control_store(database& db) { return std::make_unique<postgres_control_store>(db); }

}  // namespace drover::engine
