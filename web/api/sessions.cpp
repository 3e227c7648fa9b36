#include "engine/control/trading_control.hpp"
#include "web/api/handlers.hpp"
#include "web/api/user_json.hpp"
#include "web/body_reader.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t username_limit = 128, password_limit = 1024;

net::http_response respond_with(const tenants::login_result& login) {
  json_writer w(512);
  w.begin_object();
  w.member("token", login.token).member("token_type", "Bearer").member("expires_in", login.expires_in.count());
  w.key("user").begin_object().member("id", login.user.id).member("username", login.user.username);
  w.member("role", tenants::to_string(login.user.role)).end_object();
  w.end_object();
  return json_response(200, w.take());
}

problem make_login_locked() { return {403, "login-locked", "Login locked", "An administrator has locked all logins."}; }

}  // namespace

/// POST /client/login: a token for a username and password.
task<answer> handle_login(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto username = body->required_text("username", username_limit);
  auto password = body->required_secret("password", password_limit);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  if (s.config.login_locked) co_return refuse(make_login_locked());
  auto done = co_await s.parts.login.login(std::move(username), std::move(password), r.client_address);
  s.metrics.count_auth("password", done ? "ok" : "refused");
  if (!done) co_return refuse(done.error());
  // Somebody must be able to unlock.
  const bool locked = s.parts.control != nullptr && s.parts.control->is_login_locked();
  if (locked && done->user.role != tenants::role::admin) co_return refuse(make_login_locked());
  co_return respond_with(*done);
}

/// POST /client/logout: ends the session of this token, and closes its sockets.
task<answer> handle_logout(request& r, services& s) {
  s.parts.directory.revoke_session(r.caller->session_id, r.caller->expires_at);
  s.sockets->check(r.caller_id());
  co_return empty_response(204);
}

/// GET /api/user: who the token belongs to.
task<answer> handle_get_user(request& r, services& s) {
  auto found = co_await s.parts.users.get(r.caller_id());
  if (!found) co_return refuse(found.error());
  json_writer w(384);
  write_user(w, *found);
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api
