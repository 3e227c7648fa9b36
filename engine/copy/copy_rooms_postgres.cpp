// Rooms and invitations.
#include <algorithm>

#include "engine/copy/copy_rows_postgres_detail.hpp"
#include "engine/copy/copy_rules.hpp"
#include "engine/orders/journal_rows.hpp"
#include "tenants/audit/audit.hpp"

namespace drover::engine::copy_rows {
namespace {

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
constexpr int room_column_count = 13;

const std::string returning = " RETURNING " + room_columns();

const statement lock_account_sql{
    "rooms_lock_account",
    "SELECT a.id FROM user_exchanges a WHERE a.id = $2 AND a.user_id = $1 AND a.deleted_at IS NULL "
    "FOR NO KEY UPDATE"};
const statement follows_sql{"rooms_follows",
                            "SELECT FROM copy_members WHERE account_id = $1 AND state = 'joined' LIMIT 1"};
const statement count_sql{"rooms_count", "SELECT count(*) FROM copy_rooms WHERE lead_id = $1 AND state = 'open'"};
const statement insert_sql{"rooms_insert",
                           "INSERT INTO copy_rooms AS r (lead_id, account_id, name, symbols, max_followers, max_ratio, "
                           "max_order_notional) VALUES ($1, $2, $3, $4::text[], $5, $6::numeric, $7::numeric)" +
                               returning};
const statement update_sql{
    "rooms_update",
    "UPDATE copy_rooms r SET name = coalesce($3, name), max_followers = coalesce($4::int, max_followers), "
    "max_ratio = coalesce($5::numeric, max_ratio), "
    "max_order_notional = coalesce($6::numeric, max_order_notional), updated_at = now() "
    "WHERE r.lead_id = $1 AND r.id = $2" +
        returning};
const statement lock_sql{"rooms_lock",
                         "SELECT " + room_columns() + " FROM copy_rooms r WHERE r.id = $1 FOR NO KEY UPDATE"};
const statement close_sql{
    "rooms_close",
    "UPDATE copy_rooms r SET state = 'closed', reason = $2, closed_at = now(), updated_at = now() "
    "WHERE r.id = $1" +
        returning};
const statement end_invitations_sql{"rooms_end_invitations",
                                    "UPDATE copy_invitations SET revoked = true WHERE room_id = $1 AND NOT revoked"};
const statement notify_sql{"rooms_notify", "SELECT pg_notify('rooms_changed', $1::text)"};

const std::string is_open = "NOT i.revoked AND i.uses < i.uses_limit AND i.expires_at > now()";
/// What the user $1 has to do with the room r.
const std::string role_of =
    "CASE WHEN r.lead_id = $1 THEN 'lead' "
    "WHEN EXISTS (SELECT FROM copy_members m WHERE m.user_id = $1 AND m.room_id = r.id AND m.state = 'joined') THEN "
    "'member' "
    "WHEN EXISTS (SELECT FROM copy_members m WHERE m.user_id = $1 AND m.room_id = r.id) THEN 'former' "
    "WHEN EXISTS (SELECT FROM copy_invitations i JOIN users u ON u.username = i.username "
    "WHERE u.id = $1 AND i.room_id = r.id AND " +
    is_open + ") THEN 'invited' END";
const std::string view =
    "SELECT " + room_columns() +
    ", lead.username, (SELECT count(*) FROM copy_members m WHERE m.room_id = r.id AND m.state = 'joined'), seen.role "
    "FROM copy_rooms r JOIN users lead ON lead.id = r.lead_id CROSS JOIN LATERAL (SELECT " +
    role_of + " AS role) seen WHERE seen.role IS NOT NULL AND ";
const statement get_sql{"rooms_get", view + "r.id = $2"};
const statement list_sql{
    "rooms_list", view +
                      "r.id IN (SELECT id FROM copy_rooms WHERE lead_id = $1 UNION SELECT room_id FROM copy_members "
                      "WHERE user_id = $1 UNION SELECT i.room_id FROM copy_invitations i JOIN users u ON u.username = "
                      "i.username WHERE u.id = $1 AND NOT i.revoked) "
                      "AND r.id > $2 AND ($3::text = '' OR seen.role = $3) ORDER BY r.id LIMIT $4"};
const statement role_sql{"rooms_role", "SELECT " + role_of + " FROM copy_rooms r WHERE r.id = $2"};

const std::string invitation_columns =
    "i.id, i.room_id, coalesce(i.username, ''), i.uses_limit, i.uses, i.while_connected, i.revoked, " +
    microseconds_of("i.created_at") + ", " + microseconds_of("i.expires_at");
const statement count_invitations_sql{"invitations_count",
                                      "SELECT count(*) FROM copy_invitations i WHERE i.room_id = $1 AND " + is_open};
const statement invite_sql{
    "invitations_insert",
    "INSERT INTO copy_invitations AS i (room_id, code_hash, username, uses_limit, while_connected, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, $6::timestamptz) RETURNING " +
        invitation_columns};
const statement invitations_sql{
    "invitations_list",
    "SELECT " + invitation_columns + " FROM copy_invitations i WHERE i.room_id = $1 ORDER BY i.id DESC LIMIT 200"};
const statement revoke_sql{"invitations_revoke",
                           "UPDATE copy_invitations SET revoked = true WHERE room_id = $1 AND id = $2 RETURNING id"};
const statement waiting_sql{"invitations_waiting",
                            "SELECT DISTINCT r.lead_id FROM copy_invitations i JOIN copy_rooms r ON r.id = i.room_id "
                            "WHERE i.while_connected AND r.state = 'open' AND " +
                                is_open + " ORDER BY 1"};
const statement extend_sql{
    "invitations_extend",
    "UPDATE copy_invitations i SET expires_at = $2::timestamptz FROM copy_rooms r "
    "WHERE r.id = i.room_id AND r.lead_id = ANY ($1::bigint[]) AND r.state = 'open' AND i.while_connected "
    "AND i.expires_at < $2::timestamptz AND " +
        is_open};
const statement by_code_sql{"invitations_by_code", "SELECT i.id, i.room_id, " + is_open +
                                                       " FROM copy_invitations i WHERE i.code_hash = $1 FOR UPDATE"};
const statement by_name_sql{
    "invitations_by_name",
    "SELECT i.id, i.room_id, " + is_open +
        " AS open FROM copy_invitations i JOIN users u ON u.username = i.username "
        "WHERE u.id = $1 AND i.room_id = $2 ORDER BY open DESC, i.id DESC LIMIT 1 FOR UPDATE OF i"};
const statement use_sql{"invitations_use", "UPDATE copy_invitations SET uses = uses + 1 WHERE id = $1"};
const statement select_room_sql{"rooms_select", "SELECT " + room_columns() + " FROM copy_rooms r WHERE r.id = $1"};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    parts.emplace_back(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(parts.back().size() + 1, text.size()));
  }
  return parts;
}

