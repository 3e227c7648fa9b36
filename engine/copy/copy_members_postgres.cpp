// Who follows: in, out, and what ends by itself.
#include <algorithm>
#include <set>

#include "engine/bots/bot_rows_postgres_detail.hpp"
#include "engine/copy/copy_rows_postgres_detail.hpp"
#include "engine/copy/copy_rules.hpp"

namespace drover::engine::copy_rows {
namespace {

using tenants::execute;
using tenants::integer_of;
using tenants::microseconds_of;
using tenants::statement;
using tenants::tenant_errc;
using tenants::text_of;
using tenants::view_of;

constexpr int page_limit = 200;

const std::string columns =
    "m.id, m.room_id, m.user_id, u.username, m.account_id, m.bot_id, m.symbol, m.state, m.reason, " +
    microseconds_of("m.joined_at") + ", " + microseconds_of("m.ended_at");

/// Ends the joined memberships of `where` with state $1; their bots stop by their contracts, with the reason.
std::string end_text(const std::string& reason, const std::string& where) {
  return "WITH gone AS (UPDATE copy_members m SET state = $1, reason = " + reason +
         ", ended_at = now() WHERE m.state = 'joined' AND " + where +
         " RETURNING m.*), stopped AS (UPDATE bots b SET desired = 'stopped', at_rest = " +
         bot_rows::nothing_to_close() +
         ", reason = gone.reason, updated_at = now() FROM gone WHERE b.id = gone.bot_id AND b.desired <> 'stopped') "
         "SELECT " +
         columns + ", '' FROM gone m JOIN users u ON u.id = m.user_id ORDER BY m.id";
}

const statement lock_account_sql{
    "members_lock_account",
    "SELECT a.id FROM user_exchanges a WHERE a.id = $2 AND a.user_id = $1 AND a.deleted_at IS NULL "
    "FOR NO KEY UPDATE"};
const statement leads_sql{"members_leads", "SELECT FROM copy_rooms WHERE account_id = $1 AND state = 'open' LIMIT 1"};
const statement count_sql{"members_count", "SELECT count(*) FROM copy_members WHERE room_id = $1 AND state = 'joined'"};
const statement is_joined_sql{
    "members_is_joined",
    "SELECT FROM copy_members WHERE room_id = $1 AND account_id = $2 AND symbol = $3 AND state = 'joined'"};
const statement insert_sql{"members_insert",
                           "WITH m AS (INSERT INTO copy_members (room_id, user_id, account_id, bot_id, symbol) "
                           "VALUES ($1, $2, $3, $4, $5) RETURNING *) SELECT " +
                               columns + ", '' FROM m JOIN users u ON u.id = m.user_id"};
const statement leave_sql{"members_leave",
                          end_text("$2", "m.user_id = $3 AND m.room_id = $4 AND ($5::bigint = 0 OR m.id = $5)")};
const statement remove_sql{"members_remove", end_text("$2", "m.room_id = $3 AND m.id = $4")};
const statement end_all_sql{"members_end_all", end_text("$2", "m.room_id = $3")};
const statement end_orphans_sql{
    "members_end_orphans",
    end_text("CASE WHEN EXISTS (SELECT FROM users x WHERE x.id = m.user_id AND x.status <> 'active') THEN $2::text "
             "WHEN EXISTS (SELECT FROM user_exchanges a WHERE a.id = m.account_id AND a.deleted_at IS NOT NULL) THEN "
             "$3::text "
             "ELSE $4::text END",
             "(EXISTS (SELECT FROM users x WHERE x.id = m.user_id AND x.status <> 'active') "
             "OR EXISTS (SELECT FROM user_exchanges a WHERE a.id = m.account_id AND a.deleted_at IS NOT NULL) "
             "OR EXISTS (SELECT FROM bots d WHERE d.id = m.bot_id AND d.deleted_at IS NOT NULL))")};
const statement orphan_rooms_sql{
    "rooms_orphans",
    "SELECT r.id, lead.status <> 'active' FROM copy_rooms r JOIN users lead ON lead.id = r.lead_id "
    "JOIN user_exchanges a ON a.id = r.account_id WHERE r.state = 'open' AND (lead.status <> 'active' OR a.deleted_at "
    "IS NOT NULL) "
    "ORDER BY r.id FOR NO KEY UPDATE OF r"};
const statement list_sql{
    "members_list",
    "SELECT " + columns +
        ", b.state FROM copy_members m JOIN users u ON u.id = m.user_id JOIN bots b ON b.id = m.bot_id "
        "WHERE m.room_id = $2 AND ($3::boolean OR m.user_id = $1) AND m.id > $4 ORDER BY m.id LIMIT $5"};

member member_of(const pqxx::row& row) {
  const auto state = text_of(row[11]);
  return {.id = member_id(integer_of(row[0])),
          .room = room_id(integer_of(row[1])),
          .user = user_id(integer_of(row[2])),
          .name = text_of(row[3]),
          .account = account_id(integer_of(row[4])),
          .bot = bot_id(integer_of(row[5])),
          .symbol = text_of(row[6]),
          .state = known(parse_member_state(view_of(row[7])), "state"),
          .reason = text_of(row[8]),
          .joined_at = tenants::time_of(row[9]),
          .ended_at = tenants::optional_time_of(row[10]),
          .drift = state.empty() ? std::nullopt : find_drift(state)};
}

std::vector<member> members_of(const pqxx::result& rows) {
  std::vector<member> members;
  members.reserve(rows.size());
  for (const auto& row : rows) members.push_back(member_of(row));
  return members;
}

std::string name_of(const member& m) {
  return "member:" + std::to_string(m.id.value) + " " + m.symbol;
}

/// Why the account may not come in.
result<void> check_entry(transaction& tx, const room& wanted, const new_bot& bot) {
  if (wanted.state == room_state::closed) return room_closed(wanted);
  if (execute(tx, lock_account_sql, bot.user.value, bot.account.value).empty()) return no_such_account();
  if (!execute(tx, leads_sql, bot.account.value).empty()) return account_leads();
  if (!execute(tx, is_joined_sql, wanted.id.value, bot.account.value, bot.symbol).empty())
    return already_member(bot.symbol);
  if (integer_of(execute(tx, count_sql, wanted.id.value).at(0)[0]) >= wanted.max_followers) return room_full(wanted);
  return {};
}

}  // namespace

std::vector<member> end_members_of(transaction& tx, room_id id, const std::string& reason) {
  return members_of(execute(tx, end_all_sql, std::string(to_string(member_state::ended)), reason, id.value));
}

result<member> join(connection& c, const join_request& wanted, int bots_limit) {
  pqxx::work tx(c);
  const auto invitation = lock_invitation(tx, wanted.user, wanted.by);
  if (!invitation) return no_invitation();
  if (!invitation->open) return invitation_over();
  const auto into = lock_room(tx, invitation->room, std::nullopt);
  auto allowed = check_entry(tx, into.value(), wanted.bot);
  if (!allowed) return std::unexpected(allowed.error());
  auto bot = bot_rows::insert(tx, wanted.bot, bots_limit);
  if (!bot) return std::unexpected(bot.error());
  use_invitation(tx, invitation->id);
  auto made = member_of(execute(tx, insert_sql, into->id.value, wanted.user.value, wanted.bot.account.value,
                                bot->id.value, wanted.bot.symbol)
                            .at(0));
  audit(tx, wanted.user, "room.join", into->id, name_of(made) + " bot:" + std::to_string(bot->id.value));
  notify_changed(tx, into->id);
  tx.commit();
  return made;
}

result<std::vector<member>> leave(connection& c, user_id user, room_id id, std::optional<member_id> which) {
  pqxx::work tx(c);
  auto left = members_of(execute(tx, leave_sql, std::string(to_string(member_state::left)), std::string(follower_left),
                                 user.value, id.value, which ? which->value : 0));
  if (left.empty()) return fail(tenant_errc::not_found);
  for (const auto& m : left) audit(tx, user, "room.leave", id, name_of(m));
  notify_changed(tx, id);
  tx.commit();
  return left;
}

result<member> remove_member(connection& c, user_id lead, room_id id, member_id which) {
  pqxx::work tx(c);
  if (!lock_room(tx, id, lead)) return fail(tenant_errc::not_found);
  auto removed = members_of(execute(tx, remove_sql, std::string(to_string(member_state::removed)),
                                    std::string(follower_removed), id.value, which.value));
  if (removed.empty()) return fail(tenant_errc::not_found);
  audit(tx, lead, "room.remove", id, name_of(removed.front()));
  notify_changed(tx, id);
  tx.commit();
  return removed.front();
}

result<std::vector<member>> select_members(connection& c, user_id user, room_id id, std::int64_t after_id, int limit) {
  pqxx::work tx(c);
  const auto role = role_in(tx, user, id);
  if (!role) return fail(tenant_errc::not_found);
  return members_of(execute(tx, list_sql, user.value, id.value, *role == room_role::lead, after_id,
                            std::clamp(limit, 1, page_limit)));
}

int end_orphans(connection& c) {
  pqxx::work tx(c);
  int ended = 0;
  for (const auto& row : execute(tx, orphan_rooms_sql)) {
    const bool banned = tenants::boolean_of(row[1]);
    close_locked(tx, room_id(integer_of(row[0])), {}, std::string(banned ? lead_banned : lead_account_deleted));
    ++ended;
  }
  const auto members =
      members_of(execute(tx, end_orphans_sql, std::string(to_string(member_state::ended)), std::string(follower_banned),
                         std::string(follower_account_deleted), std::string(follower_bot_deleted)));
  std::set<room_id> rooms;
  for (const auto& m : members) {
    audit(tx, {}, "room.end", m.room, name_of(m) + " " + m.reason);
    rooms.insert(m.room);
    ++ended;
  }
  for (const auto id : rooms) notify_changed(tx, id);
  if (ended > 0) tx.commit();
  return ended;
}

}  // namespace drover::engine::copy_rows
