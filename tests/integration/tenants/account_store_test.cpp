#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

class AccountStore : public contract_suite {
protected:
  void SetUp() override {
    alice_ = add_user("alice").id;
    bob_ = add_user("bob").id;
    admin_ = add_user("admin", role::admin).id;
  }
  account approved_account(const std::string& key) {
    auto created = add_account(alice_, key);
    return wait(accounts().approve(admin_, created.id, created.credential_version, "welcome")).value();
  }
  bool is_runnable(account_id id) { return wait(accounts().load_runnable(id)).value().has_value(); }

  user_id alice_, bob_, admin_;
};
INSTANTIATE_TEST_SUITE_P(Stores, AccountStore, testing::ValuesIn(backend_kinds),
                         [](const auto& info) { return info.param.name; });

TEST_P(AccountStore, NewAccountIsPendingAndOff) {
  auto created = add_account(alice_, "k1");
  EXPECT_EQ(created.user, alice_);
  EXPECT_EQ(created.exchange_name, "paper");
  EXPECT_EQ(created.label, "label of k1");
  EXPECT_EQ(created.status, account_status::pending);
  EXPECT_FALSE(created.is_active);
  EXPECT_EQ(created.api_key_mask, "mask of k1");
  EXPECT_FALSE(created.error_message);
  EXPECT_EQ(created.credential_version, 1);
  auto read = wait(accounts().get(alice_, created.id)).value();
  EXPECT_EQ(read.label, created.label);
  EXPECT_EQ(read.created_at, created.created_at);
}

TEST_P(AccountStore, ReservedIdsAreNeverTheSame) {
  auto first = wait(accounts().reserve_id()).value();
  auto second = wait(accounts().reserve_id()).value();
  EXPECT_TRUE(first.valid());
  EXPECT_NE(first, second);
}

TEST_P(AccountStore, FirstDataKeyCounts) {
  EXPECT_FALSE(wait(accounts().find_data_key(alice_)).value());
  auto first = wait(accounts().ensure_data_key(alice_, {.dek_id = "one", .wrapped = "w1"})).value();
  EXPECT_EQ(first.dek_id, "one");
  auto second = wait(accounts().ensure_data_key(alice_, {.dek_id = "two", .wrapped = "w2"})).value();
  EXPECT_EQ(second.dek_id, "one");
  EXPECT_EQ(second.wrapped, "w1");
  EXPECT_EQ(wait(accounts().find_data_key(alice_)).value()->dek_id, "one");
  EXPECT_FALSE(wait(accounts().find_data_key(bob_)).value());
}

TEST_P(AccountStore, SameKeyIsDuplicateForAnybody) {
  add_account(alice_, "k1");
  expect_error(try_add_account(alice_, "k1"), tenant_errc::duplicate);
  expect_error(try_add_account(bob_, "k1"), tenant_errc::duplicate);
  EXPECT_EQ(wait(accounts().list(alice_, {})).value().size(), 1u);
}

TEST_P(AccountStore, DeletedKeyMayBeConnectedAgain) {
  auto created = add_account(alice_, "k1");
  ASSERT_TRUE(wait(accounts().remove(alice_, created.id)));
  EXPECT_TRUE(try_add_account(bob_, "k1"));
}

TEST_P(AccountStore, ListIsTheUsersOwnInPages) {
  for (auto key : {"k1", "k2", "k3"}) add_account(alice_, key);
  add_account(bob_, "k4");
  EXPECT_EQ(wait(accounts().list(alice_, {})).value().size(), 3u);
  auto page = wait(accounts().list(alice_, {.limit = 2})).value();
  ASSERT_EQ(page.size(), 2u);
  EXPECT_LT(page[0].id, page[1].id);
  auto rest = wait(accounts().list(alice_, {.limit = 2, .after_id = page[1].id.value})).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].label, "label of k3");
}

TEST_P(AccountStore, ForeignIdsAreNotFound) {
  auto created = add_account(alice_, "k1");
  for (auto id : {created.id, account_id(4711)}) {
    auto other = id == created.id ? bob_ : alice_;
    expect_error(wait(accounts().get(other, id)), tenant_errc::not_found);
    expect_error(wait(accounts().update(other, id, {.label = "mine"})), tenant_errc::not_found);
    expect_error(wait(accounts().set_active(other, id, true)), tenant_errc::not_found);
    expect_error(wait(accounts().remove(other, id)), tenant_errc::not_found);
    expect_error(wait(accounts().replace_credentials(other, id, {"m", "f"}, sealed_for(other, id, 2, "x"))),
                 tenant_errc::not_found);
  }
  EXPECT_EQ(wait(accounts().get(alice_, created.id))->label, "label of k1");
}