room_view view_of_room(const pqxx::row& row) {
  return {.room = room_of(row),
          .role = known(parse_room_role(view_of(row[room_column_count + 2])), "role"),
          .lead_name = text_of(row[room_column_count]),
          .followers = static_cast<int>(integer_of(row[room_column_count + 1]))};
}

invitation invitation_of(const pqxx::row& row) {
  return {.id = invitation_id(integer_of(row[0])),
          .room = room_id(integer_of(row[1])),
          .username = text_of(row[2]),
          .uses_limit = static_cast<int>(integer_of(row[3])),
          .uses = static_cast<int>(integer_of(row[4])),
          .while_connected = boolean_of(row[5]),
          .revoked = boolean_of(row[6]),
          .created_at = tenants::time_of(row[7]),
          .expires_at = tenants::time_of(row[8])};
}

std::optional<std::string> text_of_amount(const std::optional<decimal>& amount) {
  return amount ? std::optional(amount->to_string()) : std::nullopt;
}

}  // namespace

std::string room_columns() {
  return "r.id, r.lead_id, r.account_id, r.name, array_to_string(r.symbols, ','), r.state, r.reason, r.max_followers, "
         "r.max_ratio, "
         "r.max_order_notional, " +
         tenants::microseconds_of("r.created_at") + ", " + tenants::microseconds_of("r.updated_at") + ", " +
         tenants::microseconds_of("r.closed_at");
}

