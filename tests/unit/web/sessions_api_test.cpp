#include "tests/unit/web/contract.hpp"
#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using test::web_fixture;

std::string credentials(const std::string& name, const std::string& password) {
  return json{{"username", name}, {"password", password}}.dump();
}

TEST(SessionsApi, LoginGivesATokenThatWorksUntilLogout) {
  web_fixture f;
  auto r = f.call("POST", "/client/login", {}, credentials("alice", test::good_password));
  ASSERT_EQ(r.status, 200) << r.body;
  auto login = web_fixture::parse(r);
  EXPECT_EQ(login["token_type"], "Bearer");
  EXPECT_EQ(login["expires_in"], 3600);
  EXPECT_EQ(login["user"], (json{{"id", f.id_of("alice").value}, {"username", "alice"}, {"role", "tenant"}}));
  std::string token = login["token"];
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/api/user/", token))["username"], "alice");
  auto other = f.token_of("alice");
  EXPECT_EQ(f.call("POST", "/client/logout", token).status, 204);
  EXPECT_EQ(f.call("GET", "/api/user", token).status, 401);
  EXPECT_EQ(f.call("GET", "/api/user", other).status, 200);
}

TEST(SessionsApi, SessionsAreListedAndEndedOneByOne) {
  web_fixture f;
  auto first = f.token_of("alice"), second = f.token_of("alice"), bobs = f.token_of("bob");
  auto listed = f.call("GET", "/api/sessions", second);
  ASSERT_EQ(listed.status, 200) << listed.body;
  auto items = web_fixture::parse(listed)["items"];
  ASSERT_EQ(items.size(), 2u);
  test::expect_members(items[0], "Session");
  EXPECT_TRUE(items[0]["current"]);
  EXPECT_FALSE(items[1]["current"]);
  std::string path = "/api/sessions/" + items[1]["id"].get<std::string>();
  EXPECT_EQ(f.call("DELETE", path, bobs).status, 404);
  EXPECT_EQ(f.call("GET", "/api/user", first).status, 200);
  EXPECT_EQ(f.call("DELETE", path, second).status, 204);
  EXPECT_EQ(f.call("GET", "/api/user", first).status, 401);
  EXPECT_EQ(f.call("GET", "/api/user", second).status, 200);
  for (auto id : {"0", "00000000000000zz", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"})
    EXPECT_EQ(f.call("DELETE", std::string("/api/sessions/") + id, second).status, 404) << id;
}

TEST(SessionsApi, AllSessionsEndTogether) {
  web_fixture f;
  auto first = f.token_of("alice"), second = f.token_of("alice"), bobs = f.token_of("bob");
  EXPECT_EQ(f.call("DELETE", "/api/sessions/", first).status, 204);
  for (const auto& token : {first, second}) EXPECT_EQ(f.call("GET", "/api/user", token).status, 401);
  EXPECT_EQ(f.call("GET", "/api/user", bobs).status, 200);
}

TEST(SessionsApi, WrongPasswordAndUnknownNameLookAlike) {
  web_fixture f;
  auto wrong = f.call("POST", "/client/login", {}, credentials("alice", "wrong password"), {{"X-Request-Id", "r"}});
  auto unknown = f.call("POST", "/client/login", {}, credentials("nobody", "wrong password"), {{"X-Request-Id", "r"}});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(wrong.body, unknown.body);
}

TEST(SessionsApi, LoginsCanBeLocked) {
  web_config config;
  config.login_locked = true;
  web_fixture f(config);
  auto r = f.call("POST", "/client/login", {}, credentials("alice", test::good_password));
  EXPECT_EQ(r.status, 403);
  EXPECT_EQ(web_fixture::parse(r)["type"], "urn:engine:problem:login-locked");
}

TEST(SessionsApi, BansActAtOnceAndCanBeLifted) {
  web_fixture f;
  auto alice = f.token_of("alice");
  auto root = f.token_of("root");
  EXPECT_EQ(f.call("POST", "/backend/ban-user/name/alice/now", alice).status, 403);
  auto banned = f.call("POST", "/backend/ban-user/name/Alice/now", root);
  EXPECT_EQ(banned.status, 200) << banned.body;
  EXPECT_EQ(web_fixture::parse(banned)["status"], "banned");
  EXPECT_EQ(f.call("GET", "/api/user", alice).status, 401);
  EXPECT_EQ(f.call("POST", "/client/login", {}, credentials("alice", test::good_password)).status, 403);
  EXPECT_EQ(f.call("POST", "/backend/unban-user/name/alice/now/", root).status, 200);
  EXPECT_EQ(f.call("GET", "/api/user", alice).status, 401) << "sessions from before the ban stay ended";
  EXPECT_EQ(f.call("POST", "/client/login", {}, credentials("alice", test::good_password)).status, 200);
  EXPECT_EQ(f.call("POST", "/backend/ban-user/name/nobody/now", root).status, 404);
  EXPECT_EQ(f.call("POST", "/backend/ban-user/name/\xff\xff\xff\xff/now", root).status, 404);
  EXPECT_EQ(f.call("POST", "/backend/ban-user/name/root/now", root).status, 409);
}

TEST(EarningsApi, ListsSumsAndCharts) {
  web_fixture f;
  auto alice = f.id_of("alice");
  for (int i = 1; i <= 3; ++i)
    f.earnings.all.push_back({.id = i,
                              .user = alice,
                              .account = account_id(5),
                              .source = "trading",
                              .asset = "USDT",
                              .amount = "0.1"_dec,
                              .at = f.clock.wall_now(),
                              .cause_kind = "fill",
                              .cause_id = "x"});
  auto token = f.token_of("alice");
  auto page = f.call("GET", "/api/earnings?limit=2&source=trading", token);
  EXPECT_EQ(web_fixture::parse(page)[0]["id"], 3);
  EXPECT_EQ(web_fixture::parse(page)[0]["amount"], "0.1");
  EXPECT_EQ(find_header(page.headers, "Link"), "</api/earnings?limit=2&before_id=2&source=trading>; rel=\"next\"");
  auto sum = web_fixture::parse(f.call("GET", "/api/earnings/summary", token));
  EXPECT_EQ(sum, (json::array({{{"source", "trading"}, {"asset", "USDT"}, {"amount", "0.3"}, {"count", 3}}})));
  EXPECT_TRUE(web_fixture::parse(f.call("GET", "/api/earnings", f.token_of("bob"))).empty());
  auto series = f.call("GET", "/api/earnings/series?asset=USDT&range=24h", token);
  EXPECT_EQ(series.status, 200);
  EXPECT_EQ(f.earnings.asked_bucket, seconds(300));
  EXPECT_EQ(f.earnings.asked_from.since_epoch % seconds(300), nanoseconds(0));
}

TEST(EarningsApi, DatabaseAwayIsTemporary) {
  web_fixture f;
  f.earnings.away = true;
  auto r = f.call("GET", "/api/earnings/summary", f.token_of("alice"));
  EXPECT_EQ(r.status, 503);
  EXPECT_FALSE(find_header(r.headers, "Retry-After").empty());
}

TEST(CatalogueApi, ExchangesAndStrategiesAreListed) {
  web_fixture f;
  auto exchanges = web_fixture::parse(f.call("GET", "/api/v1/exchanges", f.token_of("alice")));
  EXPECT_EQ(exchanges["total"], 2);
  const json regions = json::array({{{"name", "default"}, {"base_url", ""}}});
  EXPECT_EQ(exchanges["items"][1], (json{{"name", "okx"}, {"needs_passphrase", true}, {"regions", regions}}));
  auto strategies = web_fixture::parse(f.call("GET", "/api/v1/strategies", f.token_of("alice")));
  ASSERT_GE(strategies["items"].size(), 1u);
  EXPECT_TRUE(strategies["items"][0]["parameter_schema"].is_object());
}

TEST(StatisticsApi, ShowsWhatRuns) {
  web_fixture f;
  f.board.set({.account = account_id(1), .user = f.id_of("alice"), .state = engine::bot_state::running});
  f.counters.add({.placed = 8, .accepted = 6, .refused = 2});
  EXPECT_EQ(f.call("GET", "/stats/now", f.token_of("alice")).status, 403);
  auto stats = web_fixture::parse(f.call("GET", "/stats/now", f.token_of("root")));
  EXPECT_EQ(stats["bots"]["running"], 1);
  EXPECT_EQ(stats["bots"]["total"], 1);
  EXPECT_EQ(stats["orders"]["placed"], 8);
  EXPECT_EQ(stats["orders"]["error_ratio"], "0.25");
  EXPECT_GT(stats["process"]["resident_bytes"], 1'000'000);
  EXPECT_GE(stats["process"]["threads"], 1);
}

}  // namespace
}  // namespace drover::web