TEST_P(AccountStore, UpdateChangesTheLabelOnly) {
  auto approved = approved_account("k1");
  auto changed = wait(accounts().update(alice_, approved.id, {.label = "new label"})).value();
  EXPECT_EQ(changed.label, "new label");
  EXPECT_EQ(changed.status, account_status::approved);
  EXPECT_TRUE(changed.is_active);
  EXPECT_EQ(wait(accounts().update(alice_, approved.id, {}))->label, "new label");
}

TEST_P(AccountStore, PendingAccountCannotBeSwitchedOn) {
  auto created = add_account(alice_, "k1");
  auto switched = wait(accounts().set_active(alice_, created.id, true));
  expect_error(switched, tenant_errc::account_not_approved);
  EXPECT_NE(switched.error().detail.find("PENDING"), std::string::npos);
  EXPECT_TRUE(wait(accounts().set_active(alice_, created.id, false)));
}

TEST_P(AccountStore, ApprovedAccountRunsAndCanBeSwitched) {
  auto approved = approved_account("k1");
  EXPECT_EQ(approved.status, account_status::approved);
  EXPECT_TRUE(approved.is_active);
  EXPECT_TRUE(is_runnable(approved.id));
  EXPECT_FALSE(wait(accounts().set_active(alice_, approved.id, false))->is_active);
  EXPECT_FALSE(is_runnable(approved.id));
  EXPECT_TRUE(wait(accounts().set_active(alice_, approved.id, true))->is_active);
  EXPECT_TRUE(is_runnable(approved.id));
}

TEST_P(AccountStore, NobodyApprovesTheirOwn) {
  auto own = add_account(admin_, "k1");
  expect_error(wait(accounts().approve(admin_, own.id, 1, "")), tenant_errc::own_account);
  EXPECT_EQ(wait(accounts().get(admin_, own.id))->status, account_status::pending);
}

TEST_P(AccountStore, DecidingTwiceSaysWhoDecided) {
  auto approved = approved_account("k1");
  auto again = wait(accounts().approve(admin_, approved.id, 1, ""));
  expect_error(again, tenant_errc::already_decided);
  EXPECT_NE(again.error().detail.find("admin"), std::string::npos) << again.error().detail;
  ASSERT_TRUE(wait(accounts().reject(admin_, approved.id, "because")));
  expect_error(wait(accounts().reject(admin_, approved.id, "because")), tenant_errc::already_decided);
  expect_error(wait(accounts().approve(admin_, approved.id, 1, "")), tenant_errc::already_decided);
}

TEST_P(AccountStore, UnknownAccountsCannotBeDecided) {
  expect_error(wait(accounts().approve(admin_, account_id(99), 1, "")), tenant_errc::not_found);
  expect_error(wait(accounts().reject(admin_, account_id(99), "no")), tenant_errc::not_found);
}

TEST_P(AccountStore, RejectionKeepsTheReasonAndSwitchesOff) {
  auto approved = approved_account("k1");
  auto rejected = wait(accounts().reject(admin_, approved.id, "key can withdraw")).value();
  EXPECT_EQ(rejected.status, account_status::rejected);
  EXPECT_FALSE(rejected.is_active);
  EXPECT_EQ(rejected.error_message, "key can withdraw");
  EXPECT_FALSE(is_runnable(approved.id));
  auto switched = wait(accounts().set_active(alice_, approved.id, true));
  expect_error(switched, tenant_errc::account_not_approved);
  EXPECT_NE(switched.error().detail.find("key can withdraw"), std::string::npos);
}

TEST_P(AccountStore, RejectionNeedsAReason) {
  auto created = add_account(alice_, "k1");
  for (const auto& reason : {std::string(), std::string(501, 'x')}) {
    auto rejected = wait(accounts().reject(admin_, created.id, reason));
    expect_error(rejected, tenant_errc::invalid);
    EXPECT_TRUE(rejected.error().detail.starts_with("reason: "));
  }
}

TEST_P(AccountStore, NewCredentialsAreReviewedAgain) {
  auto approved = approved_account("k1");
  auto replaced = try_replace(alice_, approved, "k2").value();
  EXPECT_EQ(replaced.status, account_status::pending);
  EXPECT_FALSE(replaced.is_active);
  EXPECT_EQ(replaced.credential_version, 2);
  EXPECT_EQ(replaced.api_key_mask, "mask of k2");
  EXPECT_FALSE(is_runnable(approved.id));
  expect_error(wait(accounts().approve(admin_, approved.id, 1, "")), tenant_errc::already_decided);
  EXPECT_TRUE(wait(accounts().approve(admin_, approved.id, 2, "")));
  EXPECT_EQ(wait(accounts().load_runnable(approved.id)).value()->credentials.api_key, "sealed key k2");
}

