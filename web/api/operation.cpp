#include <fmt/format.h>

#include "base/encoding.hpp"
#include "engine/control/trading_control.hpp"
#include "web/api/handlers.hpp"
#include "web/json_writer.hpp"
#include "web/openapi.hpp"

namespace drover::web::api {

namespace {

/// Counting all orders is work for the database, and several may scrape.
constexpr nanoseconds statistics_age_limit = 15s;

/// Perhaps some seconds old; what was last known when the database is away.
task<std::shared_ptr<const engine::order_journal::statistics>> read_order_statistics(services& s) {
  const auto now = s.parts.timers.get_clock().now();
  const bool fresh = s.last_statistics && now - s.statistics_at < statistics_age_limit;
  if (fresh || s.parts.journal == nullptr) co_return s.last_statistics;
  // Also when it fails: the next scrape does not ask again at once.
  s.statistics_at = now;
  auto read = co_await s.parts.journal->load_statistics();
  if (read) s.last_statistics = std::make_shared<const engine::order_journal::statistics>(std::move(*read));
  co_return s.last_statistics;
}

}  // namespace

/// GET /healthz: the process is alive. Asks nobody.
task<answer> handle_health(request&, services&) {
  co_return json_response(200, R"({"status":"ok"})");
}

/// GET /readyz: everything that requests need is there; 503 while draining.
task<answer> handle_readiness(request&, services& s) {
  bool ready = !s.draining;
  json_writer checks;
  checks.begin_object();
  for (const auto& check : s.parts.readiness) {
    auto problem = check.problem();
    ready = ready && problem.empty();
    checks.key(check.name).value(problem.empty() ? std::string("ok") : problem);
  }
  checks.end_object();
  json_writer w;
  w.begin_object().member("status", s.draining ? "draining" : ready ? "ready" : "not_ready");
  w.key("checks").raw(checks.text()).end_object();
  co_return json_response(ready ? 200 : 503, w.take());
}

/// GET /version: what runs here, and whether it trades for real.
task<answer> handle_version(request&, services& s) {
  json_writer w;
  w.begin_object().member("version", s.parts.version).member("revision", s.parts.revision);
  const auto* control = s.parts.control;
  w.member("environment", s.config.environment);
  w.member("login_locked", s.config.login_locked || (control != nullptr && control->is_login_locked()));
  w.member("trading_locked", control != nullptr && control->is_trading_locked()).end_object();
  co_return json_response(200, w.take());
}

/// GET /metrics: Prometheus text format.
task<answer> handle_metrics(request&, services& s) {
  auto now = take_snapshot(s);
  now.limits = co_await read_limits(s);
  now.journal = co_await read_order_statistics(s);
  auto response = json_response(200, s.metrics.render(now));
  response.headers.front().second = "text/plain; version=0.0.4; charset=utf-8";
  co_return response;
}

/// GET /openapi.json: the contract of this API.
task<answer> handle_openapi(request& r, services&) {
  static const auto text = std::make_shared<const std::string>(openapi_json());
  static const std::string etag = fmt::format("\"{:08x}\"", crc32c(*text));
  bool unchanged = find_header(r.http.headers, "If-None-Match").find(etag) != std::string_view::npos;
  auto response = unchanged ? empty_response(304) : json_response(200, {});
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  if (!unchanged) response.shared_body = text;
  co_return response;
}

}  // namespace drover::web::api
