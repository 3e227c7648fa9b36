#include <map>
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

/// The fill and, when it is ours, the lock on its position. A fill that was stored as foreign becomes ours when its intent
/// is named later; anything else that is there stays. The position is written to be locked and read as of now.
const statement open_fill_sql{
    "fills_open",
    "WITH fresh AS (INSERT INTO fills (account_id, user_id, intent_id, symbol, trade_id, venue_order_id, side, price, "
    "quantity, fee, fee_asset, maker, quote_asset, at) VALUES ($1, $2, $3::uuid, $4, $5, $6, $7, $8::numeric, "
    "$9::numeric, $10::numeric, $11, $12, $13, $14::timestamptz) "
    "ON CONFLICT ON CONSTRAINT fills_trade_key DO UPDATE SET intent_id = excluded.intent_id "
    "WHERE fills.intent_id IS NULL AND excluded.intent_id IS NOT NULL RETURNING id, intent_id), "
    "held AS (INSERT INTO positions (account_id, symbol) SELECT $1, $4 FROM fresh WHERE fresh.intent_id IS NOT NULL "
    "ON CONFLICT (account_id, symbol) DO UPDATE SET updated_at = now() RETURNING quantity, cost, realised) "
    "SELECT fresh.id, held.quantity, held.cost, held.realised FROM fresh LEFT JOIN held ON true"};

const statement select_fill_sql{
    "fills_select",
    "SELECT f.id, f.realised, coalesce(f.earning_id, 0), coalesce(o.filled_quantity, 0) FROM fills f "
    "LEFT JOIN order_intents o ON o.id = f.intent_id "
    "WHERE f.account_id = $1 AND f.symbol = $2 AND f.trade_id = $3"};

const statement select_position_sql{
    "positions_select", "SELECT quantity, cost, realised FROM positions WHERE account_id = $1 AND symbol = $2"};

/// Position, intent and fill after the booking, and the user's new total. The transaction holds the position's lock. Where
/// others follow the account, the fill is their signal from this commit on (engine/copy).
const statement close_fill_sql{
    "fills_close",
    "WITH moved AS (UPDATE positions SET quantity = $3::numeric, cost = $4::numeric, realised = $5::numeric, "
    "updated_at = now() WHERE account_id = $1 AND symbol = $2), "
    "booked AS (UPDATE fills SET realised = $7::numeric, earning_id = nullif($8::bigint, 0) WHERE id = $6), "
    "filled AS (UPDATE order_intents SET filled_quantity = filled_quantity + $10::numeric, "
    "venue_order_id = CASE WHEN venue_order_id = '' THEN $11 ELSE venue_order_id END, "
    "state = CASE WHEN status NOT IN ('open', 'partially_filled') "
    "AND filled_quantity + $10::numeric >= reported_quantity THEN 'closed' ELSE 'accepted' END, "
    "updated_at = now() WHERE id = $9::uuid AND account_id = $1 RETURNING filled_quantity), "
    "signalled AS (INSERT INTO copy_signals (room_id, fill_id) SELECT r.id, $6 FROM copy_rooms r WHERE r.account_id = $1 "
    "AND r.state = 'open' AND (r.symbols = '{}' OR $2 = ANY (r.symbols)) ON CONFLICT DO NOTHING) "
    "SELECT filled_quantity, coalesce((SELECT amount FROM earning_totals "
    "WHERE user_id = $12 AND source = 'trading' AND asset = $13), 0) FROM filled"};

const statement select_complete_sql{
    "positions_complete_to",
    "SELECT coalesce(p.complete_to, ''), CASE WHEN p.complete_to <> '' THEN " + tenants::microseconds_of("p.complete_at") +
        " ELSE (SELECT " + tenants::microseconds_of("created_at") +
        " FROM order_intents WHERE account_id = $1 AND symbol = $2 ORDER BY created_at LIMIT 1) END "
        "FROM (SELECT) AS one LEFT JOIN positions p ON p.account_id = $1 AND p.symbol = $2"};

