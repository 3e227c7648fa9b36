#include "tenants/accounts/account_service.hpp"

#include <gtest/gtest.h>

#include "tenants/errors.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"
#include "tests/support/test_keys.hpp"

namespace drover::tenants {
namespace {

const user_id alice(1), admin(9);

class AccountService : public testing::Test {
protected:
  template <class T>
  T wait(task<T> t) {
    return test::run(io_, std::move(t));
  }
  static account_request request(std::string exchange = "paper", std::string passphrase = "") {
    return {.exchange_name = std::move(exchange),
            .api_key = secret("the-api-key-1234"),
            .api_secret = secret("the-api-secret-5678"),
            .passphrase = secret(passphrase),
            .label = "My account"};
  }
  task<probe_outcome> probe(std::string exchange, secret api_key, secret, secret) {
    probed_.push_back(exchange + " " + std::string(api_key.reveal()));
    co_return probe_answer_;
  }
  void expect_invalid(account_request r, const std::string& detail) {
    auto created = wait(service_.create(alice, std::move(r)));
    ASSERT_FALSE(created) << detail;
    EXPECT_EQ(created.error().code, tenant_errc::invalid);
    EXPECT_EQ(created.error().detail, detail);
  }
  account approved() {
    auto created = wait(service_.create(alice, request())).value();
    return wait(store_->approve(admin, created.id, 1, "")).value();
  }
  credential_opener::clear_credentials open(account_id id) {
    auto runnable = wait(store_->load_runnable(id)).value().value();
    return credential_opener(keyring_, std::move(runnable.credentials)).open().value();
  }
  static exchange_catalogue catalogue() {
    return {.is_known = [](const std::string& name) { return name == "paper" || name == "okx"; },
            .needs_passphrase = [](const std::string& name) { return name == "okx"; },
            .names = {"paper", "okx"},
            .regions = [](const std::string& name) -> std::vector<exchange_region> {
              if (name != "paper") return {{"default", "https://" + name + ".example"}};
              return {{"default", "https://paper.example"}, {"eu", "https://eu.paper.example"}};
            }};
  }

