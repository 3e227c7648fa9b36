#include <limits>

#include "engine/copy/room_service.hpp"
#include "web/api/bot_json.hpp"
#include "web/api/handlers.hpp"
#include "web/api/room_json.hpp"
#include "web/body_reader.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

using engine::room_id;
using engine::room_service;

constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t name_limit = room_service::name_limit, word_limit = 64;
constexpr std::size_t parameters_limit = 16'384;
constexpr std::int64_t longest_invitation_s = room_service::longest_invitation.count();

/// As its lead or its guest sees it after a change.
task<answer> respond_with_room(int status, user_id user, room_id id, services& s) {
  auto seen = co_await s.parts.rooms->store().get_room(user, id);
  if (!seen) co_return refuse(seen.error());
  json_writer w(768);
  write_room(w, *seen);
  auto response = json_response(status, w.take());
  if (status == 201) response.headers.emplace_back("Location", "/api/rooms/" + std::to_string(id.value));
  co_return response;
}

/// The last id of a page that may have more behind it.
template <class T>
void write_cursor(json_writer& w, const std::vector<T>& page, std::int64_t limit, std::int64_t last) {
  w.key("next_cursor");
  if (std::cmp_equal(page.size(), limit))
    w.value(std::to_string(last));
  else
    w.null();
}

}  // namespace

/// GET /api/rooms?role=: rooms that the caller leads, is or was in, or is invited to.
task<answer> handle_list_rooms(request& r, services& s) {
  query_reader query(r);
  engine::room_page page;
  page.limit = static_cast<int>(query.integer("limit", page.limit, 1, 200));
  page.after_id = query.integer("cursor", 0, 0, any_id);
  const auto role = query.text("role", word_limit);
  if (role) page.role = engine::parse_room_role(*role);
  if (role && !page.role) query.complain("role", "must be lead, member, former or invited");
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.rooms->store().list_rooms(r.caller_id(), page);
  if (!found) co_return refuse(found.error());
  json_writer w(256 + found->size() * 512);
  w.begin_object().key("items").begin_array();
  for (const auto& room : *found) write_room(w, room);
  w.end_array();
  write_cursor(w, *found, page.limit, found->empty() ? 0 : found->back().room.id.value);
  w.end_object();
  co_return json_response(200, w.take());
}

/// POST /api/rooms: the caller leads with one of their accounts.
task<answer> handle_create_room(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  engine::new_room wanted{.lead = r.caller_id()};
  auto account = body->optional_integer("account_id", 1, any_id);
  if (!account) body->complain("account_id", "is required");
  wanted.account = account_id(account.value_or(0));
  wanted.name = body->required_text("name", name_limit);
  wanted.symbols = body->optional_texts("symbols", room_service::symbol_limit, room_service::symbol_length_limit);
  constexpr int usual_followers = 100;
  wanted.max_followers = static_cast<int>(
      body->optional_integer("max_followers", 1, room_service::followers_limit).value_or(usual_followers));
  wanted.max_ratio = body->optional_amount("max_ratio").value_or(decimal());
  wanted.max_order_notional = body->optional_amount("max_order_notional").value_or(decimal());
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto made = co_await s.parts.rooms->create(std::move(wanted));
  if (!made) co_return refuse(made.error());
  auto response = co_await respond_with_room(201, r.caller_id(), made->id, s);
  co_return response;
}

/// GET /api/rooms/{id}: a room that the caller has to do with.
task<answer> handle_get_room(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto response = co_await respond_with_room(200, r.caller_id(), room_id(*id), s);
  co_return response;
}

/// PATCH /api/rooms/{id}: name and bounds, by its lead; they hold for those who join from then on.
task<answer> handle_update_room(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  engine::room_patch patch;
  patch.name = body->optional_text("name", name_limit);
  if (auto most = body->optional_integer("max_followers", 1, room_service::followers_limit))
    patch.max_followers = static_cast<int>(*most);
  patch.max_ratio = body->optional_amount("max_ratio");
  patch.max_order_notional = body->optional_amount("max_order_notional");
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto changed = co_await s.parts.rooms->update(r.caller_id(), room_id(*id), std::move(patch));
  if (!changed) co_return refuse(changed.error());
  auto response = co_await respond_with_room(200, r.caller_id(), changed->id, s);
  co_return response;
}

/// POST /api/rooms/{id}/close: ends invitations and memberships; the followers' bots stop by their contracts.
task<answer> handle_close_room(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  std::string why;
  if (!r.http.body.empty()) {
    auto body = body_reader::open(r);
    if (!body) co_return refuse(body.error());
    why = body->optional_text("reason", room_service::reason_limit).value_or("");
    if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  }
  auto closed = co_await s.parts.rooms->close(r.caller_id(), room_id(*id), std::move(why));
  if (!closed) co_return refuse(closed.error());
  auto response = co_await respond_with_room(200, r.caller_id(), closed->id, s);
  co_return response;
}

