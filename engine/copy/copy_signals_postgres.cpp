// Signals, who gets them, and receipts.
#include <algorithm>
#include <map>

#include "engine/copy/copy_rows_postgres_detail.hpp"
#include "engine/orders/journal_rows.hpp"

namespace drover::engine::copy_rows {
namespace {

using rows::array_text;
using tenants::boolean_of;
using tenants::decimal_of;
using tenants::execute;
using tenants::integer_of;
using tenants::microseconds_of;
using tenants::statement;
using tenants::tenant_errc;
using tenants::text_of;
using tenants::view_of;

constexpr int page_limit = 200;

/// The member m followed when the signal s came.
const std::string was_active = "m.joined_at <= s.created_at AND (m.ended_at IS NULL OR m.ended_at > s.created_at)";
const std::string nobody_missing =
    "NOT EXISTS (SELECT FROM copy_members m WHERE m.room_id = s.room_id AND m.symbol = f.symbol AND " + was_active +
    " AND NOT EXISTS (SELECT FROM copy_receipts c WHERE c.room_id = s.room_id AND c.fill_id = s.fill_id "
    "AND c.account_id = m.account_id))";
/// As the strategy reads its own parameters; they were checked when they were stored.
const std::string follower_columns =
    "m.id, m.user_id, m.account_id, m.bot_id, coalesce((b.parameters ->> 'max_age_s')::numeric, 10)::bigint, "
    "coalesce(b.parameters ->> 'sizing', 'equity') = 'equity'";
const std::string signal_columns = "s.room_id, s.fill_id, f.symbol, f.side, f.price, f.quantity, " +
                                   microseconds_of("f.at") + ", " + microseconds_of("s.created_at") +
                                   ", s.completed_at IS NOT NULL";
constexpr int signal_column_count = 9;

const statement routes_sql{
    "rooms_routes", "SELECT r.id, r.account_id, m.symbol, " + follower_columns +
                        " FROM copy_rooms r LEFT JOIN (copy_members m JOIN bots b ON b.id = m.bot_id) "
                        "ON m.room_id = r.id AND m.state = 'joined' "
                        "WHERE r.state = 'open' AND ($1::bigint = 0 OR r.id = $1) ORDER BY r.id, m.symbol, m.id"};
const statement complete_old_sql{"signals_complete_old",
                                 "UPDATE copy_signals s SET completed_at = now() FROM fills f WHERE f.id = s.fill_id "
                                 "AND s.completed_at IS NULL AND s.created_at <= now() - $1 * interval '1 ms' AND " +
                                     nobody_missing};
const statement unfinished_sql{
    "signals_unfinished",
    "SELECT " + signal_columns + ", coalesce(led.bot_id, 0), " + follower_columns +
        ", m.state = 'joined', o.id, coalesce(o.quantity, 0) "
        "FROM copy_signals s JOIN fills f ON f.id = s.fill_id LEFT JOIN order_intents led ON led.id = f.intent_id "
        "JOIN copy_members m ON m.room_id = s.room_id AND m.symbol = f.symbol AND " +
        was_active +
        " JOIN bots b ON b.id = m.bot_id "
        "LEFT JOIN LATERAL (SELECT i.id, i.quantity FROM order_intents i WHERE i.bot_id = m.bot_id "
        "AND i.tag = 'signal:' || s.room_id || '.' || s.fill_id ORDER BY i.created_at LIMIT 1) o ON true "
        "WHERE s.completed_at IS NULL AND s.created_at <= now() - $1 * interval '1 ms' "
        "AND NOT EXISTS (SELECT FROM copy_receipts c WHERE c.room_id = s.room_id AND c.fill_id = s.fill_id "
        "AND c.account_id = m.account_id) ORDER BY s.created_at, s.room_id, s.fill_id, m.id LIMIT $2"};
/// A room that closed as the fill was booked has no such signal, although the fan-out did not know yet.
const statement insert_receipts_sql{
    "receipts_insert",
    "INSERT INTO copy_receipts (room_id, fill_id, account_id, member_id, outcome, reason, quantity, order_id, "
    "judged_at, latency_us) "
    "SELECT room, fill, account, member, outcome, reason, quantity, nullif(placed, '')::uuid, judged, latency "
    "FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::numeric[], "
    "$8::text[], "
    "$9::timestamptz[], $10::bigint[]) "
    "AS given (room, fill, account, member, outcome, reason, quantity, placed, judged, latency) "
    "JOIN copy_signals s ON s.room_id = room AND s.fill_id = fill ON CONFLICT DO NOTHING"};
const statement complete_sql{
    "signals_complete",
    "UPDATE copy_signals s SET completed_at = now() FROM fills f, unnest($1::bigint[], $2::bigint[]) "
    "AS given (room, fill) WHERE s.room_id = given.room AND s.fill_id = given.fill AND f.id = s.fill_id "
    "AND s.completed_at IS NULL AND " +
        nobody_missing};
const statement list_signals_sql{
    "signals_list", "SELECT " + signal_columns +
                        " FROM copy_signals s JOIN fills f ON f.id = s.fill_id WHERE s.room_id = $2 "
                        "AND ($4::bigint = 0 OR s.fill_id < $4) AND ($5::bigint = 0 OR s.fill_id = $5) "
                        "AND ($3::boolean OR EXISTS (SELECT FROM copy_members m WHERE m.room_id = s.room_id "
                        "AND m.user_id = $1 AND m.symbol = f.symbol AND " +
                        was_active + ")) ORDER BY s.fill_id DESC LIMIT $6"};
const statement list_receipts_sql{
    "receipts_list",
    "SELECT c.room_id, c.fill_id, c.account_id, c.member_id, c.outcome, c.reason, c.quantity, c.order_id, " +
        microseconds_of("c.judged_at") +
        ", c.latency_us, u.username, f.symbol, f.side, f.price, coalesce(o.state, ''), coalesce(o.filled_quantity, 0), "
        "(SELECT round(sum(x.price * x.quantity) / sum(x.quantity), 18) FROM fills x WHERE x.intent_id = c.order_id) "
        "FROM copy_receipts c JOIN fills f ON f.id = c.fill_id JOIN copy_members m ON m.id = c.member_id "
        "JOIN users u ON u.id = m.user_id LEFT JOIN order_intents o ON o.id = c.order_id "
        "WHERE c.room_id = $2 AND ($3::boolean OR m.user_id = $1) AND ($5::bigint = 0 OR c.fill_id = $5) "
        "AND ($4::bigint = 0 OR c.fill_id < $4 OR (c.fill_id = $4 AND c.account_id > $7)) "
        "ORDER BY c.fill_id DESC, c.account_id LIMIT $6"};

exchanges::side side_of(const pqxx::field& f) {
  const auto side = exchanges::parse_side(view_of(f));
  if (!side) throw std::runtime_error("a fill has an unknown side");
  return *side;
}

uuid uuid_of(const pqxx::field& f) {
  if (f.is_null()) return {};
  auto id = uuid::parse(view_of(f));
  if (!id) throw std::runtime_error("a column holds no uuid");
  return *id;
}

follower follower_of(const pqxx::row& row, int at) {
  return {.member = member_id(integer_of(row[at])),
          .user = user_id(integer_of(row[at + 1])),
          .account = account_id(integer_of(row[at + 2])),
          .bot = bot_id(integer_of(row[at + 3])),
          .max_age = seconds(integer_of(row[at + 4])),
          .needs_worth = boolean_of(row[at + 5])};
}

signal_key key_of(const pqxx::row& row) {
  return {room_id(integer_of(row[0])), fill_id(integer_of(row[1]))};
}

room_signal signal_of(const pqxx::row& row) {
  return {.key = key_of(row),
          .symbol = text_of(row[2]),
          .side = side_of(row[3]),
          .price = decimal_of(row[4]),
          .quantity = decimal_of(row[5]),
          .at = tenants::time_of(row[6]),
          .created_at = tenants::time_of(row[7]),
          .completed = boolean_of(row[8])};
}

receipt_view receipt_of(const pqxx::row& row) {
  receipt_view out;
  out.receipt = {.key = key_of(row),
                 .account = account_id(integer_of(row[2])),
                 .member = member_id(integer_of(row[3])),
                 .outcome = known(parse_signal_outcome(view_of(row[4])), "outcome"),
                 .reason = text_of(row[5]),
                 .quantity = decimal_of(row[6]),
                 .order = uuid_of(row[7]),
                 .judged_at = tenants::time_of(row[8]),
                 .latency = std::chrono::microseconds(integer_of(row[9]))};
  out.name = text_of(row[10]);
  out.symbol = text_of(row[11]);
  out.side = side_of(row[12]);
  out.signal_price = decimal_of(row[13]);
  out.order_state = text_of(row[14]);
  out.filled_quantity = decimal_of(row[15]);
  if (!row[16].is_null()) out.slippage = slippage_of(out.side, out.signal_price, decimal_of(row[16]));
  return out;
}

struct receipt_arrays {
  array_text room, fill, account, member, outcome, reason, quantity, order, judged, latency;
  void add(const receipt& r) {
    room.add(std::to_string(r.key.room.value));
    fill.add(std::to_string(r.key.fill.value));
    account.add(std::to_string(r.account.value));
    member.add(std::to_string(r.member.value));
    outcome.add(to_string(r.outcome));
    reason.add(r.reason);
    quantity.add(r.quantity.to_string());
    order.add(r.order == uuid() ? std::string() : r.order.to_string());
    judged.add(to_rfc3339(r.judged_at));
    latency.add(std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(r.latency).count()));
  }
};

}  // namespace

