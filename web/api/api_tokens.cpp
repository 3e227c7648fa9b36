#include "web/api/handlers.hpp"
#include "web/api/login_json.hpp"
#include "web/body_reader.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t name_limit = 100, word_limit = 32, address_limit = 50, secret_bytes = 20;
constexpr std::int64_t usual_life_s = 90 * 24 * 3600, longest_life_s = 366 * 24 * 3600;

void write_api_token(json_writer& w, const tenants::api_token& t) {
  w.member("id", t.id).member("name", t.name).member("scope", tenants::to_string(t.scope));
  w.member("created_at", t.created_at).member("expires_at", t.expires_at).member("last_used_at", t.last_used_at);
  w.key("addresses").begin_array();
  for (const auto& address : t.addresses) w.value(address);
  w.end_array();
}

tenants::new_api_token read_wanted(body_reader& body, const request& r, services& s) {
  const auto now = s.parts.wall.wall_now();
  tenants::new_api_token wanted{.user = r.caller_id(),
                                .name = body.required_text("name", name_limit),
                                .hash = {},
                                .created_at = now,
                                .expires_at = now,
                                .addresses = {}};
  const auto scope = tenants::parse_token_scope(body.required_text("scope", word_limit));
  if (!scope) body.complain("scope", "must be read, write or admin");
  wanted.scope = scope.value_or(tenants::token_scope::read);
  if (wanted.scope == tenants::token_scope::admin && r.caller->role != tenants::role::admin)
    body.complain("scope", "admin is for administrators");
  wanted.expires_at = now + seconds(body.optional_integer("expires_in", 60, longest_life_s).value_or(usual_life_s));
  wanted.addresses = body.optional_texts("addresses", tenants::addresses_per_token, address_limit);
  for (const auto& address : wanted.addresses)
    if (!tenants::is_network(address))
      body.complain("addresses", "'" + tenants::to_printable(address, address_limit) +
                                     "' is neither an address nor a network such as 192.0.2.0/24");
  return wanted;
}

}  // namespace

/// GET /api/tokens: the caller's API tokens.
task<answer> handle_list_api_tokens(request& r, services& s) {
  auto found = co_await s.parts.users.list_api_tokens(r.caller_id());
  if (!found) co_return refuse(found.error());
  json_writer w(64 + found->size() * 256);
  w.begin_object().key("items").begin_array();
  for (const auto& t : *found) {
    w.begin_object();
    write_api_token(w, t);
    w.end_object();
  }
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// POST /api/tokens: a token for a program, in this answer only.
task<answer> handle_create_api_token(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto wanted = read_wanted(*body, r, s);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto secret_part = s.parts.random.hex(secret_bytes);
  wanted.hash = tenants::hash_token_secret(secret_part);
  auto made = co_await s.parts.users.create_api_token(std::move(wanted));
  if (!made) co_return refuse(made.error());
  answer in_force = co_await put_in_force(made->user, s);
  if (!in_force) co_return in_force;
  json_writer w(512);
  w.begin_object().member("token", tenants::write_api_token(made->user, made->id, secret_part).reveal());
  write_api_token(w, *made);
  w.end_object();
  wipe_memory(secret_part.data(), secret_part.size());
  co_return json_response(201, w.take());
}

/// DELETE /api/tokens/{id}: the token works no more, and its sockets close.
task<answer> handle_revoke_api_token(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto revoked = co_await s.parts.users.revoke_api_token(r.caller_id(), *id);
  if (!revoked) co_return refuse(revoked.error());
  answer done = co_await put_in_force(r.caller_id(), s);
  co_return done;
}

}  // namespace drover::web::api
