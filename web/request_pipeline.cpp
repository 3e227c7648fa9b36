#include "web/request_pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/log.hpp"
#include "engine/control/trading_control.hpp"
#include "web/client_address.hpp"
#include "web/origins.hpp"
#include "web/route_table.hpp"
#include "web/security_headers.hpp"
#include "web/step_up.hpp"

namespace drover::web {

namespace {

const logger& log() {
  static const logger instance("web");
  return instance;
}

constexpr std::size_t request_id_limit = 64;
constexpr auto unmatched_route = "unmatched";

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= request_id_limit && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

std::int64_t whole_seconds(nanoseconds d) {
  return std::chrono::ceil<seconds>(d).count();
}

/// Methods that a label may show; anything else a stranger invents counts as one.
std::string_view known_method(std::string_view method) {
  constexpr std::string_view known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return std::find(std::begin(known), std::end(known), method) == std::end(known) ? "other" : method;
}

content_kind kind_of(const request& r, const router::outcome& target, const net::http_response& response) {
  if (target.path_known || response.status >= 400) return content_kind::answer;
  return r.http.path.starts_with("/redoc") ? content_kind::searchable_page : content_kind::page;
}

/// 500 once more, whatever went wrong: the id leads to the log.
problem make_internal_problem() {
  return make_http_problem(500, "Something went wrong on our side; the request id names it in the log.");
}

/// What a token without a session may not do, although its user may.
std::optional<problem> check_scope(const request& r, const route& target) {
  if (!r.caller || !r.caller->session_id.empty()) return std::nullopt;
  if (target.needs != proof::token)
    return problem{403, "session-needed", "Session needed", "This needs the token of a login."};
  using tenants::token_scope;
  const bool reads = target.rate == rate_class::read || target.rate == rate_class::socket ||
                     target.rate == rate_class::unlimited || target.who == access::anyone;
  const bool administrates = target.who == access::admin || target.who == access::local_or_admin;
  const auto needed = administrates ? token_scope::admin : reads ? token_scope::read : token_scope::write;
  if (r.caller->scope >= needed) return std::nullopt;
  const std::string name(tenants::to_string(needed));
  auto refused = make_http_problem(403, "This needs an API token with the scope " + name + ".");
  refused.headers.emplace_back("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"" + name + "\"");
  return refused;
}

}  // namespace

request_pipeline::request_pipeline(services& s, const page_files& page)
    : services_(s),
      page_(page),
      router_(routes()),
      limiter_(s.config.limits.tracked_keys, s.parts.random.next_u64()),
      repetitions_(s.parts.idempotency),
      id_prefix_(s.parts.random.next_u64()) {}

std::string request_pipeline::make_request_id(const net::http_request& http) {
  auto given = find_header(http.headers, "X-Request-Id");
  if (is_request_id(given)) return std::string(given);
  return fmt::format("{:016x}{:08x}", id_prefix_, static_cast<std::uint32_t>(++id_count_));
}

task<net::http_response> request_pipeline::handle(net::http_request http) {
  auto started = services_.parts.timers.get_clock().now();
  services_.metrics.request_started();
  request r{.http = std::move(http)};
  r.id = make_request_id(r.http);
  r.client_address = find_client_address(r.http, services_.config.trusted_proxies);
  auto target = router_.find(r.http.method, r.http.path);
  r.parameters = target.parameters;
  net::http_response response = co_await respond(r, target);
  if (!r.http.body.empty()) wipe_memory(r.http.body.data(), r.http.body.size());
  finish(r, target, started, response);
  co_return response;
}

task<net::http_response> request_pipeline::respond(request& r, const router::outcome& target) {
  if (r.http.method == "OPTIONS" && target.path_known) co_return respond_to_options(r, target);
  if (!target.found) co_return respond_without_route(r, target);
  net::http_response limits;
  auto refused = admit(r, *target.found, limits);
  net::http_response response;
  if (refused) {
    response = render_problem(*refused, r.http.path, r.id);
  } else if (repetitions_.wants(r, *target.found)) {
    const idempotent_calls::carry_out work = [&] { return carry_out(r, *target.found); };
    response = co_await repetitions_.run(r, *target.found, work);
  } else {
    response = co_await carry_out(r, *target.found);
  }
  for (auto& header : limits.headers)
    if (find_header(response.headers, header.first).empty()) response.headers.push_back(std::move(header));
  co_return response;
}

task<net::http_response> request_pipeline::carry_out(request& r, const route& target) {
  answer outcome = co_await call(r, target);
  co_return outcome ? std::move(*outcome) : render_problem(outcome.error(), r.http.path, r.id);
}

task<answer> request_pipeline::call(request& r, const route& target) {
  try {
    answer outcome = co_await target.handler(r, services_);
    if (!outcome && outcome.error().status == 500)
      log().error("request failed", {{"request_id", r.id}, {"route", target.pattern}, {"user", r.caller_id()}});
    co_return outcome;
  } catch (const std::exception& e) {
    log().error("handler threw", {{"request_id", r.id}, {"route", target.pattern}, {"err", e.what()}});
  }
  co_return refuse(make_internal_problem());
}

std::optional<problem> request_pipeline::admit(request& r, const route& target, net::http_response& extra) {
  if (target.rate != rate_class::unlimited || target.who != access::anyone) authenticate(r);
  if (auto refused = count(r, target.rate, extra.headers)) return refused;
  if (auto refused = check_lockdown(r, target)) return refused;
  if (auto refused = authorise(r, target.who)) return refused;
  if (auto refused = check_scope(r, target)) return refused;
  return target.needs == proof::recent_password ? ask_for_password(r, services_) : std::nullopt;
}

/// Administrators get in; so does who wants to become one, and what watches the machine.
std::optional<problem> request_pipeline::check_lockdown(const request& r, const route& target) const {
  const auto* control = services_.parts.control;
  if (control == nullptr || !control->is_locked_down()) return std::nullopt;
  const bool is_admin = r.caller && r.caller->role == tenants::role::admin;
  if (is_admin || target.rate == rate_class::unlimited || target.rate == rate_class::login) return std::nullopt;
  return problem{503, "lockdown", "Lockdown", "An administrator has locked the engine down; try again later.", {}, {{"Retry-After", "60"}}};
}

void request_pipeline::authenticate(request& r) {
  auto token = find_bearer_token(r.http);
  if (!token) return;
  auto caller = services_.parts.directory.authenticate(*token, r.client_address);
  services_.metrics.count_auth("token", caller ? "ok" : "refused");
  if (caller)
    r.caller = std::move(*caller);
  else
    r.token_error = std::move(caller.error());
}

std::optional<problem> request_pipeline::count(const request& r, rate_class rate, header_list& headers) {
  const auto& limits = services_.config.limits;
  if (!limits.enabled || rate == rate_class::unlimited) return std::nullopt;
  bool by_user = r.caller && rate != rate_class::login;
  rate_limit limit = by_user ? limits.user_read : limits.address;
  if ((rate == rate_class::write || rate == rate_class::emergency) && by_user) limit = limits.user_write;
  if (rate == rate_class::login) limit = limits.login;
  if (rate == rate_class::socket) limit = limits.sockets;
  auto group = static_cast<unsigned>(rate) * 2 + (by_user ? 1 : 0);
  auto key = by_user ? std::to_string(r.caller->user.value) : rate_key_of(r.client_address);
  auto d = limiter_.count(group, key, limit, services_.parts.timers.get_clock().now());
  headers.emplace_back("RateLimit-Limit", std::to_string(d.limit));
  headers.emplace_back("RateLimit-Remaining", std::to_string(d.remaining));
  headers.emplace_back("RateLimit-Reset", std::to_string(whole_seconds(d.reset)));
  if (d.allowed) return std::nullopt;
  auto wait = std::to_string(std::max<std::int64_t>(1, whole_seconds(d.retry_after)));
  auto refused = make_http_problem(429, "Too many requests; try again in " + wait + " s.");
  refused.headers.emplace_back("Retry-After", wait);
  return refused;
}

std::optional<problem> request_pipeline::authorise(const request& r, access who) const {
  if (who == access::anyone) return std::nullopt;
  bool direct = is_loopback(r.http.remote_address) && find_header(r.http.headers, "X-Forwarded-For").empty() &&
                find_header(r.http.headers, "Forwarded").empty();
  if (who == access::local_or_admin && direct) return std::nullopt;
  if (!r.caller) return to_unauthorized(r.token_error ? &*r.token_error : nullptr);
  if (who == access::user || r.caller->role == tenants::role::admin) return std::nullopt;
  auto refused = make_http_problem(403, "Only administrators may do this.");
  refused.headers.emplace_back("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"admin\"");
  return refused;
}

net::http_response request_pipeline::respond_without_route(const request& r, const router::outcome& target) const {
  bool reads = r.http.method == "GET" || r.http.method == "HEAD";
  if (!target.path_known && reads)
    if (auto file = page_.find(r.http)) return std::move(*file);
  if (!target.path_known) return render_problem(make_not_found(), r.http.path, r.id);
  auto refused = make_http_problem(405, "This path takes " + target.allow() + ".");
  refused.headers.emplace_back("Allow", target.allow());
  return render_problem(refused, r.http.path, r.id);
}

net::http_response request_pipeline::respond_to_options(const request& r, const router::outcome& target) const {
  auto response = empty_response(204);
  response.headers.emplace_back("Allow", target.allow());
  if (find_header(r.http.headers, "Access-Control-Request-Method").empty()) return response;
  if (find_allowed_origin(r.http, services_.config.allowed_origins).empty()) return response;
  response.headers.emplace_back("Access-Control-Allow-Methods", target.allow());
  response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-Request-Id");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

void request_pipeline::finish(const request& r, const router::outcome& target, steady_time started,
                              net::http_response& response) {
  response.headers.emplace_back("X-Request-Id", r.id);
  const auto& origins = services_.config.allowed_origins;
  if (!origins.empty() && find_header(response.headers, "Vary").empty())
    response.headers.emplace_back("Vary", "Origin");
  if (auto origin = find_allowed_origin(r.http, origins); !origin.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Origin", origin);
    response.headers.emplace_back("Access-Control-Expose-Headers",
                                  "ETag, Idempotent-Replayed, Link, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
                                  "X-Next-Cursor, X-Request-Id, X-Stale, X-Total-Count");
  }
  add_security_headers(response, kind_of(r, target, response), services_.behind_tls());
  auto took = services_.parts.timers.get_clock().now() - started;
  auto route = target.found ? target.found->pattern : std::string_view(unmatched_route);
  services_.metrics.request_ended(known_method(r.http.method), route, response.status, took);
  if (!log().enabled(log_level::debug)) return;
  log().debug("request", {{"request_id", r.id},
                          {"method", r.http.method},
                          {"path", r.http.path},
                          {"status", response.status},
                          {"user", r.caller_id()},
                          {"address", r.client_address},
                          {"duration_ms", std::chrono::duration<double, std::milli>(took).count()}});
}

net::http_response request_pipeline::make_error(int status, std::string_view detail) {
  auto id = fmt::format("{:016x}{:08x}", id_prefix_, static_cast<std::uint32_t>(++id_count_));
  auto p = make_http_problem(status, detail);
  if (status == 503) p.headers.emplace_back("Retry-After", "2");
  auto response = render_problem(p, "", id);
  response.headers.emplace_back("X-Request-Id", id);
  add_security_headers(response, content_kind::answer, services_.behind_tls());
  return response;
}

}  // namespace drover::web
