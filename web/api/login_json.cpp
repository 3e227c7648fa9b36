#include "web/api/login_json.hpp"

#include "engine/control/trading_control.hpp"

namespace drover::web::api {

tenants::login_place place_of(const request& r) {
  return {.address = r.client_address, .client = std::string(find_header(r.http.headers, "User-Agent"))};
}

void write_login(json_writer& w, const tenants::login_result& login) {
  w.member("token", login.token).member("token_type", "Bearer").member("expires_in", login.expires_in.count());
  if (!login.refresh_token.empty())
    w.member("refresh_token", login.refresh_token.reveal()).member("refresh_expires_in", login.refresh_expires_in.count());
  w.key("user").begin_object().member("id", login.user.id).member("username", login.user.username);
  w.member("role", tenants::to_string(login.user.role)).end_object();
}

net::http_response respond_with_login(const tenants::login_result& login) {
  json_writer w(512);
  w.begin_object();
  write_login(w, login);
  w.end_object();
  return json_response(200, w.take());
}

crypto::token_form read_token_form(body_reader& body) {
  constexpr std::size_t word_limit = 32;
  const auto form = body.optional_text("token_format", word_limit).value_or("three_fields");
  if (form != "jwt" && form != "three_fields") body.complain("token_format", "must be three_fields or jwt");
  return form == "jwt" ? crypto::token_form::jwt : crypto::token_form::three_fields;
}

bool are_logins_locked(const services& s) {
  return s.config.login_locked || (s.parts.control != nullptr && s.parts.control->is_login_locked());
}

problem make_login_locked() {
  return {403, "login-locked", "Login locked", "An administrator has locked all logins."};
}

task<answer> put_in_force(user_id user, services& s) {
  auto refreshed = co_await s.parts.directory.refresh(user);
  if (!refreshed) co_return refuse(refreshed.error());
  s.sockets->check(user);
  co_return empty_response(204);
}

}  // namespace drover::web::api