/// By time where both have one and they differ; else trade ids in the order of the venue: numbers by value, anything else by
/// length, then text.
const statement update_complete_sql{
    "positions_mark_complete",
    "INSERT INTO positions AS p (account_id, symbol, complete_to, complete_at) "
    "SELECT l.account_id, $2, $3, NULLIF($5, '')::timestamptz FROM account_leases l "
    "WHERE l.account_id = $1 AND l.epoch = $4 "
    "ON CONFLICT (account_id, symbol) DO UPDATE SET (complete_to, complete_at) = (SELECT "
    "CASE WHEN forward THEN excluded.complete_to ELSE p.complete_to END, "
    "CASE WHEN forward THEN excluded.complete_at ELSE p.complete_at END "
    "FROM (SELECT CASE WHEN p.complete_to <> '' AND p.complete_at <> excluded.complete_at "
    "THEN p.complete_at < excluded.complete_at "
    "ELSE (length(p.complete_to), p.complete_to COLLATE \"C\") < "
    "(length(excluded.complete_to), excluded.complete_to COLLATE \"C\") END AS forward) AS compared) "
    "RETURNING account_id"};

const statement select_state_sql{"bots_select_state", "SELECT state FROM bots WHERE id = $1"};

const statement update_state_sql{
    "bots_update_state",
    "WITH mine AS (SELECT b.id, f.state FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) "
    "AS f (id, account_id, epoch, state) "
    "JOIN bots b ON b.id = f.id AND b.account_id = f.account_id "
    "JOIN account_leases l ON l.account_id = f.account_id AND l.epoch = f.epoch "
    "ORDER BY b.id FOR NO KEY UPDATE OF b) "
    "UPDATE bots b SET state = mine.state FROM mine WHERE b.id = mine.id RETURNING b.id"};
const statement select_states_sql{"bots_select_states",
                                  "SELECT account_id, id, state FROM bots WHERE state <> '' AND deleted_at IS NULL ORDER BY account_id"};

const statement select_summaries_sql{
    "orders_summaries",
    "SELECT account_id, bool_or(open), bool_or(held) FROM ("
    "SELECT DISTINCT account_id, true AS open, false AS held FROM order_intents "
    "WHERE state IN ('intended', 'accepted', 'unknown') "
    "UNION ALL SELECT id, false, false FROM user_exchanges a WHERE EXISTS (SELECT FROM order_intents WHERE account_id = a.id) "
    "UNION ALL SELECT account_id, false, quantity <> 0 FROM positions) known GROUP BY account_id ORDER BY account_id"};

const statement count_states_sql{"orders_count", "SELECT state, count(*) FROM order_intents GROUP BY state"};
const statement volume_sql{
    "fills_volume",
    "SELECT coalesce(sum(fills), 0), coalesce(jsonb_object_agg(quote_asset, trim_scale(volume)::text)::text, '{}') "
    "FROM (SELECT quote_asset, count(*) AS fills, sum(price * quantity) AS volume FROM fills "
    "WHERE intent_id IS NOT NULL GROUP BY quote_asset) by_asset"};
const statement realised_sql{
    "fills_realised",
    "SELECT coalesce(jsonb_object_agg(asset, trim_scale(amount)::text)::text, '{}') "
    "FROM (SELECT asset, sum(amount) AS amount FROM earning_totals WHERE source = 'trading' GROUP BY asset) by_asset"};

tenants::position position_of(const pqxx::row& row, int first) {
  return {.quantity = decimal_of(row[first]), .cost = decimal_of(row[first + 1]), .realised_profit = decimal_of(row[first + 2])};
}
tenants::position position_of(const pqxx::result& rows) {
  if (rows.empty()) return {};
  return position_of(rows[0], 0);
}

tenants::trade trade_of(const pending_fill& p) {
  return {.is_buy = p.fill.side == exchanges::side::buy,
          .base_asset = p.instrument.base_asset,
          .quote_asset = p.instrument.quote_asset,
          .price = p.fill.price,
          .quantity = p.fill.quantity,
          .fee = p.fill.fee,
          .fee_asset = p.fill.fee_asset};
}

