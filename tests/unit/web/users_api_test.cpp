#include "base/encoding.hpp"
#include "crypto/signing_key.hpp"
#include "tests/unit/web/contract.hpp"
#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using test::web_fixture;

std::string type_of(const net::http_response& r) {
  return web_fixture::parse(r)["type"].get<std::string>().substr(std::string("urn:engine:problem:").size());
}

json registration(const std::string& name) {
  return {{"username", name}, {"password", "a fine password"}};
}

TEST(UsersApi, RegistrationIsOffUnlessItIsOn) {
  web_fixture f;
  auto r = f.call("POST", "/client/register", {}, registration("carol").dump());
  EXPECT_EQ(r.status, 403);
  EXPECT_EQ(type_of(r), "registration-closed");
}

TEST(UsersApi, RegistrationAnswersTheSameForATakenName) {
  web_fixture f;
  f.registration.set_mode(tenants::registration_mode::open);
  auto fresh = f.call("POST", "/client/register", {}, registration("carol").dump(), {{"X-Request-Id", "r"}});
  auto taken = f.call("POST", "/client/register", {}, registration("alice").dump(), {{"X-Request-Id", "r"}});
  EXPECT_EQ(fresh.status, 202) << fresh.body;
  EXPECT_EQ(taken.status, 202);
  EXPECT_EQ(fresh.body, taken.body);
  auto login = f.call("POST", "/client/login", {}, registration("carol").dump());
  EXPECT_EQ(login.status, 200) << login.body;
  EXPECT_EQ(web_fixture::parse(login)["user"]["role"], "tenant");
  EXPECT_EQ(f.call("POST", "/client/login", {}, registration("alice").dump()).status, 401);
}

TEST(UsersApi, NobodyChoosesTheirOwnRole) {
  web_fixture f;
  f.registration.set_mode(tenants::registration_mode::open);
  auto wanted = registration("carol");
  wanted["role"] = "admin";
  EXPECT_EQ(f.call("POST", "/client/register", {}, wanted.dump()).status, 422);
}

TEST(UsersApi, InvitationsAreAdministratorsToGive) {
  web_fixture f;
  f.registration.set_mode(tenants::registration_mode::invite);
  auto root = f.token_of("root"), alice = f.token_of("alice");
  EXPECT_EQ(f.call("POST", "/admin/invitations", alice, "{}").status, 403);
  auto made = f.call("POST", "/admin/invitations", root, R"({"note":"for carol"})");
  ASSERT_EQ(made.status, 201) << made.body;
  auto wanted = registration("carol");
  EXPECT_EQ(type_of(f.call("POST", "/client/register", {}, wanted.dump())), "invitation-refused");
  wanted["invitation"] = web_fixture::parse(made)["code"];
  EXPECT_EQ(f.call("POST", "/client/register", {}, wanted.dump()).status, 202);
  auto listed = web_fixture::parse(f.call("GET", "/admin/invitations", root))["items"];
  ASSERT_EQ(listed.size(), 1u);
  test::expect_members(listed[0], "UserInvitation");
  EXPECT_EQ(listed[0]["state"], "used");
  auto second = web_fixture::parse(f.call("POST", "/admin/invitations", root, R"({"expires_in":60})"));
  auto path = "/admin/invitations/" + second["id"].dump();
  EXPECT_EQ(f.call("DELETE", path, root).status, 204);
  EXPECT_EQ(f.call("DELETE", path, root).status, 404);
}

TEST(UsersApi, TheFirstAdministratorNeedsTheSecretAndThatThereIsNone) {
  web_fixture f;
  auto wanted = registration("chief");
  wanted["secret"] = "guess";
  auto r = f.call("POST", "/client/bootstrap", {}, wanted.dump());
  EXPECT_EQ(r.status, 403);
  EXPECT_EQ(type_of(r), "bootstrap-refused");
}