  asio::io_context io_;
  test::manual_clock clock_;
  seeded_random random_{5};
  crypto::keyring keyring_{crypto::master_key::generate(random_), random_};
  std::unique_ptr<account_store> store_ = make_memory_account_store(
      clock_, {.is_active = [](user_id) { return true; }, .username = [](user_id) { return std::string("name"); }});
  std::vector<std::string> probed_;
  probe_outcome probe_answer_{.accepted = true, .reason = "", .unavailable = false};
  account_service service_{
      *store_, keyring_, catalogue(), [this](std::string exchange, secret key, secret key_secret, secret passphrase) {
        return probe(std::move(exchange), std::move(key), std::move(key_secret), std::move(passphrase));
      }};
};

TEST_F(AccountService, CreatesAPendingMaskedAccountAfterProbing) {
  auto created = wait(service_.create(alice, request())).value();
  EXPECT_EQ(created.status, account_status::pending);
  EXPECT_EQ(created.api_key_mask, "the-****1234");
  EXPECT_EQ(created.label, "My account");
  EXPECT_EQ(probed_, std::vector<std::string>{"paper the-api-key-1234"});
}

TEST_F(AccountService, SealedCredentialsOpenInTheirAccountOnly) {
  auto account = approved();
  auto clear = open(account.id);
  EXPECT_EQ(clear.api_key.reveal(), "the-api-key-1234");
  EXPECT_EQ(clear.api_secret.reveal(), "the-api-secret-5678");
  EXPECT_TRUE(clear.passphrase.empty());

  auto moved = wait(store_->load_runnable(account.id)).value()->credentials;
  EXPECT_EQ(moved.api_secret.find("the-api"), std::string::npos);
  moved.account = account_id(account.id.value + 1);
  auto opened = credential_opener(keyring_, std::move(moved)).open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crypto::crypto_errc::sealed_value_refused);
}

TEST_F(AccountService, SwappedFieldsAndOlderVersionsDoNotOpen) {
  auto account = approved();
  auto stored = wait(store_->load_runnable(account.id)).value()->credentials;
  auto swapped = stored;
  std::swap(swapped.api_key, swapped.api_secret);
  EXPECT_FALSE(credential_opener(keyring_, std::move(swapped)).open());
  auto rolled_back = stored;
  rolled_back.version = 2;
  EXPECT_FALSE(credential_opener(keyring_, std::move(rolled_back)).open());
  auto foreign = stored;
  foreign.user = user_id(2);
  EXPECT_FALSE(credential_opener(keyring_, std::move(foreign)).open());
  EXPECT_TRUE(credential_opener(keyring_, std::move(stored)).open());
}

TEST_F(AccountService, RegionsAreNamedOrGivenByTheirAddress) {
  auto wanted = request();
  wanted.base_url = "https://EU.paper.example/";
  auto created = wait(service_.create(alice, std::move(wanted))).value();
  EXPECT_EQ(created.region, "eu");
  EXPECT_EQ(probed_, std::vector<std::string>{"paper@eu the-api-key-1234"});
  auto moved = wait(service_.update(alice, created.id, {.region = "default"})).value();
  EXPECT_EQ(moved.region, "default");
  EXPECT_EQ(probed_.back(), "paper the-api-key-1234");
  EXPECT_EQ(wait(service_.update(alice, created.id, {.base_url = "https://paper.example"}))->credential_version, 2);
}

TEST_F(AccountService, NoAddressButAConfiguredOneIsTaken) {
  const auto with = [](std::string region, std::string base_url) {
    auto r = request();
    r.region = std::move(region);
    r.base_url = std::move(base_url);
    return r;
  };
  const std::string known = "base_url: is not one of https://paper.example, https://eu.paper.example";
  for (const std::string address :
       {"https://paper.example.evil.test", "https://evil.test/https://paper.example", "https://paper.example@evil.test",
        "http://paper.example", "https://paper.example:8443", "https://paper.example/path", "//paper.example", "169.254.169.254"})
    expect_invalid(with("", address), known);
  expect_invalid(with("us", ""), "region: is not one of default, eu");
  expect_invalid(with("default", "https://eu.paper.example"),
                 "base_url: is not the address of region default; leave one of both out");
  EXPECT_TRUE(probed_.empty());
}

TEST_F(AccountService, AnotherRegionIsReviewedAgain) {
  auto account = approved();
  auto changed = wait(service_.update(alice, account.id, {.region = "eu"})).value();
  EXPECT_EQ(changed.status, account_status::pending);
  EXPECT_FALSE(changed.is_active);
  EXPECT_EQ(changed.credential_version, 2);
  EXPECT_EQ(changed.api_key_mask, account.api_key_mask);
  auto stale = wait(store_->approve(admin, account.id, 1, ""));
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, tenant_errc::already_decided);
  wait(store_->approve(admin, account.id, 2, "")).value();
  EXPECT_EQ(open(account.id).api_secret.reveal(), "the-api-secret-5678");
}

TEST_F(AccountService, CredentialsOpenForTheirRegionOnly) {
  auto account = approved();
  auto moved = wait(store_->load_runnable(account.id)).value()->credentials;
  moved.region = "eu";
  auto opened = credential_opener(keyring_, std::move(moved)).open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crypto::crypto_errc::sealed_value_refused);
}

TEST_F(AccountService, RegionThatRefusesTheKeyChangesNothing) {
  auto account = approved();
  probe_answer_ = {.accepted = false, .reason = "the exchange does not accept this key and secret", .unavailable = false};
  EXPECT_FALSE(wait(service_.update(alice, account.id, {.region = "eu"})));
  auto now = wait(store_->get(alice, account.id)).value();
  EXPECT_EQ(now.region, "default");
  EXPECT_EQ(now.status, account_status::approved);
}

TEST_F(AccountService, ReplacedKeysAreApprovedByTheirVersionOnly) {
  auto account = approved();
  auto replaced = request();
  replaced.exchange_name.clear();
  replaced.api_key = secret("another-api-key-1");
  wait(service_.update(alice, account.id, {.credentials = std::move(replaced)})).value();
  auto blind = wait(store_->approve(admin, account.id, std::nullopt, ""));
  ASSERT_FALSE(blind);
  EXPECT_EQ(blind.error().code, tenant_errc::invalid);
  EXPECT_TRUE(blind.error().detail.starts_with("reviewed_version: is required"));
  EXPECT_TRUE(wait(store_->approve(admin, account.id, 2, "")));
}

