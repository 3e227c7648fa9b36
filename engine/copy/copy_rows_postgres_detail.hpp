#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "engine/copy/copy_store.hpp"
#include "tenants/postgres_calls_detail.hpp"

/// What the PostgreSQL store of rooms does on a connection's thread: one function per transaction, those that take a
/// transaction leave the commit to the caller. Failures of the database are libpqxx's exceptions. Included by
/// *_postgres.cpp only.
namespace drover::engine::copy_rows {

using connection = pqxx::connection_base;
using transaction = pqxx::transaction_base;

result<room> insert_room(connection&, const new_room&, int limit);
result<room> update_room(connection&, user_id lead, room_id, const room_patch&);
result<room> close_room(connection&, user_id lead, room_id, const std::string& reason);
result<room_view> select_room(connection&, user_id, room_id);
std::vector<room_view> select_rooms(connection&, user_id, const room_page&);

result<invitation> insert_invitation(connection&, user_id lead, const new_invitation&, int limit);
result<std::vector<invitation>> select_invitations(connection&, user_id lead, room_id);
result<void> revoke_invitation(connection&, user_id lead, room_id, invitation_id);
std::vector<user_id> select_waiting_leads(connection&);
void extend_invitations(connection&, const std::string& leads, wall_time until);
result<room> look_in(connection&, user_id, const entrance&);

result<member> join(connection&, const join_request&, int bots_limit);
result<std::vector<member>> leave(connection&, user_id, room_id, std::optional<member_id>);
result<member> remove_member(connection&, user_id lead, room_id, member_id);
result<std::vector<member>> select_members(connection&, user_id, room_id, std::int64_t after_id, int limit);
int end_orphans(connection&);

result<std::vector<room_signal>> select_signals(connection&, user_id, room_id, const feed_page&);
result<std::vector<receipt_view>> select_receipts(connection&, user_id, room_id, const feed_page&);
std::vector<room_route> select_routes(connection&, std::optional<room_id>);
std::vector<unfinished_signal> select_unfinished(connection&, milliseconds age, int limit);
void record(connection&, const std::vector<receipt>&, const std::vector<signal_key>& finished);

// What the files of this store share.

/// Of a row of the columns that room_columns() names.
room room_of(const pqxx::row&);
std::string room_columns();
/// The room, locked against everything but fills; nothing when there is none, or `lead` is given and not its lead.
std::optional<room> lock_room(transaction&, room_id, std::optional<user_id> lead);
/// Ends invitations and memberships and stops the bots.
room close_locked(transaction&, room_id, user_id actor, const std::string& reason);
/// All of a room whose lead is `lead`. Stops their bots.
std::vector<member> end_members_of(transaction&, room_id, const std::string& reason);
/// What the user has to do with the room; nothing: it is not there for them.
std::optional<room_role> role_in(transaction&, user_id, room_id);
struct found_invitation {
  invitation_id id;
  room_id room;
  bool open = false;
};
std::optional<found_invitation> lock_invitation(transaction&, user_id, const entrance&);
void use_invitation(transaction&, invitation_id);
void audit(transaction&, user_id actor, std::string action, room_id, std::string detail = {});
void notify_changed(transaction&, room_id);

template <class Value>
Value known(std::optional<Value> value, const char* column) {
  if (!value) throw std::runtime_error(std::string("a row of copy trading has an unknown ") + column);
  return *value;
}

}  // namespace drover::engine::copy_rows