TEST(UsersApi, APasswordIsChangedByWhoKnowsIt) {
  web_fixture f;
  auto before = f.token_of("alice"), other = f.token_of("alice");
  auto change = [&](const std::string& current, const std::string& wanted) {
    return f.call("POST", "/api/user/password", before, json{{"current_password", current}, {"new_password", wanted}}.dump());
  };
  EXPECT_EQ(type_of(change("wrong", "a quite new one")), "wrong-password");
  auto weak = change(test::good_password, "password");
  EXPECT_EQ(weak.status, 422);
  EXPECT_EQ(web_fixture::parse(weak)["errors"][0]["pointer"], "/new_password");
  auto done = change(test::good_password, "a quite new one");
  ASSERT_EQ(done.status, 200) << done.body;
  std::string token = web_fixture::parse(done)["token"];
  EXPECT_EQ(f.call("GET", "/api/user", token).status, 200);
  for (const auto& ended : {before, other}) EXPECT_EQ(f.call("GET", "/api/user", ended).status, 401);
}

TEST(UsersApi, RolesAreChangedByAdministratorsAndOneStays) {
  web_fixture f;
  auto root = f.token_of("root"), alice = f.token_of("alice");
  auto path = "/admin/users/" + std::to_string(f.id_of("alice").value);
  EXPECT_EQ(f.call("PATCH", path, alice, R"({"role":"admin"})").status, 403);
  EXPECT_EQ(f.call("PATCH", path, root, R"({"role":"king"})").status, 422);
  auto raised = f.call("PATCH", path, root, R"({"role":"admin"})");
  ASSERT_EQ(raised.status, 200) << raised.body;
  EXPECT_EQ(f.call("GET", "/api/user", alice).status, 401) << "a session of the old role";
  EXPECT_EQ(f.call("GET", "/admin/users", f.token_of("alice")).status, 200);
  EXPECT_EQ(f.call("PATCH", path, root, R"({"role":"tenant"})").status, 200);
  auto last = f.call("PATCH", "/admin/users/" + std::to_string(f.id_of("root").value), root, R"({"role":"tenant"})");
  EXPECT_EQ(last.status, 409);
  EXPECT_EQ(type_of(last), "last-admin");
  EXPECT_EQ(f.call("PATCH", "/admin/users/999", root, R"({"role":"admin"})").status, 404);
}

TEST(UsersApi, UsersAreListedInPages) {
  web_fixture f;
  auto root = f.token_of("root");
  auto first = web_fixture::parse(f.call("GET", "/admin/users?limit=2", root));
  ASSERT_EQ(first["items"].size(), 2u);
  test::expect_members(first["items"][0], "User");
  auto second = web_fixture::parse(f.call("GET", "/admin/users?limit=2&cursor=" + first["next_cursor"].get<std::string>(), root));
  ASSERT_EQ(second["items"].size(), 1u);
  EXPECT_TRUE(second["next_cursor"].is_null());
  EXPECT_EQ(f.call("GET", "/admin/users", f.token_of("alice")).status, 403);
}

