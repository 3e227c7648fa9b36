#include "tests/unit/web/web_fixture.hpp"
#include "web/openapi.hpp"

namespace drover::web {
namespace {

using test::web_fixture;

/// Exactly the members that the contract's schema names.
void expect_members(const json& object, const std::string& schema) {
  static const auto contract = json::parse(openapi_json());
  const auto& s = contract.at("components").at("schemas").at(schema);
  for (const auto& name : s.at("required"))
    EXPECT_TRUE(object.contains(name.get<std::string>())) << schema << " " << name;
  for (const auto& [name, value] : object.items())
    EXPECT_TRUE(s.at("properties").contains(name)) << schema << " " << name;
}

std::string path_of(std::int64_t id, const std::string& rest = {}) {
  return "/user/exchanges/" + std::to_string(id) + rest;
}

TEST(AccountsApi, NewAccountsWaitForApproval) {
  web_fixture f;
  auto id = f.add_account("alice");
  auto account = web_fixture::parse(f.call("GET", path_of(id), f.token_of("alice")));
  expect_members(account, "Account");
  expect_members(account["bot"], "Bot");
  EXPECT_EQ(account["status"], "PENDING");
  EXPECT_EQ(account["is_active"], false);
  EXPECT_EQ(account["error_message"], nullptr);
  EXPECT_EQ(account["api_key"], "key-****0001");
  EXPECT_EQ(account["bot"]["state"], "waiting_approval");
  EXPECT_EQ(account["bot"]["reason"], "Waiting for an administrator");
  EXPECT_TRUE(account["created_at"].get<std::string>().ends_with("Z"));
}

TEST(AccountsApi, ListIsABareArrayOfOnesOwn) {
  web_fixture f;
  auto id = f.add_account("alice");
  f.add_account("bob", "key-of-somebody-0002");
  auto r = f.call("GET", "/user/exchanges/", f.token_of("alice"));
  auto list = web_fixture::parse(r);
  ASSERT_TRUE(list.is_array());
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["id"], id);
  EXPECT_EQ(find_header(r.headers, "X-Total-Count"), "1");
  EXPECT_EQ(r.body.find("secret"), std::string::npos);
}

TEST(AccountsApi, LongListsLinkToTheNextPage) {
  web_fixture f;
  auto first = f.add_account("alice", "key-of-somebody-0001");
  auto second = f.add_account("alice", "key-of-somebody-0002");
  auto r = f.call("GET", "/user/exchanges/?limit=1", f.token_of("alice"));
  auto expected = "</user/exchanges/?limit=1&after_id=" + std::to_string(first) + ">; rel=\"next\"";
  EXPECT_EQ(find_header(r.headers, "Link"), expected);
  auto next = f.call("GET", "/user/exchanges/?limit=1&after_id=" + std::to_string(first), f.token_of("alice"));
  EXPECT_EQ(web_fixture::parse(next)[0]["id"], second);
}

TEST(AccountsApi, OtherPeoplesAccountsDoNotExist) {
  web_fixture f;
  auto id = f.add_account("alice");
  auto bob = f.token_of("bob");
  EXPECT_EQ(f.call("GET", path_of(id), bob).status, 404);
  EXPECT_EQ(f.call("DELETE", path_of(id), bob).status, 404);
  EXPECT_EQ(f.call("PATCH", path_of(id), bob, R"({"label":"x"})").status, 404);
  EXPECT_EQ(f.call("PATCH", path_of(id, "/toggle"), bob, R"({"is_active":false})").status, 404);
  auto foreign = web_fixture::parse(f.call("GET", path_of(id), bob));
  auto missing = web_fixture::parse(f.call("GET", path_of(999'999), bob));
  EXPECT_EQ(foreign["detail"], missing["detail"]);
}

TEST(AccountsApi, OnlyApprovedAccountsCanBeSwitchedOn) {
  web_fixture f;
  auto id = f.add_account("alice");
  auto alice = f.token_of("alice");
  auto refused = f.call("PATCH", path_of(id, "/toggle"), alice, R"({"is_active":true})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(web_fixture::parse(refused)["type"], "urn:engine:problem:account-not-approved");
  f.approve(id);
  auto account = web_fixture::parse(f.call("GET", path_of(id), alice));
  EXPECT_EQ(account["is_active"], true);
  EXPECT_EQ(account["bot"]["state"], "starting");
  auto off = f.call("PATCH", path_of(id, "/toggle/"), alice, R"({"is_active":false})");
  EXPECT_EQ(web_fixture::parse(off)["bot"]["reason"], "Switched off; switch the account on to trade");
  EXPECT_EQ(f.call("PATCH", path_of(id, "/toggle"), alice, R"({"is_active":true})").status, 200);
}

TEST(AccountsApi, TheBotsOwnWordIsShown) {
  web_fixture f;
  auto id = f.add_account("alice");
  f.approve(id);
  f.board.set({.account = account_id(id),
               .user = f.id_of("alice"),
               .state = engine::bot_state::backing_off,
               .reason = "the exchange is away",
               .since = f.clock.wall_now(),
               .strategy = "grid",
               .symbol = "BTC/USDT",
               .open_orders = 4});
  auto bot = web_fixture::parse(f.call("GET", path_of(id), f.token_of("alice")))["bot"];
  EXPECT_EQ(bot["state"], "backing_off");
  EXPECT_EQ(bot["reason"], "the exchange is away");
  EXPECT_EQ(bot["open_orders"], 4);
}

TEST(AccountsApi, TheExchangesReasonReachesTheUser) {
  web_fixture f;
  f.verdict = {.accepted = false, .reason = "this key may withdraw; switch withdrawals off"};
  auto body = R"({"exchange_name":"paper","api_key":"some-key-0001","api_secret":"some-secret","label":"A"})";
  auto refused = f.call("POST", "/user/exchanges/", f.token_of("alice"), body);
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(web_fixture::parse(refused)["detail"].get<std::string>().find("may withdraw"), std::string::npos);
  f.verdict = {.unavailable = true};
  auto away = f.call("POST", "/user/exchanges/", f.token_of("alice"), body);
  EXPECT_EQ(away.status, 503);
  EXPECT_FALSE(find_header(away.headers, "Retry-After").empty());
}

TEST(AccountsApi, NewCredentialsWaitAgain) {
  web_fixture f;
  auto id = f.add_account("alice");
  f.approve(id);
  auto alice = f.token_of("alice");
  auto renamed = web_fixture::parse(f.call("PATCH", path_of(id), alice, R"({"label":"Other"})"));
  EXPECT_EQ(renamed["label"], "Other");
  EXPECT_EQ(renamed["status"], "APPROVED");
  auto changed = f.call("PATCH", path_of(id), alice, R"({"api_key":"fresh-key-0009","api_secret":"fresh-secret"})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(web_fixture::parse(changed)["status"], "PENDING");
  EXPECT_EQ(web_fixture::parse(changed)["credential_version"], 2);
  auto stale = f.call("POST", "/admin/exchanges/" + std::to_string(id) + "/approve", f.token_of("root"),
                      R"({"reviewed_version":1})");
  EXPECT_EQ(stale.status, 409);
}

TEST(AccountsApi, DeletedAccountsAreGone) {
  web_fixture f;
  auto id = f.add_account("alice");
  EXPECT_EQ(f.call("DELETE", path_of(id), f.token_of("alice")).status, 204);
  EXPECT_EQ(f.call("GET", path_of(id), f.token_of("alice")).status, 404);
  EXPECT_EQ(f.call("DELETE", path_of(id), f.token_of("alice")).status, 404);
}

TEST(AccountsApi, AdministratorsDecideOnce) {
  web_fixture f;
  auto id = f.add_account("alice");
  auto root = f.token_of("root");
  auto pending = web_fixture::parse(f.call("GET", "/admin/exchanges/pending", root));
  ASSERT_EQ(pending.size(), 1u);
  expect_members(pending[0], "PendingAccount");
  auto path = "/admin/exchanges/" + std::to_string(id);
  auto rejected = f.call("POST", path + "/reject", root, R"({"reason":"Invalid API credentials"})");
  EXPECT_EQ(web_fixture::parse(rejected)["error_message"], "Invalid API credentials");
  EXPECT_EQ(web_fixture::parse(rejected)["bot"]["reason"], "Rejected by an administrator: Invalid API credentials");
  EXPECT_TRUE(web_fixture::parse(f.call("GET", "/admin/exchanges/pending/", root)).empty());
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/admin/exchanges?status=REJECTED", root)).size(), 1u);
}

TEST(AccountsApi, NobodyApprovesTheirOwn) {
  web_fixture f;
  auto id = f.add_account("root");
  auto r = f.call("POST", "/admin/exchanges/" + std::to_string(id) + "/approve", f.token_of("root"), "{}");
  EXPECT_EQ(r.status, 403);
  EXPECT_EQ(web_fixture::parse(r)["type"], "urn:engine:problem:own-account");
}

TEST(AccountsApi, EverythingWrongIsToldAtOnce) {
  web_fixture f;
  auto r = f.call("POST", "/user/exchanges/", f.token_of("alice"),
                  R"({"exchange_name":7,"api_key":"","label":null,"status":"APPROVED","user_id":1})");
  EXPECT_EQ(r.status, 422);
  std::map<std::string, std::string> told;
  for (const auto& e : web_fixture::parse(r)["errors"]) told[e["pointer"]] = e["detail"];
  EXPECT_EQ(told.at("/exchange_name"), "must be a string");
  EXPECT_EQ(told.at("/api_key"), "must not be empty");
  EXPECT_EQ(told.at("/api_secret"), "is required");
  EXPECT_EQ(told.at("/label"), "is required");
  EXPECT_EQ(told.at("/status"), "is not a member of this request");
  EXPECT_EQ(told.at("/user_id"), "is not a member of this request");
  EXPECT_EQ(told.size(), 6u);
}

}  // namespace
}  // namespace drover::web
