#include "web/problem.hpp"

#include <algorithm>
#include <cctype>

#include "base/postgres.hpp"
#include "crypto/tokens.hpp"
#include "engine/bots/bot_store.hpp"
#include "engine/control/control.hpp"
#include "engine/copy/copy_store.hpp"
#include "engine/orders/order_journal.hpp"
#include "net/utf8_validator.hpp"
#include "tenants/errors.hpp"
#include "web/json_writer.hpp"

namespace drover::web {

namespace {

using tenants::tenant_errc;

problem make_unavailable(std::string detail, const error& e) {
  auto wait = e.retry_after ? std::max<std::int64_t>(1, (e.retry_after->count() + 999) / 1000) : 2;
  if (detail.empty()) detail = "The service cannot reach its database at the moment; try again.";
  return {
      503, "unavailable", "Temporarily unavailable", std::move(detail), {}, {{"Retry-After", std::to_string(wait)}}};
}

problem make_internal() {
  return {500, "internal", "Internal error", "Something went wrong on our side; the request id names it in the log."};
}

problem make_too_many(const error& e) {
  auto wait = std::max<std::int64_t>(1, (e.retry_after->count() + 999) / 1000);
  auto detail = e.detail.empty() ? std::string("Too many attempts; wait before the next one.") : e.detail;
  return {429, "too-many-attempts", "Too many attempts", detail, {}, {{"Retry-After", std::to_string(wait)}}};
}

/// "api_key: must not be empty" names its field.
problem make_invalid(const error& e) {
  auto colon = e.detail.find(':');
  auto is_name = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '_' || c == '.'; };
  if (colon == std::string::npos || colon == 0 ||
      !std::all_of(e.detail.begin(), e.detail.begin() + static_cast<std::ptrdiff_t>(colon), is_name))
    return {422, "validation-failed", "Validation failed", e.detail};
  auto text = e.detail.find_first_not_of(' ', colon + 1);
  auto pointer = "/" + e.detail.substr(0, colon);
  std::ranges::replace(pointer, '.', '/');
  auto p = make_validation_problem(std::move(pointer), text == std::string::npos ? "" : e.detail.substr(text));
  p.detail = e.detail;
  return p;
}

problem from_tenant_error(tenant_errc code, const error& e) {
  switch (code) {
    case tenant_errc::not_found:
      return make_not_found();
    case tenant_errc::invalid:
      return make_invalid(e);
    case tenant_errc::duplicate:
      return {409, "account-already-connected", "API key already connected", e.detail};
    case tenant_errc::account_not_approved:
      return {409, "account-not-approved", "Account not approved", e.detail};
    case tenant_errc::already_decided:
      return {409, "already-decided", "Already decided", e.detail};
    case tenant_errc::own_account:
      return {403, "own-account", "Own account", "Nobody decides about their own account; ask another administrator."};
    case tenant_errc::key_refused:
      return {409, "key-refused", "Key refused", e.detail};
    case tenant_errc::own_proposal:
      return {403, "own-proposal", "Own proposal", e.detail};
    case tenant_errc::name_taken:
      return {409, "name-taken", "Name taken", e.detail};
    case tenant_errc::banned:
      return {403, "banned", "Banned", "This user is banned; ask an administrator."};
    case tenant_errc::bad_login:
      return {401,
              "bad-login",
              "Login failed",
              "Username and password do not match.",
              {},
              {{"WWW-Authenticate", "Bearer"}}};
    case tenant_errc::wrong_password:
      return {403, "wrong-password", "Wrong password", "This is not your password."};
    case tenant_errc::second_factor_required:
      return {403, "second-factor-required", "Code needed",
              "Send the code of your authenticator app, or a recovery code, as \"code\"."};
    case tenant_errc::wrong_code:
      return {403, "wrong-code", "Wrong code",
              "The code is not right, or was used before; wait for the next one of your authenticator app."};
    case tenant_errc::refresh_refused:
      return {401, "refresh-token-refused", "Refresh token refused", "The refresh token is not good (any more); log in again.",
              {}, {{"WWW-Authenticate", "Bearer"}}};
    case tenant_errc::refresh_reused:
      return {401, "refresh-token-reused", "Session ended",
              "This refresh token was used before, so somebody else may have it; the session is ended. Log in again.",
              {}, {{"WWW-Authenticate", "Bearer"}}};
    case tenant_errc::key_taken:
      return {409, "key-taken", "Key taken",
              "This public key is registered already, or was and is revoked; make a new key."};
    case tenant_errc::registration_closed:
      return {403, "registration-closed", "Registration closed", "Ask an administrator for a user."};
    case tenant_errc::invitation_refused:
      return {403, "invitation-refused", "Invitation refused",
              "The invitation is unknown, used, revoked or over; ask for a new one."};
    case tenant_errc::bootstrap_refused:
      return {403, "bootstrap-refused", "Refused",
              "The secret is not good, or there is an administrator; engine user bootstrap gives a secret once."};
    case tenant_errc::last_admin:
      return {409, "last-admin", "Last administrator",
              "Somebody must stay who administrates; make another user an administrator first."};
    case tenant_errc::unavailable:
      return make_unavailable(e.detail, e);
    case tenant_errc::overloaded:
      return e.retry_after ? make_too_many(e) : make_unavailable("Too much is waiting already; try again.", e);
    case tenant_errc::internal:
      break;
  }
  return make_internal();
}

problem from_bot_error(engine::bot_errc code, const error& e) {
  if (code == engine::bot_errc::market_taken) return {409, "market-taken", "Market taken", e.detail};
  return {409, "too-many-bots", "Too many bots", e.detail};
}

problem from_copy_error(engine::copy_errc code, const error& e) {
  using engine::copy_errc;
  switch (code) {
    case copy_errc::room_closed: return {409, "room-closed", "Room closed", e.detail};
    case copy_errc::room_full: return {409, "room-full", "Room full", e.detail};
    case copy_errc::invitation_over: return {409, "invitation-over", "Invitation over", e.detail};
    case copy_errc::already_member: return {409, "already-member", "Already a member", e.detail};
    case copy_errc::would_chain: return {409, "leads-and-follows", "An account may not lead and follow", e.detail};
    case copy_errc::too_many: break;
  }
  return {409, "too-many-rooms", "Too many", e.detail};
}

problem from_control_error(engine::control_errc code, const error& e) {
  switch (code) {
    case engine::control_errc::admins_only:
      return {403, "forbidden", "Forbidden", e.detail};
    case engine::control_errc::not_yours:
      return {403, "administrators-stop", "An administrator's stop", e.detail};
    case engine::control_errc::too_loose:
      break;
  }
  return make_invalid(e);
}

problem from_base_error(errc code, const error& e) {
  switch (code) {
    case errc::malformed:
      return make_http_problem(400, e.detail);
    case errc::out_of_range:
      return {422, "validation-failed", "Validation failed", e.detail};
    case errc::timed_out:
    case errc::overloaded:
      return make_unavailable("The service is too busy at the moment; try again.", e);
    case errc::cancelled:
      return make_unavailable("The service is stopping; try again.", e);
    case errc::not_found:
      return make_not_found();
    case errc::io:
      break;
  }
  return make_internal();
}

problem from_database_error(db_errc code, const error& e) {
  switch (code) {
    case db_errc::unavailable:
    case db_errc::retry:
    case db_errc::timed_out:
      return make_unavailable({}, e);
    case db_errc::in_doubt:
      return make_unavailable("The connection to the database broke while saving; read the state before you repeat.",
                              e);
    default:
      return make_internal();
  }
}

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "Request timeout";
    case 413:
      return "Content too large";
    case 414:
      return "URI too long";
    case 415:
      return "Unsupported media type";
    case 422:
      return "Validation failed";
    case 426:
      return "Upgrade required";
    case 429:
      return "Too many requests";
    case 431:
      return "Request header fields too large";
    case 503:
      return "Temporarily unavailable";
    default:
      return status >= 500 ? "Internal error" : "Refused";
  }
}