TEST_F(AccountService, AnotherMasterKeyIsNamedByTheOpener) {
  auto account = approved();
  crypto::keyring other(crypto::master_key::generate(random_), random_);
  auto opened = credential_opener(other, wait(store_->load_runnable(account.id)).value()->credentials).open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crypto::crypto_errc::key_wrong);
}

TEST_F(AccountService, PassphraseIsSealedWhereTheExchangeHasOne) {
  auto created = wait(service_.create(alice, request("okx", "pass phrase"))).value();
  wait(store_->approve(admin, created.id, 1, "")).value();
  EXPECT_EQ(open(created.id).passphrase.reveal(), "pass phrase");
}

TEST_F(AccountService, EveryBadFieldIsNamed) {
  auto with = [](auto change) {
    auto r = request();
    change(r);
    return r;
  };
  expect_invalid(with([](auto& r) { r.exchange_name = ""; }), "exchange_name: must not be empty");
  expect_invalid(with([](auto& r) { r.exchange_name = "nowhere"; }), "exchange_name: is not one of paper, okx");
  expect_invalid(with([](auto& r) { r.label = " \t "; }), "label: must not be empty");
  expect_invalid(with([](auto& r) { r.label = std::string(65, 'x'); }), "label: must have at most 64 characters");
  for (const std::string label : {"a\nb", "a\x1b[31mb", "a\x7f", "\xc2\x85", "\xff", "\xc0\xaf", "\xed\xa0\x80",
                                  "\xe2\x80\xae"
                                  "ab",
                                  "a\xe2\x80\x8b", "\xe2\x82"})
    expect_invalid(with([&](auto& r) { r.label = label; }), "label: must consist of printable characters");
  expect_invalid(with([](auto& r) { r.api_key = secret(" "); }), "api_key: must not be empty");
  expect_invalid(with([](auto& r) { r.api_key = secret("seven77"); }), "api_key: must have at least 8 characters");
  expect_invalid(with([](auto& r) { r.api_secret = secret(); }), "api_secret: must not be empty");
  expect_invalid(with([](auto& r) { r.api_secret = secret(std::string(513, 'x')); }),
                 "api_secret: must have at most 512 characters");
  for (const auto& key :
       {std::string("with blank inside"), std::string("ünïcödé-key"), std::string("zero\0inside", 11)})
    expect_invalid(with([&](auto& r) { r.api_key = secret(key); }),
                   "api_key: must consist of printable ASCII characters without blanks");
  expect_invalid(with([](auto& r) { r.api_secret = secret("-----BEGIN EC PRIVATE KEY-----\n\x01\n-----END"); }),
                 "api_secret: must consist of printable ASCII characters without blanks");
  expect_invalid(request("paper", "x"), "passphrase: paper has none; leave it empty");
  expect_invalid(request("okx", ""), "passphrase: okx needs one");
  expect_invalid(request("okx", "a\nb"), "passphrase: must consist of printable ASCII characters");
  EXPECT_TRUE(probed_.empty());
}

TEST_F(AccountService, PrivateKeysAreTakenAsFormsLeaveThem) {
  std::string on_one_line(test::rsa_pem);
  std::erase(on_one_line, '\n');
  for (const auto& text : {std::string(test::ed25519_pem), std::string(test::rsa_pem), on_one_line}) {
    auto wanted = request();
    wanted.label += std::to_string(text.size());
    wanted.api_key = secret("the-api-key-" + std::to_string(text.size()));
    wanted.api_secret = secret(text);
    auto created = wait(service_.create(alice, std::move(wanted)));
    EXPECT_TRUE(created) << created.error().to_string();
  }
  auto no_key = request();
  no_key.api_secret = secret("-----BEGIN PRIVATE KEY-----canary-----END PRIVATE KEY-----");
  expect_invalid(std::move(no_key), "api_secret: must be a private key in PEM without a passphrase: P-256, Ed25519, or RSA of 2048 to 4096 bits");
  auto too_long = request();
  too_long.api_secret = secret("-----BEGIN PRIVATE KEY-----" + std::string(4096, 'A'));
  expect_invalid(std::move(too_long), "api_secret: must have at most 4096 characters");
}

