#include "tenants/keys/master_keys.hpp"

#include "tenants/accounts/account_service.hpp"
#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

crypto::master_key key_number(std::uint64_t seed) {
  seeded_random random(seed);
  return crypto::master_key::generate(random);
}

std::vector<crypto::master_key> keys_of(std::initializer_list<std::uint64_t> seeds) {
  std::vector<crypto::master_key> keys;
  for (const auto seed : seeds) keys.push_back(key_number(seed));
  return keys;
}

class MasterKeys : public postgres_suite {
protected:
  database_config config() { return stores_.raw().config(1); }
  result<void> settle(std::initializer_list<std::uint64_t> seeds) {
    crypto::keyring ring(keys_of(seeds), random_);
    return settle_master_keys(config(), ring);
  }
  void expect_refused(std::initializer_list<std::uint64_t> seeds, const std::string& words) {
    const auto settled = settle(seeds);
    ASSERT_FALSE(settled) << words;
    EXPECT_EQ(settled.error().code, crypto::crypto_errc::key_wrong);
    EXPECT_NE(settled.error().detail.find(words), std::string::npos) << settled.error().detail;
  }
  std::string states() {
    return sql("SELECT coalesce(string_agg(state, ' ' ORDER BY created_at, id), '') FROM master_keys");
  }
  user_id add_user_with_key(crypto::keyring& ring, int number) {
    const auto user = add_user("user" + std::to_string(number)).id;
    auto key = ring.make_data_key(user).value();
    wait(accounts().ensure_data_key(user, {.dek_id = key.dek_id, .wrapped = key.wrapped})).value();
    return user;
  }
  crypto::keyring::wrapped_key stored_key(user_id user) {
    auto row = wait(accounts().find_data_key(user)).value().value();
    return {.dek_id = row.dek_id, .wrapped = row.wrapped};
  }

  seeded_random random_{17};
};

TEST_F(MasterKeys, AFreshDatabaseTakesTheKeyItIsGivenAndNoOtherAfterwards) {
  EXPECT_TRUE(settle({1}));
  EXPECT_TRUE(settle({1}));
  expect_refused({2}, "not the key this database was sealed with");
  EXPECT_EQ(states(), "current");
  EXPECT_EQ(sql("SELECT count(*) FROM audit_events WHERE action = 'key.first'"), "1");
}

TEST_F(MasterKeys, ANewFirstKeyBecomesCurrentWhenTheOldOneIsThereToo) {
  ASSERT_TRUE(settle({1}));
  ASSERT_TRUE(settle({2, 1}));
  EXPECT_EQ(sql("SELECT id FROM master_keys WHERE state = 'current'"), key_number(2).id());
  expect_refused({1, 2}, "must be the first line");
  expect_refused({1}, "not the key");
  // The key of the fingerprints is wrapped by the first one until a rotation has run.
  expect_refused({2}, "add it as a further line");
  crypto::keyring both(keys_of({2, 1}), random_);
  ASSERT_TRUE(wait(key_rotation(stores_.pool(), both).run()));
  EXPECT_TRUE(settle({2}));
}

TEST_F(MasterKeys, AKeyThatStillWrapsSomethingIsAskedFor) {
  crypto::keyring ring(keys_of({1}), random_);
  ASSERT_TRUE(settle_master_keys(config(), ring));
  add_user_with_key(ring, 1);
  ASSERT_TRUE(settle({2, 1}));
  expect_refused({2}, key_number(1).id());
}

TEST_F(MasterKeys, FingerprintsStayTheSameOverRotations) {
  crypto::keyring first(keys_of({1}), random_), second(keys_of({2, 1}), random_), third(keys_of({3, 2}), random_);
  ASSERT_TRUE(settle_master_keys(config(), first));
  ASSERT_TRUE(settle_master_keys(config(), second));
  key_rotation rotation(stores_.pool(), second);
  ASSERT_TRUE(wait(rotation.run()));
  ASSERT_TRUE(settle_master_keys(config(), third));
  EXPECT_EQ(third.fingerprint("a key"), first.fingerprint("a key"));
}

