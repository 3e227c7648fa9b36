#include <pqxx/pqxx>

#include "base/failpoint.hpp"
#include "engine/orders/journal_rows.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::engine::rows {
namespace {

using tenants::boolean_of;
using tenants::decimal_of;
using tenants::execute;
using tenants::integer_of;
using tenants::statement;
using tenants::text_of;
using tenants::time_of;
using tenants::view_of;

const statement acquire_leases_sql{
    "orders_acquire_leases",
    "INSERT INTO account_leases (account_id, epoch, engine_name) "
    "SELECT DISTINCT a, 1, $2::text FROM unnest($1::bigint[]) AS a ORDER BY a "
    "ON CONFLICT (account_id) DO UPDATE SET epoch = account_leases.epoch + 1, engine_name = excluded.engine_name, "
    "acquired_at = now() RETURNING account_id, epoch"};

const statement check_writable_sql{"orders_check_writable", "UPDATE account_leases SET epoch = epoch WHERE false"};

/// The fence: the lease row is read and held in the very statement that writes, so that a take-over comes either before
/// (nothing is written) or after (and finds the intent).
const statement insert_intents_sql{
    "orders_insert_intents",
    "INSERT INTO order_intents (id, account_id, user_id, exchange_name, symbol, side, type, tif, price, quantity, tag, "
    "created_at, dead_after, bot_id) "
    "SELECT f.id, f.account_id, f.user_id, f.exchange_name, f.symbol, f.side, f.type, f.tif, f.price, f.quantity, f.tag, "
    "f.created_at, f.dead_after, nullif(f.bot_id, 0) "
    "FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], "
    "$9::numeric[], $10::numeric[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::bigint[], "
    "$15::bigint[]) "
    "AS f (id, account_id, user_id, exchange_name, symbol, side, type, tif, price, quantity, tag, created_at, "
    "dead_after, epoch, bot_id) "
    "JOIN account_leases l ON l.account_id = f.account_id AND l.epoch = f.epoch FOR SHARE OF l "
    "ON CONFLICT (id) DO NOTHING RETURNING id"};

const statement find_stored_sql{"orders_find_stored", "SELECT id FROM order_intents WHERE id = ANY ($1::uuid[])"};

/// An outcome counts only while nobody knows the order; everything else is proof that it exists.
const statement update_intents_sql{
    "orders_update_intents",
    "UPDATE order_intents o SET "
    "venue_order_id = CASE WHEN o.venue_order_id = '' THEN f.venue_order_id ELSE o.venue_order_id END, "
    "status = CASE WHEN f.status <> '' AND o.status IN ('open', 'partially_filled') THEN f.status ELSE o.status END, "
    "reported_quantity = greatest(o.reported_quantity, f.reported), "
    "reason = CASE WHEN f.outcome <> '' AND o.state IN ('intended', 'unknown') THEN f.reason ELSE o.reason END, "
    "state = CASE "
    "WHEN f.outcome <> '' AND o.state IN ('intended', 'unknown') THEN f.outcome "
    "WHEN f.outcome <> '' THEN o.state "
    "WHEN (f.status NOT IN ('', 'open', 'partially_filled') OR o.status NOT IN ('open', 'partially_filled')) "
    "AND o.filled_quantity >= greatest(o.reported_quantity, f.reported) THEN 'closed' "
    "ELSE 'accepted' END, "
    "sent_at = coalesce(o.sent_at, nullif(f.sent_at, '')::timestamptz), "
    "updated_at = now() "
    "FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::numeric[], $6::text[], $7::text[], $8::text[]) "
    "AS f (id, epoch, outcome, status, reported, venue_order_id, reason, sent_at), account_leases l "
    "WHERE o.id = f.id AND l.account_id = o.account_id AND l.epoch = f.epoch RETURNING o.id"};

const statement lock_intents_sql{
    "orders_lock", "SELECT id FROM order_intents WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"};

const statement select_open_sql{"orders_select_open",
                                "SELECT " + order_columns() +
                                    " FROM order_intents WHERE account_id = $1 AND state IN ('intended', 'accepted', "
                                    "'unknown') ORDER BY created_at, id"};
const statement select_order_sql{"orders_select", "SELECT " + order_columns() + " FROM order_intents WHERE id = $1::uuid"};
const statement select_by_venue_order_sql{
    "orders_select_by_venue_order",
    "SELECT " + order_columns() +
        " FROM order_intents WHERE account_id = $1 AND venue_order_id = $3 AND venue_order_id <> '' AND symbol = $2"};

template <class T>
T known(std::optional<T> value, const char* column) {
  if (!value) throw std::runtime_error(std::string("an intent has an unknown ") + column);
  return *value;
}
template <class T>
T known(result<T> value, const char* column) {
  if (!value) throw std::runtime_error(std::string("an intent has an unknown ") + column);
  return *value;
}

exchanges::time_in_force parse_tif(std::string_view text) {
  for (auto tif : {exchanges::time_in_force::gtc, exchanges::time_in_force::ioc, exchanges::time_in_force::fok})
    if (exchanges::to_string(tif) == text) return tif;
  throw std::runtime_error("an intent has an unknown time in force");
}

uuid uuid_of(const pqxx::field& f) { return known(uuid::parse(view_of(f)), "id"); }

std::vector<uuid> ids_of(const pqxx::result& rows) {
  std::vector<uuid> ids;
  ids.reserve(rows.size());
  for (const auto& row : rows) ids.push_back(uuid_of(row[0]));
  return ids;
}

std::string array_of(const std::vector<uuid>& ids) {
  array_text text;
  for (const auto& id : ids) text.add(id.to_string());
  return text.finish();
}

std::optional<journal_order> first_order(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return order_of(rows[0]);
}

/// The columns of a batch, each as one array.
struct intent_arrays {
  array_text id, account, user, exchange, symbol, side, type, tif, price, quantity, tag, created, dead, epoch, bot;