TEST(StepUp, WhatATokenAloneMayNotDoAsksForThePassword) {
  web_fixture f;
  auto root = f.token_of("root"), alice = f.token_of("alice");
  auto account = f.add_account("alice");
  auto approve = "/admin/exchanges/" + std::to_string(account) + "/approve";
  auto mine = "/user/exchanges/" + std::to_string(account);
  f.clock.advance(std::chrono::minutes(6));
  auto refused = f.call("POST", approve, root, "{}");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(type_of(refused), "step-up-required");
  EXPECT_EQ(find_header(refused.headers, "WWW-Authenticate"),
            "Bearer error=\"insufficient_user_authentication\", max_age=\"300\"");
  auto keys = R"({"api_key":"another-key-0002","api_secret":"a-secret-value"})";
  EXPECT_EQ(type_of(f.call("PATCH", mine, alice, keys)), "step-up-required");
  EXPECT_EQ(f.call("PATCH", mine, alice, R"({"label":"Renamed"})").status, 200);
  EXPECT_EQ(type_of(f.call("POST", "/admin/lockdown", root, "{}")), "step-up-required");
  EXPECT_EQ(f.call("GET", "/admin/exchanges", root).status, 200);

  EXPECT_EQ(type_of(f.call("POST", "/api/sessions/confirm", root, R"({"password":"wrong"})")), "wrong-password");
  auto confirmed = f.call("POST", "/api/sessions/confirm", root, json{{"password", test::good_password}}.dump());
  ASSERT_EQ(confirmed.status, 200) << confirmed.body;
  EXPECT_EQ(f.call("GET", "/api/user", root).status, 401) << "replaced";
  std::string fresh = web_fixture::parse(confirmed)["token"];
  EXPECT_EQ(f.call("POST", approve, fresh, "{}").status, 200);
}

TEST(StepUp, ATenantIsToldThatItIsNotForThem) {
  web_fixture f;
  auto alice = f.token_of("alice");
  f.clock.advance(std::chrono::minutes(6));
  EXPECT_EQ(f.call("POST", "/admin/lockdown", alice, "{}").status, 403);
}

TEST(SecondFactorApi, IsSetUpAskedForAndRemoved) {
  web_fixture f;
  auto token = f.token_of("alice");
  auto state = f.call("GET", "/api/user/second-factor", token);
  test::expect_members(web_fixture::parse(state), "SecondFactor");
  EXPECT_FALSE(web_fixture::parse(state)["enrolled"]);
  auto begun = f.call("POST", "/api/user/second-factor", token);
  ASSERT_EQ(begun.status, 201) << begun.body;
  EXPECT_EQ(web_fixture::parse(begun)["key"].get<std::string>().size(), 32u);
  EXPECT_EQ(type_of(f.call("POST", "/api/user/second-factor/confirm", token, R"({"code":"nothing"})")), "wrong-code");
  EXPECT_EQ(f.call("DELETE", "/api/user/second-factor", token).status, 204);
  f.clock.advance(std::chrono::minutes(6));
  EXPECT_EQ(type_of(f.call("POST", "/api/user/second-factor", token)), "step-up-required");
  EXPECT_EQ(type_of(f.call("DELETE", "/api/user/second-factor", token)), "step-up-required");
}

TEST(TokenForms, AJwtIsGoodWhereTheOtherFormIs) {
  web_fixture f;
  auto body = json{{"username", "alice"}, {"password", test::good_password}, {"token_format", "jwt"}};
  std::string token = web_fixture::parse(f.call("POST", "/client/login", {}, body.dump()))["token"];
  EXPECT_EQ(std::ranges::count(token, '.'), 2);
  EXPECT_EQ(f.call("GET", "/api/user", token).status, 200);
  auto confirmed = f.call("POST", "/api/sessions/confirm", token, json{{"password", test::good_password}}.dump());
  std::string fresh = web_fixture::parse(confirmed)["token"];
  EXPECT_EQ(std::ranges::count(fresh, '.'), 2) << "the form stays";
  EXPECT_EQ(f.call("POST", "/client/logout", fresh).status, 204);
  EXPECT_EQ(f.call("GET", "/api/user", fresh).status, 401);
  body["token_format"] = "xml";
  EXPECT_EQ(f.call("POST", "/client/login", {}, body.dump()).status, 422);
}

