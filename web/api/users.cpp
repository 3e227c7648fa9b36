#include <algorithm>
#include <limits>

#include "web/api/handlers.hpp"
#include "web/api/login_json.hpp"
#include "web/api/user_json.hpp"
#include "web/body_reader.hpp"
#include "web/four_eyes.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t email_limit = 254, word_limit = 64;
constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();

tenants::registration read_registration(body_reader& body, const request& r) {
  return {.username = body.required_text("username", typed_name_limit),
          .email = body.optional_text("email", email_limit).value_or(std::string()),
          .password = body.required_secret("password", typed_password_limit),
          .code = {},
          .address = r.client_address};
}

/// Something, one @, a name with a dot; no blanks and nothing that could end a header line.
bool looks_like_email(std::string_view text) {
  const auto at = text.find('@');
  if (at == 0 || at == text.npos || text.find('@', at + 1) != text.npos) return false;
  const auto dot = text.find('.', at);
  if (dot == text.npos || dot == at + 1 || text.ends_with('.')) return false;
  return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != ','; });
}

/// With what the first dashboard's client reads besides: the newest key, and when the user was last there.
net::http_response respond_with_self(const tenants::user& u, const services& s) {
  const auto facts = s.parts.directory.find(u.id);
  json_writer w(512);
  w.begin_object();
  write_user_members(w, u);
  w.key("public_key");
  if (facts && !facts->public_keys.empty())
    w.value(facts->public_keys.back().key);
  else
    w.null();
  w.member("last_active", u.last_login_at.value_or(u.created_at)).end_object();
  return json_response(200, w.take());
}

/// Administrators are made by two; that there were two is remembered before one of them goes.
task<std::optional<answer>> ask_about_role(const request& r, services& s, user_id user, tenants::role wanted) {
  auto found = co_await s.parts.users.get(user);
  if (!found) co_return answer(refuse(found.error()));
  if (wanted == tenants::role::tenant) {
    auto noted = co_await note_administrators(s);
    if (!noted) co_return answer(refuse(noted.error()));
    co_return std::nullopt;
  }
  if (found->role == tenants::role::admin) co_return std::nullopt;
  second_opinion about{tenants::proposal_kind::grant_admin, "user:" + std::to_string(user.value), {}};
  auto other = co_await ask_second_eyes(r, s, std::move(about));
  co_return other;
}

net::http_response respond_with_user(int status, const tenants::user& u) {
  json_writer w(384);
  write_user(w, u);
  return json_response(status, w.take());
}

}  // namespace

/// POST /client/register: a user for whoever asks, where the engine allows it. Never tells whether a name is taken.
task<answer> handle_register(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto wanted = read_registration(*body, r);
  wanted.code = body->optional_secret("invitation", typed_code_limit).value_or(secret());
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  if (are_logins_locked(s)) co_return refuse(make_login_locked());
  auto done = co_await s.parts.registration.register_user(std::move(wanted));
  s.metrics.count_auth("register", done ? "ok" : "refused");
  if (!done) co_return refuse(done.error());
  json_writer w(160);
  w.begin_object().member("message",
                          "Log in now. If that is refused, the name belongs to somebody else: choose another.");
  w.end_object();
  co_return json_response(202, w.take());
}

/// POST /client/bootstrap: the first administrator, with the secret of `engine user bootstrap`.
task<answer> handle_bootstrap(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto wanted = read_registration(*body, r);
  wanted.code = body->required_secret("secret", typed_code_limit);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto made = co_await s.parts.registration.create_first_admin(std::move(wanted));
  s.metrics.count_auth("bootstrap", made ? "ok" : "refused");
  if (!made) co_return refuse(made.error());
  co_return respond_with_user(201, *made);
}

/// GET /api/user: who the token belongs to.
task<answer> handle_get_user(request& r, services& s) {
  auto found = co_await s.parts.users.get(r.caller_id());
  if (!found) co_return refuse(found.error());
  co_return respond_with_self(*found, s);
}

/// PATCH /api/user: another e-mail address, or none.
task<answer> handle_update_self(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto email = body->optional_text("email", email_limit);
  if (!email) body->complain("email", "is required; an empty text takes it away");
  if (email && !email->empty() && !looks_like_email(*email)) body->complain("email", "must be an address such as alice@example.org");
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto changed = co_await s.parts.users.set_email(r.caller_id(), std::move(*email));
  if (!changed) co_return refuse(changed.error());
  co_return respond_with_self(*changed, s);
}

/// POST /api/user/password: a new password; all sessions but the one that this answers end.
task<answer> handle_change_password(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto current = body->required_secret("current_password", typed_password_limit);
  auto wanted = body->required_secret("new_password", typed_password_limit);
  auto code = body->optional_secret("code", typed_code_limit).value_or(secret());
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto from = place_of(r);
  auto done = co_await s.parts.login.change_password(*r.caller, std::move(current), std::move(code), std::move(wanted),
                                                     std::move(from));
  if (!done) co_return refuse(done.error());
  s.sockets->check(r.caller_id());
  co_return respond_with_login(*done);
}

/// GET /admin/users?limit=&cursor=: everybody, by id.
task<answer> handle_list_users(request& r, services& s) {
  query_reader query(r);
  constexpr int most = 200;
  const auto limit = static_cast<int>(query.integer("limit", most, 1, most));
  const user_id after(query.integer("cursor", 0, 0, any_id));
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.users.list_page(after, limit);
  if (!found) co_return refuse(found.error());
  json_writer w(128 + found->size() * 256);
  w.begin_object().key("items").begin_array();
  for (const auto& u : *found) write_user(w, u);
  w.end_array().key("next_cursor");
  if (std::cmp_equal(found->size(), limit))
    w.value(std::to_string(found->back().id.value));
  else
    w.null();
  w.end_object();
  co_return json_response(200, w.take());
}

/// PATCH /admin/users/{id}: another role; ends all of the user's sessions.
task<answer> handle_update_user(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto role = body->required_text("role", word_limit);
  if (role != "tenant" && role != "admin") body->complain("role", "must be tenant or admin");
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto wanted = role == "admin" ? tenants::role::admin : tenants::role::tenant;
  auto other = co_await ask_about_role(r, s, user_id(*id), wanted);
  if (other) co_return std::move(*other);
  auto changed = co_await s.parts.users.set_role(user_id(*id), wanted, r.caller_id());
  if (!changed) co_return refuse(changed.error());
  answer in_force = co_await put_in_force(changed->id, s);
  if (!in_force) co_return in_force;
  co_return respond_with_user(200, *changed);
}

}  // namespace drover::web::api