std::vector<room_route> select_routes(connection& c, std::optional<room_id> only) {
  pqxx::nontransaction tx(c);
  std::vector<room_route> routes;
  for (const auto& row : execute(tx, routes_sql, only ? only->value : 0)) {
    const room_id id(integer_of(row[0]));
    if (routes.empty() || routes.back().room != id) routes.push_back({id, account_id(integer_of(row[1])), {}});
    if (row[2].is_null()) continue;
    auto& markets = routes.back().markets;
    const auto symbol = view_of(row[2]);
    if (markets.empty() || markets.back().symbol != symbol) markets.push_back({std::string(symbol), {}});
    markets.back().followers.push_back(follower_of(row, 3));
  }
  return routes;
}

std::vector<unfinished_signal> select_unfinished(connection& c, milliseconds age, int limit) {
  pqxx::work tx(c);
  const auto age_ms = static_cast<std::int64_t>(age.count());
  execute(tx, complete_old_sql, age_ms);
  std::vector<unfinished_signal> found;
  for (const auto& row : execute(tx, unfinished_sql, age_ms, limit)) {
    if (found.empty() || found.back().signal.key != key_of(row))
      found.push_back({signal_of(row), bot_id(integer_of(row[signal_column_count])), {}});
    constexpr int first = signal_column_count + 1;
    found.back().missing.push_back(
        {follower_of(row, first), boolean_of(row[first + 6]), uuid_of(row[first + 7]), decimal_of(row[first + 8])});
  }
  tx.commit();
  return found;
}

