#include "engine/control/trading_control.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using engine::halt_scope;

/// The API over a trading control without bots.
class ControlApi : public ::testing::Test, public test::web_fixture {
protected:
  ControlApi() {
    services.parts.control = &control;
    services.parts.trading = io.get_executor();
    account = add_account("alice");
    EXPECT_TRUE(test::run(io, control.load()));
    control.start();
    alice = token_of("alice");
    bob = token_of("bob");
    root = token_of("root");
  }
  ~ControlApi() override {
    test::run(io, control.stop());
    test::run(io, manager.drain());
  }

  struct said {
    int status = 0;
    json body;
    std::string type() const { return body.value("type", ""); }
  };
  said ask(const std::string& method, const std::string& path, const std::string& token, const json& body = nullptr, header_list headers = {}) {
    auto response = call(method, path, token, body.is_null() ? std::string() : body.dump(), std::move(headers));
    return {response.status, parse(response)};
  }
  said kill(const std::string& token, json body) { return ask("POST", "/api/kill", token, body); }
  json of_account() const { return {{"verb", "halt"}, {"scope", "account"}, {"id", account}}; }

  log_capture quiet;
  std::int64_t account = 0;
  std::string alice, bob, root;
  std::unique_ptr<engine::control_store> rows = engine::make_memory_control_store({[this](const halt_scope& s) -> std::optional<user_id> {
    if (s.what == halt_scope::kind::user) return s.id <= 3 ? std::optional(user_id(s.id)) : std::nullopt;
    return s.what == halt_scope::kind::account && s.id == account ? std::optional(id_of("alice")) : std::nullopt;
  }, {}});
  engine::entry_gate gate;
  engine::risk_book risk{engine::risk_limits{}, engine::no_limits, gate};
  std::unique_ptr<engine::order_journal> journal = engine::make_memory_order_journal(clock);
  std::map<std::string, std::unique_ptr<exchanges::exchange>> venues;
  engine::bot_manager manager{{}, {.executor = io.get_executor(), .timers = timers, .random = random, .wall = clock, .accounts = *store,
                                   .bots = *bot_rows, .keyring = keyring, .journal = *journal, .exchanges = venues, .board = board,
                                   .counters = counters, .on_earnings = {}, .engine_name = "test", .gate = &gate, .risk = &risk}};
  engine::trading_control control{{io.get_executor(), timers, random, clock, *rows, gate, risk, manager, board,
                                   [](const std::string& name) { return name == "paper"; }}};
};

TEST_F(ControlApi, AKillIsAnsweredWithItsReceipt) {
  auto done = kill(alice, of_account());
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.body["state"], "done");
  EXPECT_EQ(done.body["saved"], true);
  EXPECT_EQ(done.body["scope"], json({{"type", "account"}, {"id", account}, {"exchange", nullptr}}));
  EXPECT_EQ(done.body["receipt"]["complete"], true);
  EXPECT_EQ(done.body["asked_by"], id_of("alice").value);
  EXPECT_EQ(gate.size(), 1u);
  const std::string id = done.body["id"];
  EXPECT_EQ(ask("GET", "/api/kill/" + id, alice).body["id"], id);
  EXPECT_EQ(ask("GET", "/api/kill?active=true", alice).body["items"].size(), 1u);
  auto released = ask("POST", "/api/kill/" + id + "/release", alice);
  EXPECT_EQ(released.status, 200) << released.body;
  EXPECT_EQ(released.body["state"], "released");
  EXPECT_EQ(gate.size(), 0u);
  EXPECT_EQ(ask("GET", "/api/kill?active=true", alice).body["items"].size(), 0u);
  EXPECT_EQ(ask("GET", "/api/kill", alice).body["items"].size(), 1u);
}