TEST_P(AccountStore, NewCredentialsClearARejection) {
  auto created = add_account(alice_, "k1");
  auto rejected = wait(accounts().reject(admin_, created.id, "no")).value();
  auto replaced = try_replace(alice_, rejected, "k2").value();
  EXPECT_EQ(replaced.status, account_status::pending);
  EXPECT_FALSE(replaced.error_message);
}

TEST_P(AccountStore, SecondReplacementOfOneVersionIsRefused) {
  auto created = add_account(alice_, "k1");
  ASSERT_TRUE(try_replace(alice_, created, "k2"));
  expect_error(try_replace(alice_, created, "k3"), tenant_errc::unavailable);
  EXPECT_EQ(wait(accounts().get(alice_, created.id))->api_key_mask, "mask of k2");
}

TEST_P(AccountStore, ReplacementMayKeepItsOwnKeyButNotTakeAnothers) {
  auto first = add_account(alice_, "k1");
  add_account(bob_, "k2");
  auto same = try_replace(alice_, first, "k1");
  EXPECT_TRUE(same);
  expect_error(try_replace(alice_, same.value(), "k2"), tenant_errc::duplicate);
}

TEST_P(AccountStore, RemovedAccountIsGoneForEverybody) {
  auto approved = approved_account("k1");
  ASSERT_TRUE(wait(accounts().remove(alice_, approved.id)));
  expect_error(wait(accounts().get(alice_, approved.id)), tenant_errc::not_found);
  expect_error(wait(accounts().remove(alice_, approved.id)), tenant_errc::not_found);
  expect_error(wait(accounts().approve(admin_, approved.id, 1, "")), tenant_errc::not_found);
  EXPECT_TRUE(wait(accounts().list(alice_, {})).value().empty());
  EXPECT_TRUE(wait(accounts().list_for_admin(std::nullopt, {})).value().empty());
  EXPECT_FALSE(is_runnable(approved.id));
  EXPECT_TRUE(wait(accounts().load_runnable()).value().empty());
}

TEST_P(AccountStore, AdminSeesAccountsByStatusWithTheirOwners) {
  auto pending = add_account(alice_, "k1");
  auto approved = add_account(bob_, "k2");
  ASSERT_TRUE(wait(accounts().approve(admin_, approved.id, 1, "")));
  auto queue = wait(accounts().list_for_admin(account_status::pending, {})).value();
  ASSERT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue[0].account.id, pending.id);
  EXPECT_EQ(queue[0].username, "alice");
  EXPECT_EQ(wait(accounts().list_for_admin(std::nullopt, {})).value().size(), 2u);
  EXPECT_EQ(wait(accounts().list_for_admin(std::nullopt, {.limit = 1, .after_id = pending.id.value})).value().size(),
            1u);
}

TEST_P(AccountStore, RunnableAccountsCarryTheirCredentials) {
  auto approved = approved_account("k1");
  add_account(alice_, "k2");
  auto all = wait(accounts().load_runnable()).value();
  ASSERT_EQ(all.size(), 1u);
  const auto& credentials = all[0].credentials;
  EXPECT_EQ(all[0].account.id, approved.id);
  EXPECT_EQ(credentials.account, approved.id);
  EXPECT_EQ(credentials.user, alice_);
  EXPECT_EQ(credentials.exchange_name, "paper");
  EXPECT_EQ(credentials.version, 1);
  EXPECT_EQ(credentials.dek_id, "dek" + std::to_string(alice_.value));
  EXPECT_EQ(credentials.wrapped_dek, "wrapped");
  EXPECT_EQ(credentials.api_key, "sealed key k1");
  EXPECT_EQ(credentials.api_secret, "sealed secret k1");
  EXPECT_EQ(credentials.passphrase, "");
}

TEST_P(AccountStore, BannedUsersAccountsDoNotRunUntilUnbanned) {
  auto approved = approved_account("k1");
  ASSERT_TRUE(wait(users().set_status("alice", user_status::banned, admin_)));
  EXPECT_FALSE(is_runnable(approved.id));
  EXPECT_TRUE(wait(accounts().load_runnable()).value().empty());
  ASSERT_TRUE(wait(users().set_status("alice", user_status::active, admin_)));
  EXPECT_TRUE(is_runnable(approved.id));
}

account_probe probe_at(wall_time at, bool may_withdraw = false) {
  return {.at = wall_time{std::chrono::floor<std::chrono::microseconds>(at.since_epoch)},
          .passed = !may_withdraw,
          .reason = may_withdraw ? "this key can withdraw funds" : "",
          .may_read = true,
          .may_trade = true,
          .may_withdraw = may_withdraw,
          .address_bound = std::nullopt,
          .clock_offset = milliseconds(-12)};
}

