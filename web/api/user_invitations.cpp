#include "web/api/handlers.hpp"
#include "web/body_reader.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t note_limit = 200;
constexpr int listed = 200;
constexpr std::int64_t usual_life_s = 7 * 24 * 3600;

std::string_view state_of(const tenants::invitation& i, wall_time now) {
  if (i.used_at) return "used";
  if (i.revoked_at) return "revoked";
  return i.expires_at <= now ? "over" : "open";
}

void write_invitation(json_writer& w, const tenants::invitation& i, wall_time now) {
  w.member("id", i.id).member("note", i.note).member("state", state_of(i, now));
  w.member("created_by", i.created_by).member("created_at", i.created_at).member("expires_at", i.expires_at);
  w.member("used_by", i.used_by).member("used_at", i.used_at);
}

}  // namespace

/// GET /admin/invitations: the latest invitations to register.
task<answer> handle_list_user_invitations(request&, services& s) {
  auto found = co_await s.parts.users.list_invitations(listed);
  if (!found) co_return refuse(found.error());
  const auto now = s.parts.wall.wall_now();
  json_writer w(64 + found->size() * 256);
  w.begin_object().key("items").begin_array();
  for (const auto& i : *found) {
    w.begin_object();
    write_invitation(w, i, now);
    w.end_object();
  }
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// POST /admin/invitations: lets one person register; the code is in this answer only.
task<answer> handle_invite_user(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto note = body->optional_text("note", note_limit).value_or(std::string());
  auto life = body->optional_integer("expires_in", 60, tenants::registration_service::longest_invitation.count());
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto made =
      co_await s.parts.registration.invite(r.caller_id(), std::move(note), seconds(life.value_or(usual_life_s)));
  if (!made) co_return refuse(made.error());
  json_writer w(320);
  w.begin_object().member("code", made->code);
  write_invitation(w, made->stored, s.parts.wall.wall_now());
  w.end_object();
  co_return json_response(201, w.take());
}

/// DELETE /admin/invitations/{id}: nobody registers with it any more.
task<answer> handle_revoke_user_invitation(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto revoked = co_await s.parts.users.revoke_invitation(*id, r.caller_id());
  if (!revoked) co_return refuse(revoked.error());
  co_return empty_response(204);
}

}  // namespace drover::web::api