TEST_F(ControlApi, StrangersSeeNothingAndTenantsStopNoExchange) {
  EXPECT_EQ(kill(bob, of_account()).status, 404);
  EXPECT_EQ(kill(alice, {{"verb", "halt"}, {"scope", "bot"}, {"id", 77}}).status, 404);
  EXPECT_EQ(kill(alice, {{"verb", "halt"}, {"scope", "user"}, {"id", id_of("bob").value}}).status, 404);
  EXPECT_EQ(kill(alice, {{"verb", "halt"}, {"scope", "all"}}).status, 403);
  EXPECT_EQ(kill(alice, {{"verb", "halt"}, {"scope", "exchange"}, {"exchange", "paper"}}).status, 403);
  EXPECT_EQ(kill({}, of_account()).status, 401);
  EXPECT_EQ(gate.size(), 0u);
  const std::string id = kill(alice, of_account()).body["id"];
  EXPECT_EQ(ask("GET", "/api/kill/" + id, bob).status, 404);
  EXPECT_EQ(ask("POST", "/api/kill/" + id + "/release", bob).status, 404);
  EXPECT_EQ(ask("GET", "/api/kill", bob).body["items"].size(), 0u);
  EXPECT_EQ(ask("GET", "/api/kill/not-an-id", alice).status, 404);
}

TEST_F(ControlApi, AnAdministratorsStopIsReleasedByAdministrators) {
  const std::string id = kill(root, of_account()).body["id"];
  auto refused = ask("POST", "/api/kill/" + id + "/release", alice);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.type(), "urn:engine:problem:administrators-stop");
  EXPECT_EQ(ask("POST", "/api/kill/" + id + "/release", root).status, 200);
}

TEST_F(ControlApi, WhatIsNotAcceptableIsNamed) {
  for (const auto& [body, pointer] : std::vector<std::pair<json, std::string>>{
           {{{"verb", "explode"}, {"scope", "all"}}, "/verb"},
           {{{"verb", "halt"}, {"scope", "galaxy"}}, "/scope"},
           {{{"verb", "halt"}, {"scope", "bot"}}, "/id"},
           {{{"verb", "halt"}, {"scope", "all"}, {"id", 3}}, "/id"},
           {{{"verb", "halt"}, {"scope", "exchange"}}, "/exchange"},
           {{{"verb", "halt"}, {"scope", "all"}, {"exchange", "paper"}}, "/exchange"},
           {{{"verb", "halt"}, {"scope", "all"}, {"state", "done"}}, "/state"}}) {
    auto refused = kill(root, body);
    EXPECT_EQ(refused.status, 422) << body;
    ASSERT_FALSE(refused.body["errors"].empty()) << body;
    EXPECT_EQ(refused.body["errors"][0]["pointer"], pointer) << body;
  }
  EXPECT_EQ(kill(root, {{"verb", "halt"}, {"scope", "exchange"}, {"exchange", "nowhere"}}).status, 422);
}

TEST_F(ControlApi, TheSameIdempotencyKeyIsTheSameKill) {
  auto first = ask("POST", "/api/kill", alice, of_account(), {{"Idempotency-Key", "k1"}});
  auto again = ask("POST", "/api/kill", alice, of_account(), {{"Idempotency-Key", "k1"}});
  EXPECT_EQ(first.body["id"], again.body["id"]);
  EXPECT_EQ(gate.size(), 1u);
  EXPECT_EQ(ask("POST", "/api/kill", alice, of_account(), {{"Idempotency-Key", std::string(65, 'k')}}).status, 422);
}

TEST_F(ControlApi, OnlyAdministratorsLock) {
  for (const auto* path : {"/admin/trading/lock", "/admin/trading/unlock", "/admin/login/lock", "/admin/lockdown", "/admin/release"})
    EXPECT_EQ(ask("POST", path, alice).status, 403) << path;
  EXPECT_EQ(ask("GET", "/admin/locks", alice).status, 403);
  auto locked = ask("POST", "/admin/trading/lock", root, {{"reason", "drill"}});
  ASSERT_EQ(locked.status, 200) << locked.body;
  EXPECT_EQ(locked.body["locked"], true);
  EXPECT_EQ(locked.body["reason"], "drill");
  EXPECT_EQ(gate.find({id_of("alice"), account_id(account), "paper", bot_id(1)})->reason, "Trading is locked by an administrator: drill");
  EXPECT_NE(call("GET", "/metrics", root).body.find("engine_trading_locked 1"), std::string::npos);
  EXPECT_EQ(ask("GET", "/version", {}).body["trading_locked"], true);
  EXPECT_EQ(ask("POST", "/admin/trading/unlock", root).body["locked"], false);
  EXPECT_EQ(gate.size(), 0u);
  EXPECT_NE(call("GET", "/metrics", root).body.find("engine_trading_locked 0"), std::string::npos);
}

