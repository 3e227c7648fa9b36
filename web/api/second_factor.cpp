#include "web/api/handlers.hpp"
#include "web/api/login_json.hpp"
#include "web/body_reader.hpp"

namespace drover::web::api {

/// GET /api/user/second-factor: whether logins of the caller need a code.
task<answer> handle_get_second_factor(request& r, services& s) {
  auto state = co_await s.parts.second_factor.describe(r.caller_id());
  if (!state) co_return refuse(state.error());
  json_writer w(64);
  w.begin_object().member("enrolled", state->enrolled).member("recovery_codes_left", state->recovery_codes_left);
  w.end_object();
  co_return json_response(200, w.take());
}

/// POST /api/user/second-factor: a key for the authenticator app, in this answer only.
task<answer> handle_begin_second_factor(request& r, services& s) {
  auto who = co_await s.parts.users.get(r.caller_id());
  if (!who) co_return refuse(who.error());
  auto begun = co_await s.parts.second_factor.begin(who->id, std::move(who->username));
  if (!begun) co_return refuse(begun.error());
  json_writer w(256);
  w.begin_object().member("key", begun->key.reveal()).member("uri", begun->uri.reveal()).end_object();
  co_return json_response(201, w.take());
}

/// POST /api/user/second-factor/confirm: a first code proves that the app has the key; from here on logins need one.
task<answer> handle_confirm_second_factor(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto code = body->required_secret("code", typed_code_limit);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto from = place_of(r);
  auto done = co_await s.parts.login.confirm_second_factor(*r.caller, std::move(code), std::move(from));
  if (!done) co_return refuse(done.error());
  s.sockets->check(r.caller_id());
  json_writer w(1024);
  w.begin_object();
  write_login(w, done->login);
  w.key("recovery_codes").begin_array();
  for (const auto& recovery_code : done->recovery_codes) w.value(recovery_code);
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// DELETE /api/user/second-factor: logins need no code any more.
task<answer> handle_remove_second_factor(request& r, services& s) {
  auto removed = co_await s.parts.second_factor.remove(r.caller_id(), r.caller_id());
  if (!removed) co_return refuse(removed.error());
  co_return empty_response(204);
}

}  // namespace drover::web::api
