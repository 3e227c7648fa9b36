#include "tests/unit/web/contract.hpp"
#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using test::expect_members;
using test::web_fixture;

json info(const std::string& key = "key-of-somebody-0001") {
  return {{"exchange", "paper"}, {"accountId", "Main Account"}, {"apiKey", key}, {"secretKey", "a-secret-value"}};
}

net::http_response save(web_fixture& f, const std::string& who, const json& body,
                        const std::string& path = "/api/accounts") {
  return f.call("POST", path, f.token_of(who), body.dump());
}

TEST(AccountInfoApi, CreatesListsAndDeletesWithTheNamesOfItsClients) {
  web_fixture f;
  for (const std::string slash : {"", "/"}) {
    auto created = save(f, "alice", info("key-of-somebody-0" + slash), "/api/accounts" + slash);
    ASSERT_EQ(created.status, 201) << created.body;
    auto account = web_fixture::parse(created);
    expect_members(account, "AccountInfo");
    EXPECT_EQ(account["accountId"], "Main Account");
    EXPECT_EQ(account["status"], "PENDING");
    EXPECT_EQ(account["isActive"], false);
    EXPECT_EQ(created.body.find("a-secret-value"), std::string::npos);
    auto list = web_fixture::parse(f.call("GET", "/api/accounts" + slash, f.token_of("alice")));
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0], account);
    const auto path = "/api/accounts/" + std::to_string(account["id"].get<int>()) + slash;
    EXPECT_EQ(f.call("DELETE", path, f.token_of("alice")).status, 204);
    EXPECT_EQ(f.call("DELETE", path, f.token_of("alice")).status, 404);
  }
}

TEST(AccountInfoApi, IdChangesTheAccount) {
  web_fixture f;
  auto id = f.add_account("alice");
  f.approve(id);
  auto renamed = save(f, "alice",
                      {{"id", id},
                       {"accountId", "Second"},
                       {"exchange", "paper"},
                       {"apiKey", ""},
                       {"secretKey", ""},
                       {"isActive", true}});
  ASSERT_EQ(renamed.status, 200) << renamed.body;
  EXPECT_EQ(web_fixture::parse(renamed)["accountId"], "Second");
  EXPECT_EQ(web_fixture::parse(renamed)["isActive"], true);
  EXPECT_EQ(web_fixture::parse(save(f, "alice", {{"id", id}, {"isActive", false}}))["isActive"], false);

  auto body = info("key-of-somebody-0002");
  body["id"] = id;
  body["isActive"] = true;
  auto replaced = web_fixture::parse(save(f, "alice", body));
  EXPECT_EQ(replaced["status"], "PENDING");
  EXPECT_EQ(replaced["isActive"], false);
  EXPECT_EQ(replaced["apiKey"], "key-****0002");
  auto early = save(f, "alice", {{"id", id}, {"isActive", true}});
  EXPECT_EQ(early.status, 409);
  EXPECT_EQ(web_fixture::parse(early)["type"], "urn:engine:problem:account-not-approved");
}

TEST(AccountInfoApi, ProblemsNameTheFieldsAsTheyWereSent) {
  web_fixture f;
  const auto expect = [&](const json& body, const std::string& pointer, const std::string& detail) {
    auto r = save(f, "alice", body);
    EXPECT_EQ(r.status, 422) << body;
    auto p = web_fixture::parse(r);
    ASSERT_TRUE(p.contains("errors")) << p;
    EXPECT_EQ(p["errors"][0]["pointer"], pointer);
    EXPECT_EQ(p["errors"][0]["detail"], detail);
  };
  const auto with = [](const std::string& name, const json& value) {
    auto body = info();
    body[name] = value;
    return body;
  };
  expect(with("exchange", "nowhere"), "/exchange", "is not one of paper, okx");
  expect(with("apiKey", "short"), "/apiKey", "must have at least 8 characters");
  expect(with("secretKey", "short"), "/secretKey", "must have at least 8 characters");
  expect(with("accountId", " "), "/accountId", "must not be empty");
  expect(with("baseUrl", "https://evil.example"), "/baseUrl", "is not one of ");
  expect(with("status", "APPROVED"), "/status", "is not a member of this request");
  expect(with("isActive", false), "/isActive",
         "a new account is off until it is approved, which switches it on; leave this out and switch it off then");
  expect({{"accountId", "Main"}}, "/exchange", "is required");
  auto id = f.add_account("alice");
  expect({{"id", id}, {"exchange", "okx"}}, "/exchange", "cannot be changed; connect a new account instead");
  expect({{"id", id}, {"apiKey", "key-of-somebody-0002"}}, "/secretKey", "is required");
}

TEST(AccountInfoApi, OtherPeoplesIdsAnswerAsMissingOnes) {
  web_fixture f;
  auto id = f.add_account("alice");
  auto foreign = web_fixture::parse(save(f, "bob", {{"id", id}, {"accountId", "mine"}}));
  auto missing = web_fixture::parse(save(f, "bob", {{"id", 999'999}, {"accountId", "mine"}}));
  EXPECT_EQ(foreign["status"], 404);
  foreign.erase("request_id");
  missing.erase("request_id");
  EXPECT_EQ(foreign, missing);
}

TEST(AccountInfoApi, NewKeysAskForThePasswordAgain) {
  web_fixture f;
  auto id = f.add_account("alice");
  const auto token = f.token_of("alice");
  f.clock.advance(std::chrono::minutes(6));
  EXPECT_EQ(f.call("POST", "/api/accounts", token, info("key-of-somebody-0003").dump()).status, 401);
  EXPECT_EQ(f.call("POST", "/api/accounts", token, json{{"id", id}, {"region", "default"}}.dump()).status, 401);
  EXPECT_EQ(f.call("POST", "/api/accounts", token, json{{"id", id}, {"accountId", "Renamed"}}.dump()).status, 200);
}

}  // namespace
}  // namespace drover::web
