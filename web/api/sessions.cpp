#include "web/api/handlers.hpp"
#include "web/api/login_json.hpp"
#include "web/body_reader.hpp"

namespace drover::web::api {

namespace {

/// Also by a token from before the last renewal.
bool is_current(const tenants::session& session, const tenants::principal& caller) {
  return caller.session_id == session.id || caller.session_id == session.previous_id;
}

void write_session(json_writer& w, const tenants::session& session, bool current) {
  w.begin_object().member("id", session.id).member("created_at", session.created_at);
  w.member("expires_at", session.expires_at).member("address", session.address).member("client", session.client);
  w.member("renewable", session.is_renewable()).member("current", current).end_object();
}

task<answer> end_session(user_id user, std::string session_id, services& s) {
  auto ended = co_await s.parts.users.end_session(user, std::move(session_id));
  if (!ended) co_return refuse(ended.error());
  answer done = co_await put_in_force(user, s);
  co_return done;
}

}  // namespace

/// POST /client/login, /api/auth and /api/auth/login: a token for a username and password.
task<answer> handle_login(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  tenants::login_attempt attempt{.username = body->required_text("username", typed_name_limit),
                                 .password = body->required_secret("password", typed_password_limit),
                                 .code = body->optional_secret("code", typed_code_limit).value_or(secret()),
                                 .from = place_of(r),
                                 .form = read_token_form(*body),
                                 .renewable = body->optional_flag("refresh").value_or(false)};
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  if (s.config.login_locked) co_return refuse(make_login_locked());
  auto done = co_await s.parts.login.login(std::move(attempt));
  s.metrics.count_auth("password", done ? "ok" : "refused");
  if (!done) co_return refuse(done.error());
  // Somebody must be able to unlock.
  if (are_logins_locked(s) && done->user.role != tenants::role::admin) co_return refuse(make_login_locked());
  co_return respond_with_login(*done);
}

/// POST /api/sessions/confirm: the password once more, for what a token alone may not do.
task<answer> handle_confirm_session(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto password = body->required_secret("password", typed_password_limit);
  auto code = body->optional_secret("code", typed_code_limit).value_or(secret());
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto from = place_of(r);
  auto done = co_await s.parts.login.confirm(*r.caller, std::move(password), std::move(code), std::move(from));
  s.metrics.count_auth("confirm", done ? "ok" : "refused");
  if (!done) co_return refuse(done.error());
  s.sockets->check(r.caller_id());
  co_return respond_with_login(*done);
}

/// POST /client/logout and /api/auth/logout: ends the session of this token, and closes its sockets.
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
  for (const auto& session : *found) write_session(w, session, is_current(session, *r.caller));
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

}  // namespace drover::web::api