  void add(const pending_intent& p) {
    const auto& i = p.intent;
    id.add(i.id.to_string());
    account.add(std::to_string(i.account.value));
    user.add(std::to_string(i.user.value));
    exchange.add(i.exchange_name);
    symbol.add(i.symbol);
    side.add(exchanges::to_string(i.side));
    type.add(exchanges::to_string(i.type));
    tif.add(exchanges::to_string(i.tif));
    price.add(i.price.to_string());
    quantity.add(i.quantity.to_string());
    tag.add(i.tag);
    created.add(to_rfc3339(i.created_at));
    dead.add(to_rfc3339(i.dead_after));
    epoch.add(std::to_string(p.epoch));
    bot.add(std::to_string(i.bot.value));
  }
};

struct update_arrays {
  array_text id, epoch, outcome, status, reported, venue_order, reason, sent;

  void add(const pending_update& u) {
    id.add(u.id.to_string());
    epoch.add(std::to_string(u.epoch));
    outcome.add(u.outcome ? to_string(*u.outcome) : std::string_view());
    status.add(u.status ? exchanges::to_string(*u.status) : std::string_view());
    reported.add(u.reported.to_string());
    venue_order.add(u.venue_order_id);
    reason.add(u.reason);
    sent.add(u.sent_at ? to_rfc3339(*u.sent_at) : std::string());
  }
};

}  // namespace

const std::string& order_columns() {
  static const std::string columns =
      "id, account_id, user_id, exchange_name, symbol, side, type, tif, price, quantity, tag, " +
      tenants::microseconds_of("created_at") + ", " + tenants::microseconds_of("dead_after") +
      ", state, status, venue_order_id, filled_quantity, reported_quantity, reason, coalesce(bot_id, 0)";
  return columns;
}

journal_order order_of(const pqxx::row& row) {
  journal_order o;
  o.intent.id = uuid_of(row[0]);
  o.intent.account = account_id(integer_of(row[1]));
  o.intent.user = user_id(integer_of(row[2]));
  o.intent.exchange_name = text_of(row[3]);
  o.intent.symbol = text_of(row[4]);
  o.intent.side = known(exchanges::parse_side(view_of(row[5])), "side");
  o.intent.type = known(exchanges::parse_order_type(view_of(row[6])), "type");
  o.intent.tif = parse_tif(view_of(row[7]));
  o.intent.price = decimal_of(row[8]);
  o.intent.quantity = decimal_of(row[9]);
  o.intent.tag = text_of(row[10]);
  o.intent.created_at = time_of(row[11]);
  o.intent.dead_after = time_of(row[12]);
  o.state = known(parse_intent_state(view_of(row[13])), "state");
  o.status = known(exchanges::parse_order_status(view_of(row[14])), "status");
  o.venue_order_id = text_of(row[15]);
  o.filled_quantity = decimal_of(row[16]);
  o.reported_quantity = decimal_of(row[17]);
  o.reason = text_of(row[18]);
  o.intent.bot = bot_id(integer_of(row[19]));
  return o;
}

