#include <algorithm>

#include "tests/unit/web/contract.hpp"
#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using test::expect_members;
using test::web_fixture;

/// Alice with one account.
class BotsApi : public ::testing::Test {
protected:
  BotsApi() : account(f.add_account("alice")), alice(f.token_of("alice")), bob(f.token_of("bob")) {}

  net::http_response post(const std::string& path, const json& body = json::object()) {
    return f.call("POST", path, alice, body.dump());
  }
  json grid(const std::string& symbol) const {
    return {{"account_id", account},
            {"strategy", "grid"},
            {"parameters", {{"symbol", symbol}, {"levels", "3"}, {"spacing", "0.01"}, {"order_notional", "50"}}}};
  }
  std::int64_t add(const std::string& symbol, bool start = false) {
    auto body = grid(symbol);
    body["start"] = start;
    auto r = post("/api/bots", body);
    EXPECT_EQ(r.status, 201) << r.body;
    return web_fixture::parse(r).at("id");
  }
  json list(const std::string& query = {}) { return web_fixture::parse(f.call("GET", "/api/bots" + query, alice)); }
  static std::string path(std::int64_t id, const std::string& rest = {}) {
    return "/api/bots/" + std::to_string(id) + rest;
  }
  void show(std::int64_t id, engine::bot_state state, const std::string& reason) {
    engine::bot_status s;
    s.bot = bot_id(id);
    s.account = account_id(account);
    s.user = f.id_of("alice");
    s.state = state;
    s.reason = reason;
    f.board.set(s);
  }

  web_fixture f;
  std::int64_t account;
  std::string alice, bob;
};

TEST_F(BotsApi, ANewBotIsStoppedAndShowsWhatItWasGiven) {
  auto r = post("/api/bots", grid("BTC/USDT"));
  ASSERT_EQ(r.status, 201) << r.body;
  auto bot = web_fixture::parse(r);
  EXPECT_EQ(find_header(r.headers, "Location"), path(bot["id"]));
  expect_members(bot, "TradingBot");
  expect_members(bot["status"], "Bot");
  EXPECT_EQ(bot["name"], "grid BTC/USDT");
  EXPECT_EQ(bot["symbol"], "BTC/USDT");
  EXPECT_EQ(bot["parameters"]["levels"], "3");
  EXPECT_EQ(bot["desired"], "stopped");
  EXPECT_EQ(bot["resume"], "resume");
  EXPECT_EQ(bot["status"]["state"], "stopped");
}

TEST_F(BotsApi, EveryErrorNamesItsField) {
  auto wrong = grid("BTC/USDT");
  wrong["parameters"]["levels"] = "0";
  auto r = web_fixture::parse(post("/api/bots", wrong));
  EXPECT_EQ(r["status"], 422);
  EXPECT_EQ(r["errors"][0]["pointer"], "/parameters/levels") << r;
  wrong = grid("BTC/USDT");
  wrong["parameters"]["colour"] = "red";
  EXPECT_EQ(web_fixture::parse(post("/api/bots", wrong))["errors"][0]["pointer"], "/parameters/colour");
  wrong = grid("BTC/USDT");
  wrong["strategy"] = "luck";
  EXPECT_EQ(web_fixture::parse(post("/api/bots", wrong))["errors"][0]["pointer"], "/strategy");
  wrong = grid("BTC/USDT");
  wrong["resume"] = "maybe";
  wrong.erase("account_id");
  EXPECT_EQ(web_fixture::parse(post("/api/bots", wrong))["errors"].size(), 2u);
}

TEST_F(BotsApi, ASecondLiveBotOnTheMarketIsRefused) {
  add("BTC/USDT", true);
  const auto second = add("BTC/USDT");
  auto r = f.call("POST", path(second, "/start"), alice);
  EXPECT_EQ(r.status, 409);
  EXPECT_EQ(web_fixture::parse(r)["type"], "urn:engine:problem:market-taken");
  add("ETH/USDT", true);
}

TEST_F(BotsApi, TheNumberOfBotsIsLimited) {
  for (const auto* symbol : {"BTC/USDT", "ETH/USDT", "XRP/USDT"}) add(symbol);
  auto r = post("/api/bots", grid("SOL/USDT"));
  EXPECT_EQ(r.status, 409);
  EXPECT_NE(r.body.find("3 bots"), std::string::npos) << r.body;
}

TEST_F(BotsApi, StartPauseAndStopChangeWhatIsWanted) {
  const auto id = add("BTC/USDT");
  for (const auto& [verb, desired] : {std::pair("/start", "running"), {"/pause", "paused"}, {"/stop", "stopped"}}) {
    auto r = f.call("POST", path(id, verb), alice);
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(web_fixture::parse(r)["desired"], desired);
  }
}