TEST_F(MasterKeys, RotationWrapsEveryDataKeyAnewAndRetiresTheOldKey) {
  crypto::keyring ring(keys_of({1}), random_);
  ASSERT_TRUE(settle_master_keys(config(), ring));
  std::vector<user_id> users;
  // More than one transaction takes.
  for (int i = 0; i < 150; ++i) users.push_back(add_user_with_key(ring, i));
  const crypto::sealed_place place{users.front(), account_id(1), "api_key", 1, "paper"};
  const auto text = ring.unwrap(users.front(), stored_key(users.front())).value().seal(place, "a secret").value();

  ring.take_up(keys_of({2}));
  key_rotation rotation(stores_.pool(), ring);
  const auto done = wait(rotation.run()).value();
  EXPECT_EQ(done.rewrapped, 150);
  EXPECT_EQ(done.refused, 0);
  EXPECT_EQ(done.retired, std::vector{key_number(1).id()});
  EXPECT_EQ(states(), "retired current");

  const crypto::keyring only_new(keys_of({2}), random_);
  for (const auto user : users) EXPECT_TRUE(only_new.unwrap(user, stored_key(user)));
  EXPECT_EQ(only_new.unwrap(users.front(), stored_key(users.front())).value().open(place, text).value().reveal(),
            "a secret");
  EXPECT_EQ(wait(rotation.run()).value().rewrapped, 0);
  expect_refused({1, 2}, "must be the first line");
}

TEST_F(MasterKeys, ADataKeyThatDoesNotOpenIsLeftAndKeepsItsMasterKeyAlive) {
  crypto::keyring ring(keys_of({1}), random_);
  ASSERT_TRUE(settle_master_keys(config(), ring));
  const auto good = add_user_with_key(ring, 1), bad = add_user_with_key(ring, 2);
  sql("UPDATE user_data_keys SET wrapped = overlay(wrapped placing 'AAAA' from 100) WHERE user_id = " +
      std::to_string(bad.value));
  ring.take_up(keys_of({2}));
  key_rotation rotation(stores_.pool(), ring);
  const auto done = wait(rotation.run()).value();
  EXPECT_EQ(done.rewrapped, 1);
  EXPECT_EQ(done.refused, 1);
  EXPECT_TRUE(done.retired.empty());
  EXPECT_EQ(states(), "old current");
  EXPECT_TRUE(ring.unwrap(good, stored_key(good)));
}

TEST_F(MasterKeys, NewUsersGetTheNewKeyWhileTheOldStillOpens) {
  crypto::keyring ring(keys_of({1}), random_);
  ASSERT_TRUE(settle_master_keys(config(), ring));
  const auto before = add_user_with_key(ring, 1);
  ring.take_up(keys_of({2}));
  const auto after = add_user_with_key(ring, 2);
  EXPECT_TRUE(ring.unwrap(before, stored_key(before)));
  EXPECT_TRUE(crypto::keyring(keys_of({2}), random_).unwrap(after, stored_key(after)));
}

/// SEC-08, with the triggers out of the way as for who may write everything.
class RolledBackCredentials : public MasterKeys {
protected:
  void SetUp() override {
    ASSERT_TRUE(settle_master_keys(config(), ring_));
    alice_ = add_user("alice").id;
    admin_ = add_user("admin", role::admin).id;
    created_ = wait(service_.create(alice_, request("first"))).value();
    sql("CREATE TABLE saved AS SELECT * FROM user_exchanges");
  }
  static account_request request(const std::string& key) {
    return {.exchange_name = "paper",
            .api_key = secret("api-key-" + key),
            .api_secret = secret("api-secret-" + key),
            .label = "label"};
  }
  void put_back() {
    sql("SET session_replication_role = replica; UPDATE user_exchanges a SET api_key = s.api_key, api_secret = "
        "s.api_secret, "
        "passphrase = s.passphrase, key_fingerprint = s.key_fingerprint, credential_version = s.credential_version, "
        "reviewed_version = s.credential_version, status = 'APPROVED', is_active = true, deleted_at = NULL FROM saved "
        "s WHERE s.id = a.id");
  }
  result<credential_opener::clear_credentials> open() {
    auto row = wait(accounts().load_runnable(created_.id)).value();
    if (!row) return fail(tenant_errc::not_found);
    return credential_opener(ring_, std::move(row->credentials)).open();
  }