TEST_F(AccountService, LabelsOfAnyScriptAreKept) {
  auto r = request();
  r.label = "  Скальпинг ₿ 日本 ";
  EXPECT_EQ(wait(service_.create(alice, std::move(r)))->label, "Скальпинг ₿ 日本");
  auto longest = request();
  longest.api_key = secret("another-api-key");
  longest.label.clear();
  for (int i = 0; i < 64; ++i) longest.label += "€";
  EXPECT_TRUE(wait(service_.create(alice, std::move(longest))));
}

TEST_F(AccountService, BlanksAroundPastedKeysAreTrimmed) {
  auto r = request();
  r.api_key = secret(" the-api-key-1234\n");
  auto created = wait(service_.create(alice, std::move(r))).value();
  EXPECT_EQ(created.api_key_mask, "the-****1234");
  EXPECT_EQ(probed_.at(0), "paper the-api-key-1234");
}

TEST_F(AccountService, SameKeyTwiceIsDuplicate) {
  ASSERT_TRUE(wait(service_.create(alice, request())));
  auto again = wait(service_.create(user_id(2), request()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, tenant_errc::duplicate);
}

TEST_F(AccountService, ExchangesRefusalReachesThePersonAndNothingIsStored) {
  probe_answer_ = {.accepted = false, .reason = "the key may withdraw", .unavailable = false};
  expect_invalid(request(), "api_key: the key may withdraw");
  EXPECT_TRUE(wait(store_->list(alice, {})).value().empty());
}

TEST_F(AccountService, UnreachableExchangeIsNotARefusal) {
  probe_answer_ = {.accepted = false, .reason = "connection refused", .unavailable = true};
  auto created = wait(service_.create(alice, request()));
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, tenant_errc::unavailable);
}

TEST_F(AccountService, NewCredentialsAreProbedSealedAndPending) {
  auto account = approved();
  auto fresh = request("");
  fresh.api_key = secret("another-api-key-99");
  auto changed =
      wait(service_.update(alice, account.id, {.label = "Renamed", .credentials = std::move(fresh)})).value();
  EXPECT_EQ(changed.label, "Renamed");
  EXPECT_EQ(changed.status, account_status::pending);
  EXPECT_EQ(changed.credential_version, 2);
  EXPECT_EQ(changed.api_key_mask, "anot****y-99");
  EXPECT_EQ(probed_.back(), "paper another-api-key-99");
  wait(store_->approve(admin, account.id, 2, "")).value();
  EXPECT_EQ(open(account.id).api_key.reveal(), "another-api-key-99");
}

TEST_F(AccountService, RefusedCredentialsChangeNothing) {
  auto account = approved();
  probe_answer_ = {.accepted = false, .reason = "unknown key", .unavailable = false};
  auto changed = wait(service_.update(alice, account.id, {.label = "Renamed", .credentials = request()}));
  ASSERT_FALSE(changed);
  auto now = wait(store_->get(alice, account.id)).value();
  EXPECT_EQ(now.label, "My account");
  EXPECT_EQ(now.status, account_status::approved);
}

TEST_F(AccountService, LabelChangesNeedNoReview) {
  auto account = approved();
  auto changed = wait(service_.update(alice, account.id, {.label = " Renamed ", .credentials = {}})).value();
  EXPECT_EQ(changed.label, "Renamed");
  EXPECT_EQ(changed.status, account_status::approved);
  EXPECT_EQ(probed_.size(), 1u);
}

TEST_F(AccountService, ExchangeOfAnAccountCannotChange) {
  auto account = approved();
  auto changed = wait(service_.update(alice, account.id, {.label = {}, .credentials = request("okx", "p")}));
  ASSERT_FALSE(changed);
  EXPECT_TRUE(changed.error().detail.starts_with("exchange_name: "));
}

TEST_F(AccountService, ForeignAccountsAreNotFoundBeforeAnyProbe) {
  auto account = approved();
  auto changed = wait(service_.update(user_id(2), account.id, {.label = {}, .credentials = request()}));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, tenant_errc::not_found);
  EXPECT_EQ(probed_.size(), 1u);
}

}  // namespace
}  // namespace drover::tenants