TEST_F(BotsApi, ForeignBotsAreNotThere) {
  const auto id = add("BTC/USDT");
  EXPECT_EQ(f.call("GET", path(id), bob).status, 404);
  EXPECT_EQ(f.call("PATCH", path(id), bob, R"({"name":"mine"})").status, 404);
  EXPECT_EQ(f.call("DELETE", path(id), bob).status, 404);
  EXPECT_EQ(f.call("GET", path(id, "/diagnosis"), bob).status, 404);
  for (const auto* verb : {"/start", "/pause", "/stop"}) EXPECT_EQ(f.call("POST", path(id, verb), bob).status, 404);
  EXPECT_EQ(f.call("POST", path(id, "/clone"), bob, "{}").status, 404);
  EXPECT_EQ(f.call("POST", "/api/bots", bob, grid("ETH/USDT").dump()).status, 404);
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/api/bots", bob))["total"], 0);
  EXPECT_EQ(f.call("GET", path(id)).status, 401);
}

TEST_F(BotsApi, ChangesKeepTheMarket) {
  const auto id = add("BTC/USDT");
  auto changed = f.call("PATCH", path(id), alice, R"({"name":"mine","resume":"flatten"})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(web_fixture::parse(changed)["name"], "mine");
  EXPECT_EQ(web_fixture::parse(changed)["resume"], "flatten");
  auto moved = f.call("PATCH", path(id), alice, json{{"parameters", grid("ETH/USDT")["parameters"]}}.dump());
  EXPECT_EQ(moved.status, 422);
  EXPECT_EQ(web_fixture::parse(moved)["errors"][0]["pointer"], "/parameters/symbol");
}

TEST_F(BotsApi, ACloneIsStoppedAndMayTakeAnotherMarketAndAccount) {
  const auto id = add("BTC/USDT", true);
  auto r = post(path(id, "/clone"), {{"symbol", "ETH/USDT"}});
  ASSERT_EQ(r.status, 201) << r.body;
  auto copy = web_fixture::parse(r);
  EXPECT_NE(copy["id"], id);
  EXPECT_EQ(copy["name"], "grid BTC/USDT (copy)");
  EXPECT_EQ(copy["symbol"], "ETH/USDT");
  EXPECT_EQ(copy["parameters"]["symbol"], "ETH/USDT");
  EXPECT_EQ(copy["parameters"]["levels"], "3");
  EXPECT_EQ(copy["desired"], "stopped");
  const auto other = f.add_account("alice", "key-of-somebody-0002");
  auto moved = web_fixture::parse(post(path(id, "/clone"), {{"account_id", other}, {"name", "there"}}));
  EXPECT_EQ(moved["account_id"], other);
  EXPECT_EQ(moved["name"], "there");
}

TEST_F(BotsApi, ListsComeAsCsv) {
  const auto first = add("BTC/USDT", true), second = add("ETH/USDT");
  show(first, engine::bot_state::quarantined, "=1+1, they say");
  auto r = f.call("GET", "/api/bots", alice, {}, {{"Accept", "text/csv"}});
  ASSERT_EQ(r.status, 200);
  EXPECT_TRUE(find_header(r.headers, "Content-Type").starts_with("text/csv"));
  EXPECT_TRUE(r.body.starts_with("id,account_id,name,strategy,symbol,desired,"));
  EXPECT_EQ(std::ranges::count(r.body, '\n'), 3);
  EXPECT_NE(r.body.find("quarantined,\"'=1+1, they say\""), std::string::npos) << r.body;
  auto page = f.call("GET", "/api/bots?format=csv&limit=1", alice);
  EXPECT_EQ(find_header(page.headers, "X-Next-Cursor"), std::to_string(first));
  auto rest = f.call("GET", "/api/bots?format=csv&cursor=" + std::to_string(first), alice);
  EXPECT_NE(rest.body.find("\n" + std::to_string(second) + ","), std::string::npos);
  EXPECT_TRUE(find_header(rest.headers, "X-Next-Cursor").empty());
  EXPECT_TRUE(web_fixture::parse(f.call("GET", "/api/bots", alice, {}, {{"Accept", "application/json, text/csv"}})).contains("items"));
}

TEST_F(BotsApi, ListsPageByPageAndByWhatBotsDo) {
  const auto first = add("BTC/USDT", true), second = add("ETH/USDT", true), third = add("XRP/USDT");
  show(first, engine::bot_state::running, "Trading");
  show(second, engine::bot_state::quarantined, "The key may withdraw");
  auto page = list("?limit=2");
  EXPECT_EQ(page["total"], 3);
  EXPECT_EQ(page["items"].size(), 2u);
  auto rest = list("?limit=2&cursor=" + page["next_cursor"].get<std::string>());
  ASSERT_EQ(rest["items"].size(), 1u);
  EXPECT_EQ(rest["items"][0]["id"], third);
  EXPECT_EQ(rest["next_cursor"], nullptr);
  auto sick = list("?state=quarantined");
  ASSERT_EQ(sick["items"].size(), 1u);
  EXPECT_EQ(sick["items"][0]["status"]["reason"], "The key may withdraw");
  EXPECT_EQ(list("?strategy=dca")["total"], 0);
  EXPECT_EQ(list("?account=" + std::to_string(account))["total"], 3);
  EXPECT_EQ(f.call("GET", "/api/bots?state=tired", alice).status, 422);
}

TEST_F(BotsApi, ADeletedBotIsGone) {
  const auto id = add("BTC/USDT", true);
  EXPECT_EQ(f.call("DELETE", path(id), alice).status, 204);
  EXPECT_EQ(f.call("GET", path(id), alice).status, 404);
}

TEST_F(BotsApi, TheDiagnosisIsAChainInItsOrder) {
  const auto id = add("BTC/USDT", true);
  auto told = web_fixture::parse(f.call("GET", path(id, "/diagnosis"), alice));
  expect_members(told, "BotDiagnosis");
  const auto& checks = told["checks"];
  ASSERT_EQ(checks.size(), 13u);
  EXPECT_EQ(checks[0]["check"], "user_active");
  EXPECT_EQ(checks[1]["check"], "account_approved");
  EXPECT_EQ(checks[1]["ok"], false);
  EXPECT_EQ(checks[1]["what_to_do"], "Wait for an administrator, or ask one");
  EXPECT_EQ(checks[12]["check"], "strategy");
  EXPECT_EQ(checks[12]["ok"], nullptr);
  f.approve(account);
  show(id, engine::bot_state::running, "Trading");
  f.reports.bot.emplace();
  f.reports.bot->reconciled = true;
  f.reports.bot->last_refusal = "max_order_notional: 60 against a limit of 50";
  told = web_fixture::parse(f.call("GET", path(id, "/diagnosis"), alice));
  const auto first_fault = std::ranges::find(told["checks"], json(false), [](const json& c) { return c["ok"]; });
  ASSERT_NE(first_fault, told["checks"].end());
  EXPECT_EQ((*first_fault)["check"], "strategy");
  EXPECT_NE((*first_fault)["detail"].get<std::string>().find("max_order_notional"), std::string::npos);
}

TEST_F(BotsApi, StrategiesCarryTheirSchema) {
  auto told = web_fixture::parse(f.call("GET", "/api/strategies", alice));
  expect_members(told, "Strategies");
  EXPECT_GE(told["items"].size(), 7u);
  EXPECT_EQ(told["items"][0]["parameter_schema"]["type"], "object");
}

TEST_F(BotsApi, WhileTheDatabaseIsAwayTheLastRowsAreToldWithWhatTheBotsDoNow) {
  const auto one = add("BTC/USDT", true);
  add("ETH/USDT");
  const auto before = list();
  EXPECT_FALSE(before.contains("stale"));
  bool away = true;
  f.services.parts.stale = [&away] { return away; };
  show(one, engine::bot_state::degraded, "The stream is down");
  auto r = f.call("GET", "/api/bots", alice);
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(find_header(r.headers, "X-Stale"), "true");
  const auto now = web_fixture::parse(r);
  EXPECT_EQ(now["stale"], true);
  EXPECT_EQ(now["total"], 2);
  EXPECT_EQ(now["items"][0]["name"], before["items"][0]["name"]);
  EXPECT_EQ(now["items"][0]["status"]["state"], "degraded");
  EXPECT_EQ(list("?state=degraded")["total"], 1);
  EXPECT_EQ(list("?account=" + std::to_string(account + 1))["total"], 0);
  // Nobody is shown another's rows, and who was told nothing is not told an old nothing.
  auto other = f.call("GET", "/api/bots", bob);
  EXPECT_EQ(web_fixture::parse(other)["total"], 0);
  EXPECT_EQ(find_header(other.headers, "X-Stale"), "");
  away = false;
  EXPECT_FALSE(list().contains("stale"));
}

}  // namespace
}  // namespace drover::web