/// What open_fill_sql answers: nothing when the fill is in the books already.
pqxx::result open_fill(pqxx::work& tx, const pending_fill& p) {
  const auto& f = p.fill;
  const std::string intent = p.intent ? p.intent->to_string() : std::string();
  return execute(tx, open_fill_sql, p.account.value, p.user.value, tenants::null_if_empty(intent), f.symbol, f.trade_id,
                 f.venue_order_id, std::string(exchanges::to_string(f.side)), f.price.to_string(), f.quantity.to_string(),
                 f.fee.to_string(), f.fee_asset, f.maker, p.instrument.quote_asset, to_rfc3339(f.at));
}

void read_stored(pqxx::work& tx, const pending_fill& p, booked_fill& out) {
  auto rows = execute(tx, select_fill_sql, p.account.value, p.fill.symbol, p.fill.trade_id);
  out.id = fill_id(integer_of(rows.at(0)[0]));
  out.realised = decimal_of(rows[0][1]);
  out.earning_id = integer_of(rows[0][2]);
  out.order_filled = decimal_of(rows[0][3]);
  out.position = position_of(execute(tx, select_position_sql, p.account.value, p.fill.symbol));
  out.total_earnings = tenants::find_earnings_total(tx, p.user, "trading", p.instrument.quote_asset);
}

/// Three statements for a whole booking: what a fill costs until its frame is mostly round trips.
void book(pqxx::work& tx, const pending_fill& p, const tenants::position& before, booked_fill& out) {
  auto effect = tenants::apply_trade(before, trade_of(p));
  out.position = effect.after;
  out.realised = effect.realised;
  const auto cause = std::to_string(p.account.value) + ':' + p.fill.symbol + ':' + p.fill.trade_id;
  tenants::ledger_entry entry{.user = p.user,
                              .account = p.account,
                              .cause_kind = "fill",
                              .cause_id = cause,
                              .at = p.fill.at,
                              .postings = std::move(effect.postings)};
  auto entered = tenants::insert_trade(tx, entry, "trading", p.instrument.quote_asset, effect.realised);
  if (!entered) throw std::runtime_error("a new fill is in the ledger already");
  out.earning_id = *entered;
  auto closed = execute(tx, close_fill_sql, p.account.value, p.fill.symbol, effect.after.quantity.to_string(),
                        effect.after.cost.to_string(), effect.after.realised_profit.to_string(), out.id.value,
                        out.realised.to_string(), out.earning_id, p.intent->to_string(), p.fill.quantity.to_string(),
                        p.fill.venue_order_id, p.user.value, p.instrument.quote_asset);
  if (closed.empty()) throw std::runtime_error("a fill names an intent that its account does not have");
  out.order_filled = decimal_of(closed[0][0]);
  out.total_earnings = decimal_of(closed[0][1]);
}

void keep_foreign(pqxx::work& tx, const pending_fill& p, booked_fill& out) {
  out.position = position_of(execute(tx, select_position_sql, p.account.value, p.fill.symbol));
  out.total_earnings = tenants::find_earnings_total(tx, p.user, "trading", p.instrument.quote_asset);
}

booked_fill insert_fill(pqxx::work& tx, const pending_fill& p) {
  booked_fill out;
  out.fill = p.fill;
  out.quote_asset = p.instrument.quote_asset;
  auto opened = open_fill(tx, p);
  out.was_new = !opened.empty();
  if (out.was_new) out.id = fill_id(integer_of(opened[0][0]));
  if (!out.was_new)
    read_stored(tx, p, out);
  else if (p.intent)
    book(tx, p, position_of(opened[0], 1), out);
  else
    keep_foreign(tx, p, out);
  return out;
}

}  // namespace

std::vector<booked_fill> insert_fills(pqxx::connection_base& connection, const std::vector<pending_fill>& fills) {
  std::vector<uuid> intents;
  for (const auto& p : fills)
    if (p.intent) intents.push_back(*p.intent);
  std::vector<booked_fill> booked;
  pqxx::work tx(connection);
  lock_intents(tx, std::move(intents));
  for (const auto& p : fills) {
    booked.push_back(insert_fill(tx, p));
    failpoint("journal.within_fills");
  }
  failpoint("journal.before_fills");
  tx.commit();
  failpoint("journal.after_fills");
  return booked;
}