TEST_F(ControlApi, LockedLoginsLetAdministratorsIn) {
  const auto log_in = [&](const std::string& name) {
    return ask("POST", "/client/login", {}, {{"username", name}, {"password", test::good_password}});
  };
  ASSERT_EQ(ask("POST", "/admin/login/lock", root).status, 200);
  auto refused = log_in("alice");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.type(), "urn:engine:problem:login-locked");
  EXPECT_EQ(log_in("root").status, 200);
  EXPECT_EQ(ask("GET", "/api/user", alice).status, 200) << "who is in stays in";
  ASSERT_EQ(ask("POST", "/admin/login/unlock", root).status, 200);
  EXPECT_EQ(log_in("alice").status, 200);
}

TEST_F(ControlApi, InALockdownTheApiAnswersAdministratorsOnly) {
  ASSERT_EQ(ask("POST", "/admin/lockdown", root, {{"reason", "key leaked"}}).status, 200);
  for (const auto& [method, path] : {std::pair("GET", "/api/user"), std::pair("GET", "/api/bots"), std::pair("GET", "/user/exchanges/")}) {
    auto refused = ask(method, path, alice);
    EXPECT_EQ(refused.status, 503) << path;
    EXPECT_EQ(refused.type(), "urn:engine:problem:lockdown") << path;
  }
  EXPECT_EQ(ask("GET", "/api/user", {}).status, 503);
  EXPECT_EQ(ask("GET", "/healthz", {}).status, 200);
  EXPECT_EQ(ask("GET", "/api/user", root).status, 200);
  EXPECT_TRUE(control.is_trading_locked());
  EXPECT_EQ(ask("POST", "/client/login", {}, {{"username", "root"}, {"password", test::good_password}}).status, 200);
  EXPECT_EQ(ask("POST", "/admin/release", alice).status, 503);
  EXPECT_EQ(ask("POST", "/admin/release", root).status, 200);
  EXPECT_EQ(ask("GET", "/api/user", alice).status, 200);
}

TEST_F(ControlApi, LimitsAreReadAndTightenedByTheirOwner) {
  const auto path = "/api/accounts/" + std::to_string(account) + "/risk";
  auto now = ask("GET", path, alice);
  ASSERT_EQ(now.status, 200) << now.body;
  EXPECT_EQ(now.body["in_force"]["max_open_orders"], 100);
  EXPECT_EQ(now.body["set_by_owner"]["max_open_orders"], nullptr);
  EXPECT_EQ(ask("GET", path, bob).status, 404);
  EXPECT_EQ(ask("PUT", path, bob, {{"max_open_orders", 1}}).status, 404);
  auto looser = ask("PUT", path, alice, {{"max_open_orders", 101}});
  EXPECT_EQ(looser.status, 422);
  EXPECT_EQ(looser.body["errors"][0]["pointer"], "/max_open_orders");
  auto tighter = ask("PUT", path, alice, {{"max_open_orders", 5}, {"max_daily_loss", "12.5"}});
  ASSERT_EQ(tighter.status, 200) << tighter.body;
  EXPECT_EQ(tighter.body["in_force"]["max_open_orders"], 5);
  EXPECT_EQ(tighter.body["in_force"]["max_daily_loss"], "12.5");
  auto wider = ask("PUT", path, root, {{"max_open_orders", 500}});
  EXPECT_EQ(wider.body["allowed"]["max_open_orders"], 500);
  EXPECT_EQ(wider.body["in_force"]["max_open_orders"], 5);
  EXPECT_EQ(ask("PUT", path, alice, {{"max_open_orders", "many"}}).status, 422);
  EXPECT_EQ(ask("PUT", path, alice, {{"price_collar", "2"}}).status, 422);
  EXPECT_EQ(ask("GET", "/admin/risk", alice).status, 403);
  EXPECT_EQ(ask("PUT", "/admin/risk", root, {{"max_open_orders", 50}}).body["account_id"], nullptr);
  EXPECT_EQ(ask("POST", "/admin/accounts/" + std::to_string(account) + "/risk/clear", alice).status, 403);
  EXPECT_EQ(ask("POST", "/admin/accounts/" + std::to_string(account) + "/risk/clear", root).status, 200);
}

}  // namespace
}  // namespace drover::web