  crypto::keyring ring_{keys_of({1}), random_};
  account_service service_{accounts(),
                           ring_,
                           {.is_known = [](const std::string&) { return true; },
                            .needs_passphrase = [](const std::string&) { return false; },
                            .names = {"paper"}},
                           [](std::string, secret, secret, secret) -> task<probe_outcome> {
                             co_return probe_outcome{.accepted = true, .reason = "", .unavailable = false};
                           }};
  user_id alice_, admin_;
  account created_;
};

TEST_F(RolledBackCredentials, OpenWhileTheyAreTheNewest) {
  put_back();
  EXPECT_EQ(open().value().api_key.reveal(), "api-key-first");
}

TEST_F(RolledBackCredentials, AreNotOpenedAfterTheyWereReplaced) {
  wait(service_.update(alice_, created_.id, {.label = {}, .credentials = request("second")})).value();
  put_back();
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crypto::crypto_errc::rolled_back);
}

TEST_F(RolledBackCredentials, AreNotOpenedAfterTheAccountWasDeleted) {
  wait(accounts().remove(alice_, created_.id)).value();
  put_back();
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crypto::crypto_errc::rolled_back);
}

TEST_F(RolledBackCredentials, AreNotOpenedUnderTheNewVersionEither) {
  wait(service_.update(alice_, created_.id, {.label = {}, .credentials = request("second")})).value();
  put_back();
  sql("SET session_replication_role = replica; UPDATE user_exchanges SET credential_version = 2, reviewed_version = 2");
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crypto::crypto_errc::sealed_value_refused);
}

TEST_F(RolledBackCredentials, AreRefusedByTheDatabaseItself) {
  wait(service_.update(alice_, created_.id, {.label = {}, .credentials = request("second")})).value();
  EXPECT_ANY_THROW(sql("UPDATE user_exchanges SET credential_version = 1"));
  wait(accounts().remove(alice_, created_.id)).value();
  EXPECT_ANY_THROW(
      sql("UPDATE user_exchanges SET deleted_at = NULL, api_key = 'k', api_secret = 's', key_fingerprint = 'f'"));
  EXPECT_ANY_THROW(sql("DELETE FROM credential_versions"));
}

/// SEC-02: two users, two accounts each, three fields: every text in every other place.
TEST_F(RolledBackCredentials, EverySwapOfTwoStoredTextsIsRefused) {
  const auto bob = add_user("bob").id;
  auto with_passphrase = [](const std::string& key) {
    auto r = request(key);
    r.passphrase = secret("passphrase-" + key);
    return r;
  };
  account_service service(accounts(), ring_,
                          {.is_known = [](const std::string&) { return true; },
                           .needs_passphrase = [](const std::string&) { return true; },
                           .names = {"paper"}},
                          [](std::string, secret, secret, secret) -> task<probe_outcome> {
                            co_return probe_outcome{.accepted = true, .reason = "", .unavailable = false};
                          });
  std::vector<runnable_account> rows;
  for (const auto& [owner, key] : {std::pair{alice_, "a1"}, {alice_, "a2"}, {bob, "b1"}, {bob, "b2"}}) {
    const auto made = wait(service.create(owner, with_passphrase(key))).value();
    wait(accounts().approve(admin_, made.id, 1, "")).value();
    rows.push_back(wait(accounts().load_runnable(made.id)).value().value());
  }
  std::string sealed_credentials::*const fields[] = {&sealed_credentials::api_key, &sealed_credentials::api_secret,
                                                     &sealed_credentials::passphrase};
  int refused = 0;
  for (const auto& from : rows)
    for (const auto from_field : fields)
      for (const auto& to : rows)
        for (const auto to_field : fields) {
          if (&from == &to && from_field == to_field) continue;
          auto swapped = to.credentials;
          swapped.*to_field = from.credentials.*from_field;
          const auto opened = credential_opener(ring_, std::move(swapped)).open();
          refused += !opened && opened.error().code == crypto::crypto_errc::sealed_value_refused;
        }
  EXPECT_EQ(refused, 132);
}

}  // namespace
}  // namespace drover::tenants
