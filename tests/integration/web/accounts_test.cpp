#include <pqxx/pqxx>

#include "tests/integration/web/web_world.hpp"

namespace drover::web {
namespace {

using test::live_client;
using test::web_world;

/// Ends the database's connections and lets nobody in any more.
void take_away(const test::test_database& db) {
  auto name = db.sql("SELECT current_database()");
  auto url = db.url();
  url.replace(url.find("dbname="), url.find_first_of(" '", url.find("dbname=")) - url.find("dbname="),
              "dbname=postgres");
  pqxx::connection other(url);
  pqxx::nontransaction tx(other);
  tx.exec("ALTER DATABASE " + tx.quote_name(name) + " ALLOW_CONNECTIONS false");
  tx.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = " + tx.quote(name));
}

std::string path_of(std::int64_t id, const std::string& rest = {}) {
  return "/user/exchanges/" + std::to_string(id) + rest;
}

TEST(WebAccounts, GoFromLoginToApproval) {
  web_world w;
  auto alice = w.log_in("alice");
  auto root = w.log_in("root");
  auto body = json{{"exchange_name", "paper"},
                   {"api_key", "vmPUabcdefghkQ7x"},
                   {"api_secret", "very-secret-value"},
                   {"label", "My Scalping Account"},
                   {"passphrase", nullptr}};
  auto created = w.call("POST", "/user/exchanges/", alice, body.dump());
  ASSERT_EQ(created.status, 201) << created.body;
  auto id = created.parsed()["id"].get<std::int64_t>();
  EXPECT_EQ(created.header("Location"), path_of(id));
  EXPECT_EQ(created.parsed()["status"], "PENDING");
  EXPECT_EQ(created.parsed()["api_key"], "vmPU****kQ7x");
  EXPECT_EQ(created.body.find("very-secret"), std::string::npos);

  EXPECT_EQ(w.call("PATCH", path_of(id, "/toggle"), alice, R"({"is_active":true})").status, 409);
  auto pending = w.call("GET", "/admin/exchanges/pending", root).parsed();
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0]["user_username"], "alice");
  EXPECT_EQ(pending[0]["user_email"], "alice@example.org");
  auto approve = "/admin/exchanges/" + std::to_string(id) + "/approve";
  EXPECT_EQ(w.call("POST", approve, alice, "{}").status, 403);
  auto approved = w.call("POST", approve, root,
                         R"({"notification_message":"Your exchange has been approved!","reviewed_version":1})");
  ASSERT_EQ(approved.status, 200) << approved.body;
  EXPECT_EQ(approved.parsed()["status"], "APPROVED");
  EXPECT_EQ(w.call("POST", approve, root, "{}").status, 409);

  EXPECT_EQ(w.call("PATCH", path_of(id, "/toggle"), alice, R"({"is_active":false})").parsed()["is_active"], false);
  EXPECT_EQ(w.call("PATCH", path_of(id, "/toggle/"), alice, R"({"is_active":true})").parsed()["is_active"], true);
  auto again = w.call("POST", "/user/exchanges", alice, body.dump());
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.parsed()["type"], "urn:engine:problem:account-already-connected");
}

TEST(WebAccounts, RefusedKeysAreNotStored) {
  web_world w;
  w.verdict = {.accepted = false, .reason = "this key may withdraw"};
  auto body = R"({"exchange_name":"paper","api_key":"key-0001-0001","api_secret":"secret-0001","label":"A"})";
  auto refused = w.call("POST", "/user/exchanges/", w.token_of("alice"), body);
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.parsed()["detail"].get<std::string>().find("this key may withdraw"), std::string::npos);
  EXPECT_EQ(w.database_of_test.sql("SELECT count(*) FROM user_exchanges"), "0");
}

TEST(WebAccounts, ForeignIdsAreMissingIds) {
  web_world w;
  auto id = w.add_account("alice", "key-0001-0001");
  auto bob = w.token_of("bob");
  for (const auto& [method, rest, body] :
       std::vector<std::tuple<std::string, std::string, std::string>>{{"GET", "", ""},
                                                                      {"DELETE", "", ""},
                                                                      {"PATCH", "", R"({"label":"mine"})"},
                                                                      {"PATCH", "/toggle", R"({"is_active":false})"}}) {
    auto foreign = w.call(method, path_of(id, rest), bob, body);
    auto missing = w.call(method, path_of(id + 1000, rest), bob, body);
    EXPECT_EQ(foreign.status, 404) << method << rest;
    EXPECT_EQ(missing.status, 404) << method << rest;
    EXPECT_EQ(foreign.parsed()["detail"], missing.parsed()["detail"]);
  }
  EXPECT_EQ(w.call("GET", "/user/exchanges/", bob).body, "[]");
  EXPECT_EQ(w.call("GET", path_of(id), w.token_of("alice")).status, 200);
}

TEST(WebAccounts, BansCloseSocketsAndEndTokens) {
  web_world w;
  auto token = w.log_in("alice");
  live_client alice(w, "/ws/dashboard");
  alice.log_in(token);
  live_client bob(w, "/ws/dashboard");
  bob.log_in(w.token_of("bob"));
  auto before = system_clock().now();
  EXPECT_EQ(w.call("POST", "/backend/ban-user/name/alice/now", w.token_of("root")).status, 200);
  EXPECT_EQ(alice.hear("error")["code"], "session_ended");
  EXPECT_FALSE(alice.hear());
  EXPECT_LT(system_clock().now() - before, 1s);
  EXPECT_EQ(w.call("GET", "/api/user", token).status, 401);
  bob.say({{"type", "heartbeat"}});
  EXPECT_EQ(bob.hear()->at("type"), "heartbeat");
}

TEST(WebAccounts, BrokenSchemaIsOurFaultAndSaysNothing) {
  web_world w;
  auto token = w.token_of("alice");
  w.database_of_test.sql("ALTER TABLE user_exchanges RENAME TO user_exchanges_gone");
  auto broken = w.call("GET", "/user/exchanges/", token);
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body.find("user_exchanges\\\""), std::string::npos);
  EXPECT_EQ(broken.body.find("SELECT"), std::string::npos);
  w.database_of_test.sql("ALTER TABLE user_exchanges_gone RENAME TO user_exchanges");
  EXPECT_EQ(w.call("GET", "/user/exchanges/", token).status, 200);
}

TEST(WebAccounts, DatabaseAwayIsTemporary) {
  web_world w;
  auto token = w.token_of("alice");
  EXPECT_EQ(w.call("GET", "/user/exchanges/", token).status, 200);
  take_away(w.database_of_test);
  for (const auto* path : {"/user/exchanges/", "/api/earnings/summary", "/api/user"}) {
    auto r = w.call("GET", path, token);
    EXPECT_EQ(r.status, 503) << path << r.body;
    EXPECT_FALSE(r.header("Retry-After").empty()) << path;
  }
  EXPECT_EQ(w.call("GET", "/healthz").status, 200);
}

}  // namespace
}  // namespace drover::web