TEST(AuthApi, SaysWhatATokenIs) {
  web_fixture f;
  auto token = f.token_of("alice");
  auto session = web_fixture::parse(f.call("GET", "/api/auth", token));
  test::expect_members(session, "Auth");
  EXPECT_EQ(session["kind"], "session");
  EXPECT_EQ(session["scope"], "write");
  EXPECT_EQ(session["token_format"], "three_fields");
  EXPECT_TRUE(session["api_token_id"].is_null());
  auto made = web_fixture::parse(f.call("POST", "/api/tokens", token, R"({"name":"x","scope":"read"})"));
  auto program = web_fixture::parse(f.call("GET", "/api/auth", made["token"]));
  test::expect_members(program, "Auth");
  EXPECT_EQ(program["kind"], "api_token");
  EXPECT_EQ(program["api_token_id"], made["id"]);
  EXPECT_EQ(program["scope"], "read");
  EXPECT_TRUE(program["session_id"].is_null());
  EXPECT_EQ(f.call("GET", "/api/auth").status, 401);
  EXPECT_EQ(f.call("POST", "/api/auth/logout", token).status, 204);
  EXPECT_EQ(f.call("GET", "/api/auth", token).status, 401);
}

TEST(AuthApi, ARefreshTokenIsAskedForGoodOnceAndReusedEndsTheSession) {
  web_fixture f;
  const auto log_in = [&](const std::string& path, bool refresh) {
    auto body = json{{"username", "alice"}, {"password", test::good_password}, {"refresh", refresh}};
    auto r = f.call("POST", path, {}, body.dump());
    EXPECT_EQ(r.status, 200) << r.body;
    return web_fixture::parse(r);
  };
  const auto refresh = [&](const json& login) {
    return f.call("POST", "/api/auth/refresh", {}, json{{"refresh_token", login["refresh_token"]}}.dump());
  };
  for (auto path : {"/client/login", "/api/auth", "/api/auth/login"}) {
    auto plain = log_in(path, false);
    EXPECT_FALSE(plain.contains("refresh_token"));
    EXPECT_EQ(plain["expires_in"], 3600);
  }
  auto first = log_in("/api/auth/login", true);
  EXPECT_EQ(first["expires_in"], 900);
  EXPECT_EQ(first["refresh_expires_in"], 30 * 24 * 3600);
  auto second = web_fixture::parse(refresh(first));
  test::expect_members(second, "Login");
  EXPECT_EQ(f.call("GET", "/api/user", first["token"]).status, 200) << "a call under way";
  auto sessions = web_fixture::parse(f.call("GET", "/api/sessions", first["token"]))["items"];
  EXPECT_EQ(std::ranges::count_if(sessions, [](const json& s) { return s["current"] == true && s["renewable"] == true; }), 1);
  auto reused = refresh(first);
  EXPECT_EQ(reused.status, 401);
  EXPECT_EQ(type_of(reused), "refresh-token-reused");
  for (const auto& login : {first, second}) {
    EXPECT_EQ(f.call("GET", "/api/user", login["token"]).status, 401);
    EXPECT_EQ(type_of(refresh(login)), "refresh-token-refused");
  }
  EXPECT_EQ(f.call("POST", "/api/auth/refresh", {}, R"({})").status, 422);
  EXPECT_EQ(type_of(f.call("POST", "/api/auth/refresh", {}, R"({"refresh_token":"x"})")), "refresh-token-refused");
  auto stale = log_in("/api/auth/login", true);
  f.clock.advance(std::chrono::minutes(10));
  auto renewed = web_fixture::parse(refresh(stale));
  auto step_up = f.call("POST", "/api/tokens", renewed["token"], R"({"name":"x","scope":"read"})");
  EXPECT_EQ(type_of(step_up), "step-up-required") << "a renewal is no password";
}