exchanges::fill_cursor select_complete_to(pqxx::connection_base& connection, account_id account, const std::string& symbol) {
  pqxx::nontransaction tx(connection);
  auto rows = execute(tx, select_complete_sql, account.value, symbol);
  exchanges::fill_cursor out;
  out.trade_id = text_of(rows[0][0]);
  if (!rows[0][1].is_null()) out.at = tenants::time_of(rows[0][1]);
  return out;
}

bool update_complete_to(pqxx::connection_base& connection, account_id account, const std::string& symbol,
                        const exchanges::fill_cursor& to, std::int64_t epoch) {
  pqxx::work tx(connection);
  const auto at = to.at ? to_rfc3339(*to.at) : std::string();
  auto rows = execute(tx, update_complete_sql, account.value, symbol, to.trade_id, epoch, at);
  failpoint("journal.before_complete");
  tx.commit();
  failpoint("journal.after_complete");
  return !rows.empty();
}

tenants::position select_position(pqxx::connection_base& connection, account_id account, const std::string& symbol) {
  pqxx::nontransaction tx(connection);
  return position_of(execute(tx, select_position_sql, account.value, symbol));
}

std::string select_strategy_state(pqxx::connection_base& connection, bot_id bot) {
  pqxx::nontransaction tx(connection);
  auto rows = execute(tx, select_state_sql, bot.value);
  return rows.empty() ? std::string() : text_of(rows[0][0]);
}

std::vector<bot_id> update_strategy_states(pqxx::connection_base& connection, const std::vector<pending_state>& states) {
  array_text bot, account, epoch, text;
  for (const auto& p : states) {
    bot.add(std::to_string(p.bot.value));
    account.add(std::to_string(p.account.value));
    epoch.add(std::to_string(p.epoch));
    text.add(p.text);
  }
  pqxx::work tx(connection);
  std::vector<bot_id> written;
  for (const auto& row : execute(tx, update_state_sql, bot.finish(), account.finish(), epoch.finish(), text.finish()))
    written.emplace_back(integer_of(row[0]));
  failpoint("journal.before_states");
  tx.commit();
  failpoint("journal.after_states");
  return written;
}

std::vector<order_journal::account_summary> select_summaries(pqxx::connection_base& connection) {
  pqxx::nontransaction tx(connection);
  std::map<account_id, order_journal::account_summary> known;
  for (const auto& row : execute(tx, select_summaries_sql)) {
    auto& summary = known[account_id(integer_of(row[0]))];
    summary.has_open_intents = boolean_of(row[1]);
    summary.has_position = boolean_of(row[2]);
  }
  for (const auto& row : execute(tx, select_states_sql))
    known[account_id(integer_of(row[0]))].strategy_states.emplace(bot_id(integer_of(row[1])), text_of(row[2]));
  std::vector<order_journal::account_summary> summaries;
  summaries.reserve(known.size());
  for (auto& [account, summary] : known) {
    summary.account = account;
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

order_journal::statistics select_statistics(pqxx::connection_base& connection) {
  pqxx::work tx(connection);
  order_journal::statistics s;
  for (const auto& row : execute(tx, count_states_sql)) {
    const auto state = parse_intent_state(tenants::view_of(row[0]));
    const auto count = integer_of(row[1]);
    if (state == intent_state::intended) s.intended = count;
    if (state == intent_state::accepted) s.accepted = count;
    if (state == intent_state::unknown) s.unknown = count;
    if (state == intent_state::refused) s.refused = count;
    if (state == intent_state::not_placed) s.not_placed = count;
    if (state == intent_state::closed) s.closed = count;
  }
  auto volume = execute(tx, volume_sql);
  s.fills = integer_of(volume.at(0)[0]);
  s.volume_json = text_of(volume[0][1]);
  s.realised_json = text_of(execute(tx, realised_sql).at(0)[0]);
  tx.commit();
  return s;
}

}  // namespace drover::engine::rows