room room_of(const pqxx::row& row) {
  return {.id = room_id(integer_of(row[0])),
          .lead = user_id(integer_of(row[1])),
          .account = account_id(integer_of(row[2])),
          .name = text_of(row[3]),
          .symbols = split(view_of(row[4])),
          .state = view_of(row[5]) == "open" ? room_state::open : room_state::closed,
          .reason = text_of(row[6]),
          .max_followers = static_cast<int>(integer_of(row[7])),
          .max_ratio = decimal_of(row[8]),
          .max_order_notional = decimal_of(row[9]),
          .created_at = tenants::time_of(row[10]),
          .updated_at = tenants::time_of(row[11]),
          .closed_at = tenants::optional_time_of(row[12])};
}

void audit(transaction& tx, user_id actor, std::string action, room_id id, std::string detail) {
  tenants::insert_audit_event(tx, {.actor = actor,
                                   .action = std::move(action),
                                   .object = "room:" + std::to_string(id.value),
                                   .detail = std::move(detail)});
}

void notify_changed(transaction& tx, room_id id) {
  execute(tx, notify_sql, std::to_string(id.value));
}

std::optional<room> lock_room(transaction& tx, room_id id, std::optional<user_id> lead) {
  auto found = execute(tx, lock_sql, id.value);
  if (found.empty()) return std::nullopt;
  auto locked = room_of(found[0]);
  if (lead && locked.lead != *lead) return std::nullopt;
  return locked;
}

std::optional<room_role> role_in(transaction& tx, user_id user, room_id id) {
  auto found = execute(tx, role_sql, user.value, id.value);
  if (found.empty() || found[0][0].is_null()) return std::nullopt;
  return parse_room_role(view_of(found[0][0]));
}

result<room> insert_room(connection& c, const new_room& fresh, int limit) {
  pqxx::work tx(c);
  if (execute(tx, lock_account_sql, fresh.lead.value, fresh.account.value).empty()) return no_such_account();
  if (integer_of(execute(tx, count_sql, fresh.lead.value).at(0)[0]) >= limit) return too_many_rooms(limit);
  if (!execute(tx, follows_sql, fresh.account.value).empty()) return account_follows();
  rows::array_text symbols;
  for (const auto& symbol : fresh.symbols) symbols.add(symbol);
  auto made = room_of(execute(tx, insert_sql, fresh.lead.value, fresh.account.value, fresh.name, symbols.finish(),
                              fresh.max_followers, fresh.max_ratio.to_string(), fresh.max_order_notional.to_string())
                          .at(0));
  audit(tx, fresh.lead, "room.create", made.id, made.name + " account:" + std::to_string(fresh.account.value));
  notify_changed(tx, made.id);
  tx.commit();
  return made;
}

result<room> update_room(connection& c, user_id lead, room_id id, const room_patch& patch) {
  pqxx::work tx(c);
  const auto followers = patch.max_followers ? std::optional(std::to_string(*patch.max_followers)) : std::nullopt;
  const auto ratio = text_of_amount(patch.max_ratio), notional = text_of_amount(patch.max_order_notional);
  auto found =
      execute(tx, update_sql, lead.value, id.value, tenants::null_if_absent(patch.name),
              tenants::null_if_absent(followers), tenants::null_if_absent(ratio), tenants::null_if_absent(notional));
  if (found.empty()) return fail(tenant_errc::not_found);
  auto changed = room_of(found[0]);
  audit(tx, lead, "room.update", id,
        changed.name + " max_followers:" + std::to_string(changed.max_followers) + " max_ratio:" +
            changed.max_ratio.to_string() + " max_order_notional:" + changed.max_order_notional.to_string());
  notify_changed(tx, id);
  tx.commit();
  return changed;
}

room close_locked(transaction& tx, room_id id, user_id actor, const std::string& reason) {
  auto closed = room_of(execute(tx, close_sql, id.value, reason).at(0));
  execute(tx, end_invitations_sql, id.value);
  const auto ended = end_members_of(tx, id, reason);
  audit(tx, actor, "room.close", id, reason + "; followers: " + std::to_string(ended.size()));
  notify_changed(tx, id);
  return closed;
}