std::string_view type_of(int status) {
  switch (status) {
    case 400:
      return "bad-request";
    case 403:
      return "forbidden";
    case 404:
      return "not-found";
    case 405:
      return "method-not-allowed";
    case 408:
      return "request-timeout";
    case 413:
      return "content-too-large";
    case 414:
      return "uri-too-long";
    case 415:
      return "unsupported-media-type";
    case 426:
      return "upgrade-required";
    case 429:
      return "rate-limited";
    case 431:
      return "headers-too-large";
    case 503:
      return "unavailable";
    default:
      return status >= 500 ? "internal" : "refused";
  }
}

bool is_of(const error& e, const std::error_code& sample) {
  return e.code.category() == sample.category();
}

}  // namespace

problem to_problem(const error& e) {
  if (is_of(e, tenants::make_error_code(tenant_errc::invalid)))
    return from_tenant_error(static_cast<tenant_errc>(e.code.value()), e);
  if (is_of(e, engine::make_error_code(engine::bot_errc::market_taken)))
    return from_bot_error(static_cast<engine::bot_errc>(e.code.value()), e);
  if (is_of(e, engine::make_error_code(engine::copy_errc::room_closed)))
    return from_copy_error(static_cast<engine::copy_errc>(e.code.value()), e);
  if (is_of(e, engine::make_error_code(engine::control_errc::admins_only)))
    return from_control_error(static_cast<engine::control_errc>(e.code.value()), e);
  if (is_of(e, crypto::make_error_code(crypto::token_errc::invalid))) return to_unauthorized(&e);
  if (is_of(e, make_error_code(db_errc::broken))) return from_database_error(static_cast<db_errc>(e.code.value()), e);
  if (e.code == engine::make_error_code(engine::journal_errc::unavailable)) return make_unavailable({}, e);
  if (is_of(e, make_error_code(errc::malformed))) return from_base_error(static_cast<errc>(e.code.value()), e);
  return make_internal();
}

