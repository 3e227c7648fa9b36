#include "tests/unit/web/web_fixture.hpp"
#include "web/openapi.hpp"

namespace drover::web {
namespace {

using test::web_fixture;

/// Exactly the members that the contract's schema names, those that are optional perhaps not.
void expect_members(const json& object, const std::string& schema) {
  static const auto contract = json::parse(openapi_json());
  const auto& s = contract.at("components").at("schemas").at(schema);
  for (const auto& name : s.at("required"))
    EXPECT_TRUE(object.contains(name.get<std::string>())) << schema << " " << name;
  for (const auto& [name, value] : object.items())
    EXPECT_TRUE(s.at("properties").contains(name)) << schema << " " << name;
}

/// Alice leads on BTC/USDT; Bob has an account.
class RoomsApi : public ::testing::Test {
protected:
  RoomsApi()
      : alice(f.token_of("alice")),
        bob(f.token_of("bob")),
        account(f.add_account("alice")),
        other(f.add_account("bob", "key-of-bob-00000001")) {
    room = send("POST", "/api/rooms", alice,
                {{"account_id", account}, {"name", "Calm"}, {"symbols", {"BTC/USDT"}}, {"max_ratio", "2"}}, 201)
               .at("id");
  }
  json send(const std::string& method, const std::string& path, const std::string& token, const json& body = nullptr,
            int status = 200) {
    auto r = f.call(method, path, token, body.is_null() ? std::string() : body.dump());
    EXPECT_EQ(r.status, status) << method << " " << path << ": " << r.body;
    return r.body.empty() ? json() : web_fixture::parse(r);
  }
  std::string path(const std::string& rest = {}) const { return "/api/rooms/" + std::to_string(room) + rest; }
  std::string code(const json& body = json::object()) {
    return send("POST", path("/invitations"), alice, body, 201).at("code");
  }
  json joining(const std::string& with_code) const {
    return {{"code", with_code}, {"account_id", other}, {"parameters", {{"sizing", "ratio"}, {"ratio", "0.5"}}}};
  }
  json join() { return send("POST", "/api/rooms/join", bob, joining(code()), 201); }