TEST_P(AccountStore, WhatTheExchangeSaidIsKept) {
  auto created = add_account(alice_, "k1");
  EXPECT_FALSE(created.probe);
  const auto seen = probe_at(stores().now());
  EXPECT_EQ(wait(accounts().record_probe(created.id, 1, seen))->probe, seen);
  EXPECT_EQ(wait(accounts().get(alice_, created.id))->probe, seen);
  EXPECT_EQ(wait(accounts().list(alice_, {})).value()[0].probe, seen);
  expect_error(wait(accounts().record_probe(created.id, 2, seen)), tenant_errc::not_found);
  expect_error(wait(accounts().record_probe(account_id(4711), 1, seen)), tenant_errc::not_found);
  EXPECT_FALSE(try_replace(alice_, created, "k2").value().probe);
}

TEST_P(AccountStore, AKeyThatMayWithdrawTakesItsAccountBackToReview) {
  auto approved = approved_account("k1");
  auto suspended = wait(accounts().record_probe(approved.id, 1, probe_at(stores().now(), true))).value();
  EXPECT_EQ(suspended.status, account_status::pending);
  EXPECT_FALSE(suspended.is_active);
  EXPECT_EQ(suspended.error_message, "this key can withdraw funds");
  EXPECT_FALSE(is_runnable(approved.id));
  auto early = wait(accounts().approve(admin_, approved.id, 1, ""));
  expect_error(early, tenant_errc::key_refused);
  EXPECT_NE(early.error().detail.find("can withdraw"), std::string::npos);

  auto corrected = wait(accounts().record_probe(approved.id, 1, probe_at(stores().now()))).value();
  EXPECT_EQ(corrected.status, account_status::pending);
  EXPECT_FALSE(corrected.error_message);
  EXPECT_TRUE(wait(accounts().approve(admin_, approved.id, 1, "")));
  EXPECT_TRUE(is_runnable(approved.id));
}

TEST_P(AccountStore, AProbeThatPassesChangesNothingElse) {
  auto approved = approved_account("k1");
  auto seen = wait(accounts().record_probe(approved.id, 1, probe_at(stores().now()))).value();
  EXPECT_EQ(seen.updated_at, approved.updated_at);
  EXPECT_TRUE(seen.is_active);
  auto rejected = wait(accounts().reject(admin_, approved.id, "no")).value();
  EXPECT_EQ(wait(accounts().record_probe(approved.id, 1, probe_at(stores().now(), true)))->error_message, rejected.error_message);
}

TEST_P(AccountStore, AWaiverIsOfOneVersionAndOfAnotherOwner) {
  auto created = add_account(alice_, "k1");
  wait(accounts().record_probe(created.id, 1, probe_at(stores().now(), true))).value();
  expect_error(wait(accounts().waive_withdrawals(alice_, created.id, 1)), tenant_errc::own_account);
  expect_error(wait(accounts().waive_withdrawals(admin_, created.id, 2)), tenant_errc::already_decided);
  expect_error(wait(accounts().waive_withdrawals(admin_, account_id(4711), 1)), tenant_errc::not_found);
  auto waived = wait(accounts().waive_withdrawals(admin_, created.id, 1)).value();
  EXPECT_TRUE(waived.withdraw_waived);
  EXPECT_TRUE(waived.probe->passed);
  EXPECT_FALSE(waived.error_message);
  EXPECT_TRUE(wait(accounts().approve(admin_, created.id, 1, "")));
  EXPECT_EQ(wait(accounts().record_probe(created.id, 1, probe_at(stores().now(), true)))->status, account_status::approved);

  auto replaced = try_replace(alice_, created, "k2").value();
  EXPECT_FALSE(replaced.withdraw_waived);
  wait(accounts().record_probe(created.id, 2, probe_at(stores().now(), true))).value();
  expect_error(wait(accounts().approve(admin_, created.id, 2, "")), tenant_errc::key_refused);
}

TEST_P(AccountStore, ThoseThatWaitedLongestAreAskedAboutFirst) {
  const auto now = stores().now();
  auto never = add_account(alice_, "k1"), old = add_account(bob_, "k2"), fresh = add_account(bob_, "k3"), rejected = add_account(bob_, "k4");
  wait(accounts().record_probe(old.id, 1, probe_at(now - 2h))).value();
  wait(accounts().record_probe(fresh.id, 1, probe_at(now))).value();
  wait(accounts().reject(admin_, rejected.id, "no")).value();
  EXPECT_EQ(wait(accounts().list_due_probes(now - 1h, 10)).value(), (std::vector{never.id, old.id}));
  EXPECT_EQ(wait(accounts().list_due_probes(now - 1h, 1)).value(), std::vector{never.id});
}

}  // namespace
}  // namespace drover::tenants
