#include <algorithm>

#include "web/api/handlers.hpp"
#include "web/api/login_json.hpp"
#include "web/body_reader.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t refresh_token_limit = 200;

std::string_view to_string(crypto::token_form form) {
  return form == crypto::token_form::jwt ? "jwt" : "three_fields";
}

template <class T>
std::optional<T> only_if(bool known, T value) {
  if (!known) return std::nullopt;
  return value;
}

}  // namespace

/// POST /api/auth/refresh: the next token of a session, and the next refresh token.
task<answer> handle_refresh(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto refresh_token = body->required_secret("refresh_token", refresh_token_limit);
  const auto form = read_token_form(*body);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto from = place_of(r);
  auto done = co_await s.parts.login.renew(std::move(refresh_token), form, std::move(from));
  s.metrics.count_auth("refresh", done ? "ok" : "refused");
  if (!done) co_return refuse(done.error());
  co_return respond_with_login(*done);
}

/// GET /api/auth: whose token this is, what kind, and what it is good for.
task<answer> handle_get_auth(request& r, services&) {
  const auto& caller = *r.caller;
  const bool is_session = !caller.session_id.empty(), is_api_token = caller.api_token != 0;
  json_writer w(384);
  w.begin_object().member("user_id", caller.user).member("role", tenants::to_string(caller.role));
  w.member("kind", is_session ? "session" : is_api_token ? "api_token" : "plain");
  w.member("session_id", only_if(is_session, caller.session_id))
      .member("api_token_id", only_if(is_api_token, caller.api_token));
  w.member("token_format", only_if(is_session, to_string(caller.form)));
  w.member("signed_in_at", only_if(is_session, caller.signed_in_at));
  const bool is_admin = caller.role == tenants::role::admin;
  w.member("scope", tenants::to_string(is_admin ? caller.scope : std::min(caller.scope, tenants::token_scope::write)));
  w.member("expires_at", caller.expires_at).member("renewable", caller.renewable).end_object();
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api