void record(connection& c, const std::vector<receipt>& receipts, const std::vector<signal_key>& finished) {
  receipt_arrays a;
  for (const auto& r : receipts) a.add(r);
  array_text rooms, fills;
  for (const auto& key : finished) {
    rooms.add(std::to_string(key.room.value));
    fills.add(std::to_string(key.fill.value));
  }
  pqxx::work tx(c);
  if (!receipts.empty())
    execute(tx, insert_receipts_sql, a.room.finish(), a.fill.finish(), a.account.finish(), a.member.finish(),
            a.outcome.finish(), a.reason.finish(), a.quantity.finish(), a.order.finish(), a.judged.finish(),
            a.latency.finish());
  if (!finished.empty()) execute(tx, complete_sql, rooms.finish(), fills.finish());
  tx.commit();
}

result<std::vector<room_signal>> select_signals(connection& c, user_id user, room_id id, const feed_page& page) {
  pqxx::work tx(c);
  const auto role = role_in(tx, user, id);
  if (!role) return fail(tenant_errc::not_found);
  std::vector<room_signal> found;
  for (const auto& row : execute(tx, list_signals_sql, user.value, id.value, *role == room_role::lead, page.before_fill,
                                 page.of_fill, std::clamp(page.limit, 1, page_limit)))
    found.push_back(signal_of(row));
  return found;
}

result<std::vector<receipt_view>> select_receipts(connection& c, user_id user, room_id id, const feed_page& page) {
  pqxx::work tx(c);
  const auto role = role_in(tx, user, id);
  if (!role) return fail(tenant_errc::not_found);
  std::vector<receipt_view> found;
  for (const auto& row :
       execute(tx, list_receipts_sql, user.value, id.value, *role == room_role::lead, page.before_fill, page.of_fill,
               std::clamp(page.limit, 1, page_limit), page.after_account.value))
    found.push_back(receipt_of(row));
  return found;
}

}  // namespace drover::engine::copy_rows