/// POST /api/rooms/{id}/invitations: a code, shown this once, or an invitation to a user by name.
task<answer> handle_invite(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  engine::invitation_request wanted;
  wanted.username = body->optional_text("username", word_limit).value_or("");
  wanted.life = seconds(body->optional_integer("expires_in_s", 1, longest_invitation_s).value_or(wanted.life.count()));
  wanted.uses = static_cast<int>(body->optional_integer("uses", 1, room_service::uses_limit).value_or(wanted.uses));
  wanted.while_connected = body->optional_flag("while_connected").value_or(false);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto made = co_await s.parts.rooms->invite(r.caller_id(), room_id(*id), std::move(wanted));
  if (!made) co_return refuse(made.error());
  json_writer w(512);
  w.begin_object();
  write_invitation(w, made->invitation, s.parts.wall.wall_now());
  w.member("code", made->code.empty() ? std::nullopt : std::optional(made->code)).end_object();
  auto response = json_response(201, w.take());
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

/// GET /api/rooms/{id}/invitations: the newest ones, to the lead; never their codes.
task<answer> handle_list_invitations(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto found = co_await s.parts.rooms->store().list_invitations(r.caller_id(), room_id(*id));
  if (!found) co_return refuse(found.error());
  json_writer w(64 + found->size() * 256);
  w.begin_object().key("items").begin_array();
  for (const auto& i : *found) {
    w.begin_object();
    write_invitation(w, i, s.parts.wall.wall_now());
    w.end_object();
  }
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// DELETE /api/rooms/{id}/invitations/{invitation}: nobody comes in by it any more.
task<answer> handle_revoke_invitation(request& r, services& s) {
  auto id = r.id_parameter(), which = r.id_parameter(1);
  if (!id) co_return refuse(id.error());
  if (!which) co_return refuse(which.error());
  auto revoked =
      co_await s.parts.rooms->store().revoke_invitation(r.caller_id(), room_id(*id), engine::invitation_id(*which));
  if (!revoked) co_return refuse(revoked.error());
  co_return empty_response(204);
}

/// POST /api/rooms/join: one of the caller's accounts follows the room on one of its markets, with a bot that starts at
/// once.
task<answer> handle_join_room(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  engine::join_form wanted;
  wanted.code = body->optional_text("code", word_limit).value_or("");
  wanted.room = room_id(body->optional_integer("room_id", 1, any_id).value_or(0));
  auto account = body->optional_integer("account_id", 1, any_id);
  if (!account) body->complain("account_id", "is required");
  wanted.account = account_id(account.value_or(0));
  wanted.symbol = body->optional_text("symbol", room_service::symbol_length_limit).value_or("");
  wanted.name = body->optional_text("name", name_limit).value_or("");
  wanted.parameters = body->optional_object("parameters", parameters_limit).value_or("{}");
  wanted.resume = read_contract(*body).value_or(engine::resume_contract::resume);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto joined = co_await s.parts.rooms->join(r.caller_id(), std::move(wanted));
  if (!joined) co_return refuse(joined.error());
  json_writer w(512);
  write_member(w, *joined, true);
  co_return json_response(201, w.take());
}

/// POST /api/rooms/{id}/leave: ends one of the caller's memberships, or all.
task<answer> handle_leave_room(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  std::optional<engine::member_id> which;
  if (!r.http.body.empty()) {
    auto body = body_reader::open(r);
    if (!body) co_return refuse(body.error());
    if (auto member = body->optional_integer("member_id", 1, any_id)) which = engine::member_id(*member);
    if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  }
  auto left = co_await s.parts.rooms->store().leave(r.caller_id(), room_id(*id), which);
  if (!left) co_return refuse(left.error());
  json_writer w(64 + left->size() * 384);
  w.begin_object().key("items").begin_array();
  for (const auto& m : *left) write_member(w, m, true);
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// GET /api/rooms/{id}/members: the lead sees names and drift of all, others themselves.
task<answer> handle_list_members(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  query_reader query(r);
  const auto limit = query.integer("limit", 50, 1, 200);
  const auto after = query.integer("cursor", 0, 0, any_id);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found =
      co_await s.parts.rooms->store().list_members(r.caller_id(), room_id(*id), after, static_cast<int>(limit));
  if (!found) co_return refuse(found.error());
  json_writer w(128 + found->size() * 384);
  w.begin_object().key("items").begin_array();
  for (const auto& m : *found) write_member(w, m, m.user == r.caller_id());
  w.end_array();
  write_cursor(w, *found, limit, found->empty() ? 0 : found->back().id.value);
  w.end_object();
  co_return json_response(200, w.take());
}

/// DELETE /api/rooms/{id}/members/{member}: the lead sends a follower away.
task<answer> handle_remove_member(request& r, services& s) {
  auto id = r.id_parameter(), which = r.id_parameter(1);
  if (!id) co_return refuse(id.error());
  if (!which) co_return refuse(which.error());
  auto removed = co_await s.parts.rooms->store().remove_member(r.caller_id(), room_id(*id), engine::member_id(*which));
  if (!removed) co_return refuse(removed.error());
  co_return empty_response(204);
}

}  // namespace drover::web::api