  web_fixture f;
  std::string alice, bob;
  std::int64_t account, other;
  std::int64_t room = 0;
};

TEST_F(RoomsApi, TheLeadSeesWhatWasGivenAndOthersNothing) {
  const auto seen = send("GET", path(), alice);
  expect_members(seen, "Room");
  EXPECT_EQ(seen["role"], "lead");
  EXPECT_EQ(seen["lead"], "alice");
  EXPECT_EQ(seen["account_id"], account);
  EXPECT_EQ(seen["symbols"], json({"BTC/USDT"}));
  EXPECT_EQ(seen["max_followers"], 100);
  EXPECT_EQ(seen["max_ratio"], "2");
  EXPECT_EQ(send("GET", "/api/rooms", alice)["items"].size(), 1u);
  EXPECT_EQ(send("GET", "/api/rooms", bob)["items"].size(), 0u);
  for (const auto* rest : {"", "/members", "/signals", "/receipts", "/invitations"})
    send("GET", path(rest), bob, nullptr, 404);
  send("PATCH", path(), bob, {{"name", "mine"}}, 404);
  send("POST", path("/close"), bob, nullptr, 404);
  send("POST", path("/leave"), bob, nullptr, 404);
  send("POST", path("/invitations"), bob, json::object(), 404);
  send("DELETE", path("/invitations/1"), bob, nullptr, 404);
  send("DELETE", path("/members/1"), bob, nullptr, 404);
  EXPECT_EQ(f.call("GET", path()).status, 401);
}

TEST_F(RoomsApi, EveryErrorNamesItsField) {
  const auto pointer = [&](const std::string& where, const std::string& token, const json& body) {
    return send("POST", where, token, body, 422)["errors"][0]["pointer"].get<std::string>();
  };
  EXPECT_EQ(pointer("/api/rooms", alice, {{"name", "n"}}), "/account_id");
  EXPECT_EQ(pointer("/api/rooms", alice, {{"name", "n"}, {"account_id", account}, {"symbols", {"btc"}}}), "/symbols");
  EXPECT_EQ(pointer("/api/rooms", alice, {{"name", "n"}, {"account_id", account}, {"symbols", 5}}), "/symbols");
  EXPECT_EQ(pointer("/api/rooms", alice, {{"name", "n"}, {"account_id", account}, {"max_ratio", "-1"}}), "/max_ratio");
  EXPECT_EQ(pointer("/api/rooms", alice, {{"name", "n"}, {"account_id", account}, {"max_ratio", "much"}}),
            "/max_ratio");
  EXPECT_EQ(pointer("/api/rooms/join", bob, {{"account_id", other}}), "/code");
  auto greedy = joining(code());
  greedy["parameters"]["ratio"] = "3";
  EXPECT_EQ(pointer("/api/rooms/join", bob, greedy), "/parameters/ratio");
  greedy["parameters"] = {{"colour", "red"}};
  EXPECT_EQ(pointer("/api/rooms/join", bob, greedy), "/parameters/colour");
}

TEST_F(RoomsApi, ACodeIsShownOnceAndLetsIn) {
  const auto r = f.call("POST", path("/invitations"), alice, R"({"uses":1})");
  ASSERT_EQ(r.status, 201) << r.body;
  EXPECT_EQ(find_header(r.headers, "Cache-Control"), "no-store");
  const auto made = web_fixture::parse(r);
  EXPECT_TRUE(made["code"].get<std::string>().starts_with("room-"));
  const auto listed = send("GET", path("/invitations"), alice)["items"][0];
  expect_members(listed, "Invitation");
  EXPECT_FALSE(listed.contains("code"));
  const auto member = send("POST", "/api/rooms/join", bob, joining(made["code"]), 201);
  expect_members(member, "RoomMember");
  EXPECT_EQ(member["symbol"], "BTC/USDT");
  EXPECT_EQ(member["account_id"], other);
  const auto bot = send("GET", "/api/bots/" + std::to_string(member["bot_id"].get<std::int64_t>()), bob);
  EXPECT_EQ(bot["strategy"], "signal_following");
  EXPECT_EQ(bot["parameters"]["source"], "room:" + std::to_string(room));
  EXPECT_EQ(send("POST", "/api/rooms/join", bob, joining(made["code"]), 409)["type"],
            "urn:engine:problem:invitation-over");
  send("POST", "/api/rooms/join", bob, joining("room-0123"), 404);
}

TEST_F(RoomsApi, AnInvitedNameNeedsNoCode) {
  EXPECT_EQ(send("POST", path("/invitations"), alice, {{"username", "bob"}}, 201)["code"], nullptr);
  EXPECT_EQ(send("GET", "/api/rooms?role=invited", bob)["items"][0]["id"], room);
  EXPECT_FALSE(send("GET", path(), bob).contains("account_id"));
  send("POST", "/api/rooms/join", bob, {{"room_id", room}, {"account_id", other}}, 201);
  EXPECT_EQ(send("GET", path(), bob)["role"], "member");
}

TEST_F(RoomsApi, TheLeadSeesNameAndDriftOnly) {
  const auto member = join();
  const auto seen = send("GET", path("/members"), alice)["items"];
  ASSERT_EQ(seen.size(), 1u);
  expect_members(seen[0], "RoomMember");
  EXPECT_EQ(seen[0]["name"], "bob");
  EXPECT_EQ(seen[0]["drift"], "0.125");
  for (const auto* hidden : {"account_id", "bot_id", "reason"}) EXPECT_FALSE(seen[0].contains(hidden)) << hidden;
  EXPECT_EQ(send("GET", path("/members"), bob)["items"][0]["account_id"], other);
  EXPECT_EQ(send("GET", path(), alice)["followers"], 1);
  send("DELETE", path("/members/" + std::to_string(member["id"].get<std::int64_t>())), bob, nullptr, 404);
  send("DELETE", path("/members/" + std::to_string(member["id"].get<std::int64_t>())), alice, nullptr, 204);
  EXPECT_EQ(send("GET", path("/members"), bob)["items"][0]["reason"], "The lead removed you from the room");
}

TEST_F(RoomsApi, LeavingAndClosingStopTheBots) {
  const auto member = join();
  const auto desired = [&] {
    return send("GET", "/api/bots/" + std::to_string(member["bot_id"].get<std::int64_t>()), bob)["desired"];
  };
  EXPECT_EQ(desired(), "running");
  EXPECT_EQ(send("POST", path("/leave"), bob)["items"][0]["state"], "left");
  EXPECT_EQ(desired(), "stopped");
  const auto closed = send("POST", path("/close"), alice, {{"reason", "holidays"}});
  EXPECT_EQ(closed["state"], "closed");
  EXPECT_EQ(closed["reason"], "The lead closed the room: holidays");
  EXPECT_EQ(send("POST", path("/invitations"), alice, json::object(), 409)["type"], "urn:engine:problem:room-closed");
}

TEST_F(RoomsApi, AmountsOfAReceiptAreItsOwnersOnly) {
  const auto member = join();
  exchanges::fill fill;
  fill.symbol = "BTC/USDT";
  fill.price = decimal(100);
  fill.quantity = decimal(2);
  fill.at = f.clock.wall_now();
  const engine::signal_key key{engine::room_id(room), fill_id(7)};
  f.room_rows->book(account_id(account), bot_id(1), key.fill, fill);
  engine::receipt given{.key = key,
                        .account = account_id(other),
                        .member = engine::member_id(member["id"].get<std::int64_t>()),
                        .outcome = engine::signal_outcome::carried,
                        .reason = "0.00001 BTC are carried",
                        .quantity = {},
                        .order = {},
                        .judged_at = f.clock.wall_now(),
                        .latency = 3ms};
  ASSERT_TRUE(test::run(f.io, f.room_rows->record({given}, {key})));
  const auto own = send("GET", path("/receipts"), bob)["items"];
  ASSERT_EQ(own.size(), 1u);
  expect_members(own[0], "Receipt");
  EXPECT_EQ(own[0]["outcome"], "carried");
  EXPECT_EQ(own[0]["reason"], "0.00001 BTC are carried");
  EXPECT_EQ(own[0]["client_order_id"], nullptr);
  const auto seen = send("GET", path("/receipts?signal=7"), alice)["items"];
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0]["name"], "bob");
  EXPECT_EQ(seen[0]["latency_us"], 3'000);
  for (const auto* hidden : {"reason", "quantity", "client_order_id", "account_id", "filled_quantity"})
    EXPECT_FALSE(seen[0].contains(hidden)) << hidden;
  const auto page = send("GET", path("/receipts?limit=1"), alice);
  EXPECT_EQ(
      send("GET", path("/receipts?limit=1&cursor=" + page["next_cursor"].get<std::string>()), alice)["items"].size(),
      0u);
  send("GET", path("/receipts?cursor=x"), alice, nullptr, 422);
  const auto signal = send("GET", path("/signals"), bob)["items"][0];
  expect_members(signal, "Signal");
  EXPECT_EQ(signal["complete"], true);
}

}  // namespace
}  // namespace drover::web
