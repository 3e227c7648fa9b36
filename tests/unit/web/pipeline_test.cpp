#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using test::web_fixture;

std::string header(const net::http_response& r, std::string_view name) {
  return std::string(find_header(r.headers, name));
}

TEST(Pipeline, RequestIdsAreKeptWhenTheyAreCleanAndMadeOtherwise) {
  web_fixture f;
  EXPECT_EQ(header(f.call("GET", "/healthz", {}, {}, {{"X-Request-Id", "abc-1.2_3"}}), "X-Request-Id"), "abc-1.2_3");
  for (auto bad : {std::string("a b"), std::string("a\x1b"), std::string(65, 'a'), std::string("<x>")}) {
    auto made = header(f.call("GET", "/healthz", {}, {}, {{"X-Request-Id", bad}}), "X-Request-Id");
    EXPECT_EQ(made.size(), 24u) << made;
  }
  EXPECT_NE(header(f.call("GET", "/healthz"), "X-Request-Id"), header(f.call("GET", "/healthz"), "X-Request-Id"));
}

TEST(Pipeline, EveryResponseIsHardened) {
  web_fixture f;
  for (const auto* path : {"/healthz", "/nothing", "/user/exchanges"}) {
    auto r = f.call("GET", path);
    EXPECT_EQ(header(r, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(header(r, "Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'") << path;
    EXPECT_EQ(header(r, "Referrer-Policy"), "no-referrer") << path;
    EXPECT_EQ(header(r, "Cache-Control"), "no-store") << path;
    EXPECT_EQ(header(r, "Strict-Transport-Security"), "") << path;
  }
  web_config tls;
  tls.behind_tls_proxy = true;
  web_fixture secure(tls);
  EXPECT_NE(header(secure.call("GET", "/healthz"), "Strict-Transport-Security"), "");
}

TEST(Pipeline, UnknownPathsAndWrongVerbsAreToldApart) {
  web_fixture f;
  EXPECT_EQ(f.call("GET", "/nothing").status, 404);
  auto wrong = f.call("PUT", "/user/exchanges/");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(header(wrong, "Allow"), "POST, GET, HEAD");
  EXPECT_EQ(f.call("TRACE", "/healthz").status, 405);
  EXPECT_EQ(f.call("GET", "/backend/ban-user/name/alice/now", f.token_of("root")).status, 405);
}

TEST(Pipeline, AuthenticationFollowsRfc6750) {
  web_fixture f;
  auto none = f.call("GET", "/user/exchanges");
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(header(none, "WWW-Authenticate"), "Bearer");
  auto bad = f.call("GET", "/user/exchanges", "garbage");
  EXPECT_EQ(bad.status, 401);
  EXPECT_NE(header(bad, "WWW-Authenticate").find("invalid_token"), std::string::npos);
  auto forbidden = f.call("GET", "/admin/exchanges/pending", f.token_of("alice"));
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_NE(header(forbidden, "WWW-Authenticate").find("insufficient_scope"), std::string::npos);
  EXPECT_EQ(f.call("GET", "/user/exchanges?access_token=" + f.token_of("alice")).status, 401);
  auto token = f.token_of("alice");
  EXPECT_EQ(f.call("GET", "/user/exchanges", token).status, 200);
  f.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(f.call("GET", "/user/exchanges", token).status, 401);
}

TEST(Pipeline, BudgetsAreTellingAndEnd) {
  web_config config;
  config.limits.user_read = {1, 3};
  web_fixture f(config);
  auto token = f.token_of("alice");
  for (int left = 2; left >= 0; --left) {
    auto r = f.call("GET", "/user/exchanges", token);
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(header(r, "RateLimit-Limit"), "3");
    EXPECT_EQ(header(r, "RateLimit-Remaining"), std::to_string(left));
  }
  auto refused = f.call("GET", "/user/exchanges", token);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(header(refused, "Retry-After"), "1");
  EXPECT_EQ(f.call("GET", "/user/exchanges", f.token_of("bob")).status, 200);
  EXPECT_EQ(f.call("GET", "/healthz").status, 200);
  f.clock.advance(1s);
  EXPECT_EQ(f.call("GET", "/user/exchanges", token).status, 200);
}

TEST(Pipeline, GuessersOfTokensAreCountedByAddress) {
  web_config config;
  config.limits.address = {1, 2};
  web_fixture f(config);
  EXPECT_EQ(f.call("GET", "/user/exchanges", "guess1").status, 401);
  EXPECT_EQ(f.call("GET", "/user/exchanges", "guess2").status, 401);
  EXPECT_EQ(f.call("GET", "/user/exchanges", "guess3").status, 429);
  EXPECT_EQ(f.call("GET", "/user/exchanges", f.token_of("alice")).status, 200);
}

TEST(Pipeline, CrossOriginIsForListedOriginsOnly) {
  web_config config;
  config.allowed_origins = {"https://dash.example"};
  web_fixture f(config);
  header_list ask{{"Origin", "https://dash.example"}, {"Access-Control-Request-Method", "PATCH"}};
  auto ok = f.call("OPTIONS", "/user/exchanges/5", {}, {}, ask);
  EXPECT_EQ(ok.status, 204);
  EXPECT_EQ(header(ok, "Access-Control-Allow-Origin"), "https://dash.example");
  EXPECT_NE(header(ok, "Access-Control-Allow-Methods").find("PATCH"), std::string::npos);
  EXPECT_EQ(header(ok, "Vary"), "Origin");
  ask[0].second = "https://evil.example";
  EXPECT_EQ(header(f.call("OPTIONS", "/user/exchanges/5", {}, {}, ask), "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(header(f.call("GET", "/healthz", {}, {}, {{"Origin", "null"}}), "Access-Control-Allow-Origin"), "");
}

TEST(Pipeline, AdoptsWhatMayChangeAndKeepsTheRest) {
  web_fixture f;
  const auto token = f.token_of("alice");
  const auto before = f.services.config;
  auto fresh = before;
  fresh.limits.enabled = true;
  fresh.limits.user_read = {1, 2};
  fresh.limits.tracked_keys = before.limits.tracked_keys * 2;
  fresh.allowed_origins = {"https://new.example"};
  fresh.environment = "somewhere";
  fresh.replay_limit = before.replay_limit + 1;
  f.services.adopt(fresh);
  EXPECT_EQ(header(f.call("GET", "/user/exchanges", token, {}, {{"Origin", "https://new.example"}}), "Access-Control-Allow-Origin"),
            "https://new.example");
  EXPECT_EQ(f.call("GET", "/user/exchanges", token).status, 200);
  EXPECT_EQ(f.call("GET", "/user/exchanges", token).status, 429);
  EXPECT_EQ(f.services.config.limits.tracked_keys, before.limits.tracked_keys);
  EXPECT_EQ(f.services.config.environment, before.environment);
  EXPECT_EQ(f.services.config.replay_limit, before.replay_limit);
  f.services.adopt(before);
  EXPECT_EQ(f.call("GET", "/user/exchanges", token).status, 200);
}

TEST(Pipeline, ReadinessNamesWhatIsWrong) {
  web_fixture f;
  EXPECT_EQ(f.call("GET", "/readyz").status, 200);
  f.database_problem = "cannot connect";
  auto r = f.call("GET", "/readyz");
  EXPECT_EQ(r.status, 503);
  EXPECT_EQ(web_fixture::parse(r)["checks"]["database"], "cannot connect");
  f.database_problem.clear();
  f.services.draining = true;
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/readyz"))["status"], "draining");
}

TEST(Pipeline, MetricsAreForTheMachineAndAdministrators) {
  web_fixture f;
  EXPECT_EQ(f.call("GET", "/metrics").status, 401);
  EXPECT_EQ(f.call("GET", "/metrics", f.token_of("alice")).status, 403);
  EXPECT_EQ(f.call("GET", "/metrics", f.token_of("root")).status, 200);
  net::http_request local{.method = "GET", .path = "/metrics", .remote_address = "127.0.0.1"};
  auto text = f.send(local).body;
  for (const auto* name : {"engine_build_info{", "engine_http_requests_total{", "engine_ws_connections{", "engine_bots",
                           "process_resident_memory_bytes", "engine_auth_attempts_total{"})
    EXPECT_NE(text.find(name), std::string::npos) << name;
  EXPECT_NE(text.find("route=\"/metrics\""), std::string::npos);
  local.headers.emplace_back("X-Forwarded-For", "203.0.113.1");
  EXPECT_EQ(f.send(local).status, 401);
}

TEST(Pipeline, ErrorsOfTheServerItselfAreProblemsToo) {
  web_fixture f;
  for (int status : {400, 408, 413, 414, 431, 503}) {
    auto r = f.pipeline->make_error(status, "too much");
    EXPECT_EQ(r.status, status);
    EXPECT_EQ(header(r, "Content-Type"), "application/problem+json");
    EXPECT_EQ(web_fixture::parse(r)["code"], std::to_string(status));
    EXPECT_EQ(web_fixture::parse(r)["request_id"], header(r, "X-Request-Id"));
  }
}

TEST(Pipeline, ContractIsServedOnce) {
  web_fixture f;
  auto r = f.call("GET", "/openapi.json");
  EXPECT_EQ(web_fixture::parse(r)["openapi"], "3.1.0");
  auto again = f.call("GET", "/openapi.json", {}, {}, {{"If-None-Match", header(r, "ETag")}});
  EXPECT_EQ(again.status, 304);
}

}  // namespace
}  // namespace drover::web