TEST(SelfApi, ShowsWhatTheFirstDashboardReadsAndTakesAnotherAddress) {
  web_fixture f;
  auto token = f.token_of("alice");
  auto self = web_fixture::parse(f.call("GET", "/api/user", token));
  for (auto name : {"id", "email", "username", "public_key", "created_at", "last_active"}) EXPECT_TRUE(self.contains(name)) << name;
  EXPECT_TRUE(self["public_key"].is_null());
  auto changed = f.call("PATCH", "/api/user", token, R"({"email":"alice@example.org"})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/api/user", token))["email"], "alice@example.org");
  for (auto wrong : {"alice", "@example.org", "a@b", "a@b@c.org", "a b@c.org", "a@c.org\r\nBcc: b@c.org", "<a@c.org>", "a@c.org."})
    EXPECT_EQ(f.call("PATCH", "/api/user", token, json{{"email", wrong}}.dump()).status, 422) << wrong;
  EXPECT_EQ(f.call("PATCH", "/api/user", token, R"({"role":"admin"})").status, 422);
  EXPECT_EQ(f.call("PATCH", "/api/user", token, "{}").status, 422);
  EXPECT_EQ(f.call("PATCH", "/api/user", token, R"({"email":""})").status, 200);
  f.clock.advance(std::chrono::minutes(6));
  EXPECT_EQ(type_of(f.call("PATCH", "/api/user", token, R"({"email":"b@c.org"})")), "step-up-required");
}

class PublicKeys : public testing::Test {
protected:
  json registration(const crypto::signing_key& pair, const std::string& who, const std::string& token) {
    const auto session = web_fixture::parse(f.call("GET", "/api/auth", token))["session_id"].get<std::string>();
    const auto text = public_half(pair);
    const auto signature = pair.sign(tenants::make_key_registration(f.id_of(who), session, text));
    return {{"public_key", text}, {"signature", to_hex(signature)}, {"name", "laptop"}};
  }
  static std::string public_half(const crypto::signing_key& pair) {
    const auto both = pair.to_ed25519();
    return to_hex(both.reveal().substr(32));
  }
  net::http_response enter(const json& wanted, const std::string& token) { return f.call("POST", "/api/keys", token, wanted.dump()); }

  web_fixture f;
  std::string alice = f.token_of("alice"), bob = f.token_of("bob");
  crypto::signing_key key = crypto::signing_key::generate(crypto::key_algorithm::ed25519);
};

TEST_F(PublicKeys, AreRegisteredByTheirHolderListedAndRevoked) {
  auto made = enter(registration(key, "alice", alice), alice);
  ASSERT_EQ(made.status, 201) << made.body;
  auto entry = web_fixture::parse(made);
  test::expect_members(entry, "PublicKey");
  EXPECT_EQ(entry["public_key"], public_half(key));
  EXPECT_EQ(entry["revoked"], false);
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/api/user", alice))["public_key"], public_half(key));
  EXPECT_EQ(f.directory.identify(public_half(key))->user, f.id_of("alice"));
  EXPECT_EQ(type_of(enter(registration(key, "bob", bob), bob)), "key-taken");
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/api/keys", alice)).size(), 1u);
  EXPECT_TRUE(web_fixture::parse(f.call("GET", "/api/keys", bob)).empty());
  const auto path = "/api/keys/" + entry["id"].dump();
  EXPECT_EQ(f.call("DELETE", path, bob).status, 404);
  EXPECT_EQ(f.call("DELETE", path, alice).status, 204);
  EXPECT_EQ(f.call("DELETE", path, alice).status, 404);
  EXPECT_FALSE(f.directory.identify(public_half(key)));
  EXPECT_TRUE(web_fixture::parse(f.call("GET", "/api/keys?revoked=false", alice)).empty());
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/api/keys?revoked=true", alice))[0]["revoked"], true);
  EXPECT_EQ(type_of(enter(registration(key, "alice", alice), alice)), "key-taken") << "never again";
}

