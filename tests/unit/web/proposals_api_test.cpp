#include "tests/unit/web/contract.hpp"
#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using tenants::four_eyes_mode;

/// Two administrators, root and second, and as many active ones as a test says.
class ProposalsApi : public ::testing::Test, public test::web_fixture {
protected:
  ProposalsApi() {
    services.parts.proposals = &proposals;
    services.parts.master_key = [] { return std::string("key-1"); };
    add_user("second", tenants::role::admin);
    EXPECT_TRUE(test::run(io, directory.load()));
  }
  struct said {
    int status = 0;
    json body;
    std::string type() const { return body.value("type", ""); }
  };
  said ask(const std::string& who, const std::string& method, const std::string& path, const json& body = nullptr) {
    auto r = call(method, path, token_of(who), body.is_null() ? std::string() : body.dump());
    return {r.status, r.body.empty() ? json() : parse(r)};
  }
  std::string user_path(const std::string& name) { return "/admin/users/" + std::to_string(id_of(name).value); }
  said confirm(const std::string& who, const json& proposal) {
    return ask(who, "POST", "/admin/proposals/" + std::to_string(proposal.at("id").get<int>()) + "/confirm",
               {{"digest", proposal.at("digest")}});
  }
  std::string role_of(const std::string& name) {
    return std::string(to_string(test::run(io, users->get(id_of(name)))->role));
  }

  int administrators = 2;
  std::unique_ptr<tenants::proposal_store> rows =
      tenants::make_memory_proposal_store([this] { return administrators; });
  tenants::proposal_service proposals{*rows, clock, four_eyes_mode::automatic};
};

TEST_F(ProposalsApi, AnAdministratorIsMadeByTwo) {
  auto proposed = ask("root", "PATCH", user_path("alice"), {{"role", "admin"}});
  ASSERT_EQ(proposed.status, 202) << proposed.body;
  test::expect_members(proposed.body, "Proposal");
  EXPECT_EQ(proposed.body["kind"], "grant_admin");
  EXPECT_EQ(proposed.body["content"]["username"], "alice");
  EXPECT_EQ(role_of("alice"), "tenant");
  EXPECT_EQ(ask("second", "GET", "/admin/proposals").body["items"].size(), 1u);

  auto own = confirm("root", proposed.body);
  EXPECT_EQ(own.status, 403);
  EXPECT_EQ(own.type(), "urn:engine:problem:own-proposal");
  auto done = confirm("second", proposed.body);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.body["state"], "done");
  EXPECT_EQ(done.body["decided_by"], id_of("second").value);
  EXPECT_EQ(role_of("alice"), "admin");
  EXPECT_EQ(confirm("second", proposed.body).status, 409);
  EXPECT_EQ(ask("second", "GET", "/admin/proposals").body["items"].size(), 0u);
  EXPECT_EQ(ask("second", "GET", "/admin/proposals?state=all").body["items"].size(), 1u);
}

TEST_F(ProposalsApi, WhatWasReadIsWhatIsConfirmed) {
  auto proposed = ask("root", "PATCH", user_path("alice"), {{"role", "admin"}}).body;
  auto other = proposed;
  other["digest"] = std::string(64, '0');
  EXPECT_EQ(confirm("second", other).status, 409);
  EXPECT_TRUE(test::run(io, users->set_status("alice", tenants::user_status::banned, {})));
  auto changed = confirm("second", proposed);
  EXPECT_EQ(changed.status, 409);
  EXPECT_NE(changed.body["detail"].get<std::string>().find("has changed"), std::string::npos);
  EXPECT_EQ(role_of("alice"), "tenant");
}

TEST_F(ProposalsApi, ProposalsEndAfterAnHourAndByWithdrawal) {
  auto late = ask("root", "PATCH", user_path("alice"), {{"role", "admin"}}).body;
  clock.advance(tenants::proposal_service::life + std::chrono::seconds(1));
  EXPECT_EQ(confirm("second", late).status, 409);
  EXPECT_EQ(ask("second", "GET", "/admin/proposals").body["items"].size(), 0u);

  auto again = ask("root", "PATCH", user_path("alice"), {{"role", "admin"}}).body;
  EXPECT_NE(again["id"], late["id"]);
  EXPECT_EQ(ask("root", "PATCH", user_path("alice"), {{"role", "admin"}}).body["id"], again["id"]);
  const auto path = "/admin/proposals/" + std::to_string(again["id"].get<int>());
  EXPECT_EQ(ask("second", "DELETE", path).status, 204);
  EXPECT_EQ(ask("second", "DELETE", path).status, 409);
  EXPECT_EQ(confirm("second", again).status, 409);
  EXPECT_EQ(role_of("alice"), "tenant");
}

