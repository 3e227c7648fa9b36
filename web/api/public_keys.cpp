#include <limits>

#include "base/encoding.hpp"
#include "crypto/ed25519.hpp"
#include "web/api/handlers.hpp"
#include "web/api/login_json.hpp"
#include "web/api/paging.hpp"
#include "web/body_reader.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t name_limit = 100, key_limit = 100, signature_limit = 200, word_limit = 8;

void write_public_key(json_writer& w, const tenants::public_key& k) {
  w.begin_object().member("id", k.id).member("user_id", k.user).member("public_key", k.key).member("name", k.name);
  w.member("created_at", k.created_at).member("last_used", k.last_used_at);
  w.member("revoked", k.revoked_at.has_value()).member("revoked_at", k.revoked_at).end_object();
}

/// The key, when who sends it has signed for it in this session.
tenants::new_public_key read_wanted(body_reader& body, const request& r, const services& s) {
  tenants::new_public_key wanted{.user = r.caller_id(),
                                 .key = {},
                                 .name = body.optional_text("name", name_limit).value_or(std::string()),
                                 .created_at = s.parts.wall.wall_now()};
  const auto key_text = body.required_text("public_key", key_limit),
             signature_text = body.required_text("signature", signature_limit);
  const auto key = crypto::parse_ed25519_key(key_text);
  const auto signature = crypto::parse_ed25519_signature(signature_text);
  if (!key && !key_text.empty()) body.complain("public_key", key.error().detail);
  if (!signature && !signature_text.empty()) body.complain("signature", signature.error().detail);
  if (!key || !signature) return wanted;
  wanted.key = to_hex(*key);
  const auto message = tenants::make_key_registration(wanted.user, r.caller->session_id, wanted.key);
  if (!crypto::verify_ed25519(*key, message, *signature))
    body.complain(
        "signature",
        "must be of the lines drover-key-registration-v1, your user id, the session id of GET /api/auth and the "
        "public key in lower-case hex, under that key");
  return wanted;
}

}  // namespace

/// GET /api/keys?limit=&after_id=&revoked=: the caller's public keys, by id.
task<answer> handle_list_public_keys(request& r, services& s) {
  query_reader query(r);
  const auto page = read_page(query);
  const auto revoked = query.text("revoked", word_limit);
  if (revoked && *revoked != "true" && *revoked != "false") query.complain("revoked", "must be true or false");
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  tenants::public_key_page wanted{.limit = page.limit, .after_id = page.after_id, .revoked = {}};
  if (revoked) wanted.revoked = *revoked == "true";
  auto found = co_await s.parts.users.list_public_keys(r.caller_id(), wanted);
  if (!found) co_return refuse(found.error());
  json_writer w(64 + found->size() * 320);
  w.begin_array();
  for (const auto& k : *found) write_public_key(w, k);
  w.end_array();
  auto response = json_response(200, w.take());
  const auto filter = revoked ? "revoked=" + *revoked : std::string();
  add_paging_headers(response, "/api/keys", filter, page, found->size(), found->empty() ? 0 : found->back().id);
  co_return response;
}

/// POST /api/keys: an Ed25519 key of the caller, who signs for it.
task<answer> handle_register_public_key(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto wanted = read_wanted(*body, r, s);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto made = co_await s.parts.users.create_public_key(std::move(wanted));
  if (!made) co_return refuse(made.error());
  answer in_force = co_await put_in_force(made->user, s);
  if (!in_force) co_return in_force;
  json_writer w(384);
  write_public_key(w, *made);
  co_return json_response(201, w.take());
}

/// DELETE /api/keys/{id}: the key works no more, nor ever again, and its sockets close.
task<answer> handle_revoke_public_key(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto revoked = co_await s.parts.users.revoke_public_key(r.caller_id(), *id);
  if (!revoked) co_return refuse(revoked.error());
  answer done = co_await put_in_force(r.caller_id(), s);
  co_return done;
}

}  // namespace drover::web::api