TEST_F(PublicKeys, NeedAProofOfThisSession) {
  const auto another = f.token_of("alice");
  for (auto wanted : {registration(key, "alice", another), registration(key, "bob", alice), registration(key, "alice", bob)}) {
    auto refused = enter(wanted, alice);
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_EQ(web_fixture::parse(refused)["errors"][0]["pointer"], "/signature");
  }
  auto strange = registration(key, "alice", alice);
  strange["public_key"] = public_half(crypto::signing_key::generate(crypto::key_algorithm::ed25519));
  EXPECT_EQ(enter(strange, alice).status, 422);
  for (const auto& weak : {std::string(64, '0'), std::string(64, 'f'), std::string("short")}) {
    auto wanted = registration(key, "alice", alice);
    wanted["public_key"] = weak;
    auto refused = web_fixture::parse(enter(wanted, alice));
    EXPECT_EQ(refused["errors"][0]["pointer"], "/public_key") << weak;
  }
}

TEST_F(PublicKeys, AskForThePasswordAndRefuseApiTokens) {
  auto made = web_fixture::parse(enter(registration(key, "alice", alice), alice));
  auto token = web_fixture::parse(f.call("POST", "/api/tokens", alice, R"({"name":"x","scope":"write"})"))["token"].get<std::string>();
  EXPECT_EQ(f.call("GET", "/api/keys", token).status, 200);
  EXPECT_EQ(type_of(f.call("POST", "/api/keys", token, "{}")), "session-needed");
  f.clock.advance(std::chrono::minutes(6));
  auto next = crypto::signing_key::generate(crypto::key_algorithm::ed25519);
  EXPECT_EQ(type_of(enter(registration(next, "alice", alice), alice)), "step-up-required");
  EXPECT_EQ(type_of(f.call("DELETE", "/api/keys/" + made["id"].dump(), alice)), "step-up-required");
}

TEST_F(PublicKeys, AreListedInPages) {
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(enter(registration(crypto::signing_key::generate(crypto::key_algorithm::ed25519), "alice", alice), alice).status, 201);
  auto first = f.call("GET", "/api/keys?limit=2&revoked=false", alice);
  auto items = web_fixture::parse(first);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(find_header(first.headers, "Link"), "</api/keys?revoked=false&limit=2&after_id=" + items[1]["id"].dump() + ">; rel=\"next\"");
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/api/keys?limit=2&after_id=" + items[1]["id"].dump(), alice)).size(), 1u);
  EXPECT_EQ(find_header(f.call("GET", "/api/keys", alice).headers, "X-Total-Count"), "3");
  EXPECT_EQ(f.call("GET", "/api/keys?revoked=maybe", alice).status, 422);
}

class ApiTokens : public testing::Test {
protected:
  json create(const std::string& who, json wanted) {
    auto made = f.call("POST", "/api/tokens", f.token_of(who), wanted.dump());
    EXPECT_EQ(made.status, 201) << made.body;
    return web_fixture::parse(made);
  }
  int status(const std::string& method, const std::string& path, const json& token, const std::string& body = {}) {
    return f.call(method, path, token["token"].get<std::string>(), body).status;
  }
  web_fixture f;
};

TEST_F(ApiTokens, AreShownOnceAndListedWithoutTheirSecret) {
  auto made = create("alice", {{"name", "grafana"}, {"scope", "read"}});
  EXPECT_TRUE(made["token"].get<std::string>().starts_with("eng_"));
  auto listed = web_fixture::parse(f.call("GET", "/api/tokens", f.token_of("alice")))["items"];
  ASSERT_EQ(listed.size(), 1u);
  test::expect_members(listed[0], "ApiToken");
  EXPECT_TRUE(web_fixture::parse(f.call("GET", "/api/tokens", f.token_of("bob")))["items"].empty());
}

TEST_F(ApiTokens, MayDoWhatTheirScopeSays) {
  auto read = create("alice", {{"name", "r"}, {"scope", "read"}}), write = create("alice", {{"name", "w"}, {"scope", "write"}});
  EXPECT_EQ(status("GET", "/api/user", read), 200);
  auto account = f.add_account("alice");
  auto toggle = "/user/exchanges/" + std::to_string(account) + "/toggle";
  EXPECT_EQ(status("PATCH", toggle, read, R"({"is_active":false})"), 403);
  EXPECT_EQ(status("PATCH", toggle, write, R"({"is_active":false})"), 200);
  EXPECT_EQ(status("GET", "/admin/users", write), 403);
  auto refused = f.call("PATCH", toggle, read["token"], R"({"is_active":false})");
  EXPECT_EQ(find_header(refused.headers, "WWW-Authenticate"), "Bearer error=\"insufficient_scope\", scope=\"write\"");
}