TEST_F(ProposalsApi, OneAloneActsAloneButNotRightAfterThereWereTwo) {
  EXPECT_EQ(ask("root", "PATCH", user_path("second"), {{"role", "tenant"}}).status, 200);
  administrators = 1;
  EXPECT_EQ(ask("root", "PATCH", user_path("alice"), {{"role", "admin"}}).status, 202);
  clock.advance(tenants::proposal_service::memory + std::chrono::seconds(1));
  EXPECT_EQ(ask("root", "PATCH", user_path("alice"), {{"role", "admin"}}).status, 200);
  EXPECT_EQ(role_of("alice"), "admin");
}

TEST_F(ProposalsApi, TheOperatorSaysWhetherTwoAreNeeded) {
  proposals.set_mode(four_eyes_mode::off);
  EXPECT_EQ(ask("root", "GET", "/admin/proposals").body["four_eyes"], false);
  EXPECT_EQ(ask("root", "PATCH", user_path("alice"), {{"role", "admin"}}).status, 200);
  administrators = 1;
  proposals.set_mode(four_eyes_mode::required);
  EXPECT_EQ(ask("root", "PATCH", user_path("bob"), {{"role", "admin"}}).status, 202);
}

TEST_F(ProposalsApi, ABannedAdministratorComesBackByTwo) {
  EXPECT_EQ(ask("root", "POST", "/backend/ban-user/name/second/now").status, 200);
  add_user("third", tenants::role::admin);
  EXPECT_TRUE(test::run(io, directory.load()));
  auto proposed = ask("root", "POST", "/backend/unban-user/name/second/now");
  ASSERT_EQ(proposed.status, 202);
  EXPECT_EQ(confirm("third", proposed.body).status, 200);
  EXPECT_EQ(test::run(io, users->get(id_of("second")))->status, tenants::user_status::active);
  EXPECT_EQ(ask("root", "POST", "/backend/unban-user/name/alice/now").status, 200);
}

TEST_F(ProposalsApi, OnlyTheRotationIsProposedByItself) {
  EXPECT_EQ(ask("root", "POST", "/admin/proposals", {{"kind", "grant_admin"}}).status, 422);
  auto proposed = ask("root", "POST", "/admin/proposals", {{"kind", "rotate_master_key"}, {"reason", "yearly"}});
  ASSERT_EQ(proposed.status, 201) << proposed.body;
  EXPECT_EQ(proposed.body["content"]["master_key"], "key-1");
  EXPECT_FALSE(test::run(io, proposals.find_confirmed(tenants::proposal_kind::rotate_master_key, "engine")).value());
  EXPECT_EQ(confirm("second", proposed.body).body["state"], "confirmed");
  auto found = test::run(io, proposals.find_confirmed(tenants::proposal_kind::rotate_master_key, "engine")).value();
  ASSERT_TRUE(found);
  EXPECT_TRUE(test::run(io, rows->finish(found->id)));
  EXPECT_FALSE(test::run(io, proposals.find_confirmed(tenants::proposal_kind::rotate_master_key, "engine")).value());
}

TEST_F(ProposalsApi, AWaiverIsOfTheReviewedKey) {
  const auto account = add_account("alice");
  tenants::account_probe seen{.at = clock.wall_now(),
                              .passed = false,
                              .reason = "this key can withdraw funds",
                              .may_read = true,
                              .may_trade = true,
                              .may_withdraw = true,
                              .address_bound = {},
                              .clock_offset = {}};
  EXPECT_TRUE(test::run(io, store->record_probe(account_id(account), 1, seen)));
  const auto path = "/admin/exchanges/" + std::to_string(account);
  auto refused = ask("root", "POST", path + "/approve", json::object());
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.type(), "urn:engine:problem:key-refused");
  EXPECT_EQ(ask("root", "POST", path + "/waive", {{"reason", "a fund's own"}}).status, 422);
  EXPECT_EQ(ask("root", "POST", path + "/waive", {{"reason", "a fund's own"}, {"reviewed_version", 2}}).status, 409);
  auto proposed = ask("root", "POST", path + "/waive", {{"reason", "a fund's own"}, {"reviewed_version", 1}});
  ASSERT_EQ(proposed.status, 202) << proposed.body;
  ASSERT_EQ(confirm("second", proposed.body).status, 200);
  auto approved = ask("root", "POST", path + "/approve", json::object());
  ASSERT_EQ(approved.status, 200) << approved.body;
  EXPECT_EQ(approved.body["withdraw_waived"], true);
  EXPECT_EQ(approved.body["probe"]["may_withdraw"], true);
  EXPECT_EQ(approved.body["probe"]["passed"], true);
}

}  // namespace
}  // namespace drover::web