result<room> close_room(connection& c, user_id lead, room_id id, const std::string& reason) {
  pqxx::work tx(c);
  auto found = lock_room(tx, id, lead);
  if (!found) return fail(tenant_errc::not_found);
  if (found->state == room_state::closed) return *found;
  auto closed = close_locked(tx, id, lead, reason);
  tx.commit();
  return closed;
}

result<room_view> select_room(connection& c, user_id user, room_id id) {
  pqxx::nontransaction tx(c);
  auto found = execute(tx, get_sql, user.value, id.value);
  if (found.empty()) return fail(tenant_errc::not_found);
  return view_of_room(found[0]);
}

std::vector<room_view> select_rooms(connection& c, user_id user, const room_page& page) {
  pqxx::nontransaction tx(c);
  std::vector<room_view> rooms;
  const auto role = page.role ? std::string(to_string(*page.role)) : std::string();
  for (const auto& row : execute(tx, list_sql, user.value, page.after_id, role, std::clamp(page.limit, 1, page_limit)))
    rooms.push_back(view_of_room(row));
  return rooms;
}

result<invitation> insert_invitation(connection& c, user_id lead, const new_invitation& fresh, int limit) {
  pqxx::work tx(c);
  auto found = lock_room(tx, fresh.room, lead);
  if (!found) return fail(tenant_errc::not_found);
  if (found->state == room_state::closed) return room_closed(*found);
  if (integer_of(execute(tx, count_invitations_sql, fresh.room.value).at(0)[0]) >= limit)
    return too_many_invitations(limit);
  auto made = invitation_of(execute(tx, invite_sql, fresh.room.value, tenants::null_if_empty(fresh.code_hash),
                                    tenants::null_if_empty(fresh.username), fresh.uses_limit, fresh.while_connected,
                                    to_rfc3339(fresh.expires_at))
                                .at(0));
  audit(tx, lead, "room.invite", fresh.room,
        "invitation:" + std::to_string(made.id.value) + (made.username.empty() ? "" : " " + made.username));
  tx.commit();
  return made;
}

result<std::vector<invitation>> select_invitations(connection& c, user_id lead, room_id id) {
  pqxx::work tx(c);
  if (role_in(tx, lead, id) != room_role::lead) return fail(tenant_errc::not_found);
  std::vector<invitation> found;
  for (const auto& row : execute(tx, invitations_sql, id.value)) found.push_back(invitation_of(row));
  return found;
}

result<void> revoke_invitation(connection& c, user_id lead, room_id id, invitation_id which) {
  pqxx::work tx(c);
  if (role_in(tx, lead, id) != room_role::lead) return fail(tenant_errc::not_found);
  if (execute(tx, revoke_sql, id.value, which.value).empty()) return fail(tenant_errc::not_found);
  audit(tx, lead, "room.revoke", id, "invitation:" + std::to_string(which.value));
  tx.commit();
  return {};
}

std::vector<user_id> select_waiting_leads(connection& c) {
  pqxx::nontransaction tx(c);
  std::vector<user_id> leads;
  for (const auto& row : execute(tx, waiting_sql)) leads.emplace_back(integer_of(row[0]));
  return leads;
}

void extend_invitations(connection& c, const std::string& leads, wall_time until) {
  pqxx::work tx(c);
  execute(tx, extend_sql, leads, to_rfc3339(until));
  tx.commit();
}

std::optional<found_invitation> lock_invitation(transaction& tx, user_id user, const entrance& by) {
  auto found = by.code_hash.empty() ? execute(tx, by_name_sql, user.value, by.room.value)
                                    : execute(tx, by_code_sql, by.code_hash);
  if (found.empty()) return std::nullopt;
  return found_invitation{invitation_id(integer_of(found[0][0])), room_id(integer_of(found[0][1])),
                          boolean_of(found[0][2])};
}

void use_invitation(transaction& tx, invitation_id id) {
  execute(tx, use_sql, id.value);
}

result<room> look_in(connection& c, user_id user, const entrance& by) {
  pqxx::work tx(c);
  auto invitation = lock_invitation(tx, user, by);
  if (!invitation) return no_invitation();
  if (!invitation->open) return invitation_over();
  return room_of(execute(tx, select_room_sql, invitation->room.value).at(0));
}

}  // namespace drover::engine::copy_rows