bool is_internal(const error& e) {
  return to_problem(e).status == 500;
}

problem to_unauthorized(const error* token_error) {
  if (!token_error)
    return {401,
            "unauthorized",
            "Not logged in",
            "Send a bearer token: POST /client/login gives one.",
            {},
            {{"WWW-Authenticate", "Bearer"}}};
  if (token_error->code == tenants::make_error_code(tenant_errc::unavailable)) return to_problem(*token_error);
  std::string_view why = "The token is not valid.";
  if (token_error->code == crypto::make_error_code(crypto::token_errc::expired))
    why = "The token has expired; log in again.";
  if (token_error->code == crypto::make_error_code(crypto::token_errc::revoked))
    why = "The session was ended; log in again.";
  if (token_error->code == tenants::make_error_code(tenant_errc::banned)) why = "This user is banned.";
  auto header = "Bearer error=\"invalid_token\", error_description=\"" + std::string(why) + "\"";
  return {401, "invalid-token", "Token refused", std::string(why), {}, {{"WWW-Authenticate", header}}};
}

problem make_not_found() {
  return {404, "not-found", "Not found", "There is no such thing here."};
}

problem make_validation_problem(std::vector<field_error> errors) {
  std::string detail;
  for (const auto& e : errors) {
    if (!detail.empty()) detail += "; ";
    detail += (e.pointer.starts_with('/') ? e.pointer.substr(1) : e.pointer) + ": " + e.detail;
  }
  return {422, "validation-failed", "Validation failed", std::move(detail), std::move(errors)};
}

problem make_validation_problem(std::string pointer, std::string detail) {
  std::vector<field_error> errors;
  errors.push_back({std::move(pointer), std::move(detail)});
  return make_validation_problem(std::move(errors));
}

problem make_http_problem(int status, std::string_view detail) {
  return {status, type_of(status), std::string(title_of(status)), std::string(detail)};
}

net::http_response render_problem(const problem& p, std::string_view instance, std::string_view request_id) {
  json_writer w(512);
  w.begin_object();
  w.member("type", "urn:engine:problem:" + std::string(p.type)).member("title", p.title).member("status", p.status);
  // The HTTP server lets no other paths in; whoever calls without it gets JSON all the same.
  w.member("detail", p.detail).member("instance", net::is_utf8(instance) ? instance : std::string_view());
  w.member("error", p.title).member("code", std::to_string(p.status)).member("request_id", request_id);
  if (!p.errors.empty()) {
    w.key("errors").begin_array();
    for (const auto& e : p.errors)
      w.begin_object().member("pointer", e.pointer).member("detail", e.detail).end_object();
    w.end_array();
  }
  w.end_object();
  net::http_response response;
  response.status = p.status;
  response.headers = p.headers;
  response.headers.emplace_back("Content-Type", "application/problem+json");
  response.body = w.take();
  return response;
}

}  // namespace drover::web
