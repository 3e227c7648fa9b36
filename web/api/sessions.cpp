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

void write_session(json_writer& w, const tenants::session& session, bool current) {
  w.begin_object().member("id", session.id).member("created_at", session.created_at);
  w.member("expires_at", session.expires_at).member("address", session.address).member("client", session.client);
  w.member("current", current).end_object();
}

/// What was stored about the user acts here before the database's own notice comes round.
task<answer> put_in_force(user_id user, services& s) {
  auto refreshed = co_await s.parts.directory.refresh(user);
  if (!refreshed) co_return refuse(refreshed.error());
  s.sockets->check(user);
  co_return empty_response(204);
}

task<answer> end_session(user_id user, std::string session_id, services& s) {
  auto ended = co_await s.parts.users.end_session(user, std::move(session_id));
  if (!ended) co_return refuse(ended.error());
  answer done = co_await put_in_force(user, s);
  co_return done;
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
  tenants::login_attempt attempt{.username = std::move(username),
                                 .password = std::move(password),
                                 .address = r.client_address,
                                 .client = std::string(find_header(r.http.headers, "User-Agent"))};
  auto done = co_await s.parts.login.login(std::move(attempt));
  s.metrics.count_auth("password", done ? "ok" : "refused");
  if (!done) co_return refuse(done.error());
  // Somebody must be able to unlock.
  const bool locked = s.parts.control != nullptr && s.parts.control->is_login_locked();
  if (locked && done->user.role != tenants::role::admin) co_return refuse(make_login_locked());
  co_return respond_with(*done);
}

/// POST /client/logout: ends the session of this token, and closes its sockets.
task<answer> handle_logout(request& r, services& s) {
  answer done = co_await end_session(r.caller_id(), r.caller->session_id, s);
  co_return done;
}

/// GET /api/sessions: the caller's living sessions, the newest first.
task<answer> handle_list_sessions(request& r, services& s) {
  auto found = co_await s.parts.users.list_sessions(r.caller_id());
  if (!found) co_return refuse(found.error());
  json_writer w(64 + found->size() * 256);
  w.begin_object().key("items").begin_array();
  for (const auto& session : *found) write_session(w, session, session.id == r.caller->session_id);
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// DELETE /api/sessions/{id}: ends one of the caller's sessions.
task<answer> handle_end_session(request& r, services& s) {
  if (!tenants::is_session_id(r.parameters[0])) co_return refuse(make_not_found());
  answer done = co_await end_session(r.caller_id(), std::string(r.parameters[0]), s);
  co_return done;
}

/// DELETE /api/sessions: ends all sessions of the caller, this one too.
task<answer> handle_end_sessions(request& r, services& s) {
  auto ended = co_await s.parts.users.end_sessions(r.caller_id());
  if (!ended) co_return refuse(ended.error());
  answer done = co_await put_in_force(r.caller_id(), s);
  co_return done;
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