void array_text::add(std::string_view element) {
  text_ += text_.empty() ? "{\"" : ",\"";
  for (char c : element) {
    if (c == '"' || c == '\\') text_ += '\\';
    if (c != '\0') text_ += c;
  }
  text_ += '"';
}

std::vector<std::pair<account_id, std::int64_t>> acquire_leases(pqxx::connection_base& connection,
                                                                const std::vector<account_id>& accounts,
                                                                const std::string& engine_name) {
  array_text ids;
  for (auto account : accounts) ids.add(std::to_string(account.value));
  pqxx::work tx(connection);
  auto rows = execute(tx, acquire_leases_sql, ids.finish(), engine_name);
  failpoint("journal.before_leases");
  tx.commit();
  failpoint("journal.after_leases");
  std::vector<std::pair<account_id, std::int64_t>> leases;
  leases.reserve(rows.size());
  for (const auto& row : rows) leases.emplace_back(account_id(integer_of(row[0])), integer_of(row[1]));
  return leases;
}

void check_writable(pqxx::connection_base& connection) {
  pqxx::work tx(connection);
  execute(tx, check_writable_sql);
  tx.commit();
}

std::vector<uuid> insert_intents(pqxx::connection_base& connection, const std::vector<pending_intent>& intents) {
  intent_arrays a;
  std::vector<uuid> given;
  for (const auto& p : intents) {
    a.add(p);
    given.push_back(p.intent.id);
  }
  pqxx::work tx(connection);
  auto stored = ids_of(execute(tx, insert_intents_sql, a.id.finish(), a.account.finish(), a.user.finish(),
                               a.exchange.finish(), a.symbol.finish(), a.side.finish(), a.type.finish(), a.tif.finish(),
                               a.price.finish(), a.quantity.finish(), a.tag.finish(), a.created.finish(),
                               a.dead.finish(), a.epoch.finish(), a.bot.finish()));
  // Repeated ids are stored already; telling them from fenced ones costs a statement only when something is missing.
  if (stored.size() < given.size()) stored = ids_of(execute(tx, find_stored_sql, array_of(given)));
  failpoint("journal.before_intents");
  tx.commit();
  failpoint("journal.after_intents");
  return stored;
}

std::vector<uuid> find_stored(pqxx::connection_base& connection, const std::vector<uuid>& ids) {
  pqxx::nontransaction tx(connection);
  return ids_of(execute(tx, find_stored_sql, array_of(ids)));
}

void lock_intents(pqxx::transaction_base& tx, std::vector<uuid> ids) {
  if (ids.size() < 2) return;
  array_text list;
  for (const auto& id : ids) list.add(id.to_string());
  execute(tx, lock_intents_sql, list.finish());
}

std::vector<uuid> update_intents(pqxx::connection_base& connection, const std::vector<pending_update>& updates) {
  update_arrays a;
  for (const auto& u : updates) a.add(u);
  std::vector<uuid> ids;
  for (const auto& u : updates) ids.push_back(u.id);
  pqxx::work tx(connection);
  lock_intents(tx, std::move(ids));
  auto updated = ids_of(execute(tx, update_intents_sql, a.id.finish(), a.epoch.finish(), a.outcome.finish(),
                                a.status.finish(), a.reported.finish(), a.venue_order.finish(), a.reason.finish(), a.sent.finish()));
  failpoint("journal.before_updates");
  tx.commit();
  failpoint("journal.after_updates");
  return updated;
}

std::vector<journal_order> select_open(pqxx::connection_base& connection, account_id account) {
  pqxx::nontransaction tx(connection);
  std::vector<journal_order> orders;
  for (const auto& row : execute(tx, select_open_sql, account.value)) orders.push_back(order_of(row));
  return orders;
}

std::optional<journal_order> select_order(pqxx::connection_base& connection, const uuid& id) {
  pqxx::nontransaction tx(connection);
  return first_order(execute(tx, select_order_sql, id.to_string()));
}

std::optional<journal_order> select_order(pqxx::connection_base& connection, account_id account,
                                          const std::string& symbol, const std::string& venue_order_id) {
  pqxx::nontransaction tx(connection);
  return first_order(execute(tx, select_by_venue_order_sql, account.value, symbol, venue_order_id));
}

}  // namespace drover::engine::rows