TEST_F(ApiTokens, NeverMayWhatNeedsThePassword) {
  auto admin = create("root", {{"name", "ops"}, {"scope", "admin"}});
  EXPECT_EQ(status("GET", "/admin/users", admin), 200);
  EXPECT_EQ(type_of(f.call("POST", "/admin/invitations", admin["token"], "{}")), "session-needed");
  EXPECT_EQ(type_of(f.call("POST", "/api/tokens", admin["token"], R"({"name":"x","scope":"read"})")), "session-needed");
  EXPECT_EQ(type_of(f.call("POST", "/api/user/password", admin["token"], "{}")), "session-needed");
  EXPECT_EQ(type_of(f.call("DELETE", "/api/sessions", admin["token"])), "session-needed");
  EXPECT_EQ(type_of(f.call("POST", "/client/logout", admin["token"])), "session-needed");
  auto weaker = create("root", {{"name", "look"}, {"scope", "write"}});
  EXPECT_EQ(status("GET", "/admin/users", weaker), 403) << "an administrator's token is not an administrator";
  auto wanted = f.call("POST", "/api/tokens", f.token_of("alice"), R"({"name":"x","scope":"admin"})");
  EXPECT_EQ(wanted.status, 422);
}

TEST_F(ApiTokens, EndWithTheirRevocationTheirTimeAndABan) {
  auto one = create("alice", {{"name", "one"}, {"scope", "read"}}), two = create("alice", {{"name", "two"}, {"scope", "read"}, {"expires_in", 60}});
  auto path = "/api/tokens/" + one["id"].dump();
  EXPECT_EQ(f.call("DELETE", path, f.token_of("bob")).status, 404);
  EXPECT_EQ(status("GET", "/api/user", one), 200);
  EXPECT_EQ(f.call("DELETE", path, f.token_of("alice")).status, 204);
  EXPECT_EQ(status("GET", "/api/user", one), 401);
  EXPECT_EQ(status("GET", "/api/user", two), 200);
  f.clock.advance(seconds(61));
  EXPECT_EQ(status("GET", "/api/user", two), 401);
  auto three = create("alice", {{"name", "three"}, {"scope", "read"}});
  EXPECT_EQ(f.call("POST", "/backend/ban-user/name/alice/now", f.token_of("root")).status, 200);
  EXPECT_EQ(status("GET", "/api/user", three), 401);
}

TEST_F(ApiTokens, WorkFromTheirAddressesOnly) {
  auto here = create("alice", {{"name", "here"}, {"scope", "read"}, {"addresses", {"192.0.2.0/24"}}});
  auto elsewhere = create("alice", {{"name", "elsewhere"}, {"scope", "read"}, {"addresses", {"203.0.113.1"}}});
  EXPECT_EQ(status("GET", "/api/user", here), 200);
  EXPECT_EQ(status("GET", "/api/user", elsewhere), 401);
  auto wrong = f.call("POST", "/api/tokens", f.token_of("alice"), R"({"name":"x","scope":"read","addresses":["here"]})");
  EXPECT_EQ(wrong.status, 422);
}

TEST_F(ApiTokens, AreBounded) {
  for (std::size_t i = 0; i < tenants::api_tokens_per_user; ++i) create("alice", {{"name", "t"}, {"scope", "read"}});
  EXPECT_EQ(f.call("POST", "/api/tokens", f.token_of("alice"), R"({"name":"x","scope":"read"})").status, 422);
}

}  // namespace
}  // namespace drover::web
