#include "tenants/users/login_service.hpp"

#include <gtest/gtest.h>

#include <cctype>

#include "tenants/errors.hpp"
#include "crypto/totp.hpp"
#include "tenants/accounts/account_store.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::tenants {
namespace {

constexpr crypto::password_cost cheap{.memory_kib = 64, .passes = 1};

crypto::token_signer make_signer() {
  std::map<std::string, secret> keys;
  keys.emplace("k", secret(std::string(32, 's')));
  return crypto::token_signer(std::move(keys), "k", 3600s);
}

class LoginService : public testing::Test {
protected:
  void SetUp() override {
    auto hash = crypto::hash_password(secret("right password"), random_, cheap).value();
    alice_ = wait(users_->create({.username = "alice", .email = "", .password_hash = hash}))->id;
    wait(directory_.load()).value();
  }
  template <class T>
  T wait(task<T> t) {
    return test::run(io_, std::move(t));
  }
  static login_attempt attempt_of(const std::string& name, const std::string& password, const std::string& from,
                                  const std::string& code = {}) {
    return {.username = name, .password = secret(password), .code = secret(code), .from = {.address = from, .client = "a browser"}};
  }
  result<login_result> login(const std::string& name, const std::string& password,
                             const std::string& from = "10.0.0.1") {
    return wait(service_.login(attempt_of(name, password, from)));
  }
  std::error_code refusal(const std::string& name, const std::string& password, const std::string& from = "10.0.0.1") {
    auto outcome = login(name, password, from);
    return outcome ? std::error_code() : outcome.error().code;
  }

  asio::io_context io_;
  test::manual_clock clock_;
  seeded_random random_{5};
  std::unique_ptr<user_store> users_ = make_memory_user_store(clock_);
  crypto::token_signer signer_ = make_signer();
  user_directory directory_{*users_, signer_, clock_};
  worker_pool hashing_{"hashing", 1, 32};
  password_hasher hasher_{hashing_, random_, cheap};
  static constexpr throttle_pace name_pace{.free = 3, .first = 1s, .longest = 60s, .forgets_every = 1min};
  attempt_guard guard_{{.name = name_pace,
                        .network = {.free = 5, .first = 1s, .longest = 15s, .forgets_every = 10s},
                        .everybody = {.free = 1000, .first = 100ms, .longest = 1s, .forgets_every = 100ms},
                        .tracked_keys = 1000}};
  std::unique_ptr<second_factor_store> factors_ = make_memory_second_factor_store();
  std::unique_ptr<account_store> data_keys_ = make_memory_account_store(
      clock_, {.is_active = [](user_id) { return true; }, .username = [](user_id) { return std::string(); }});
  crypto::keyring keyring_{crypto::master_key::generate(random_), random_};
  second_factor_service second_factor_{*factors_, *data_keys_, keyring_, clock_, random_};
  login_service service_{{*users_, directory_, signer_, hasher_, guard_, second_factor_, clock_, random_}};
  user_id alice_;
};

TEST_F(LoginService, RightPasswordGivesAToken) {
  auto outcome = login("alice", "right password").value();
  EXPECT_EQ(outcome.user.id, alice_);
  EXPECT_EQ(outcome.expires_in, 3600s);
  EXPECT_EQ(signer_.verify(outcome.token, 1, clock_.wall_now())->user, alice_);
  EXPECT_TRUE(wait(users_->get(alice_))->last_login_at);
}

TEST_F(LoginService, EachLoginIsASessionOfItsOwn) {
  auto first = login("alice", "right password").value();
  auto second = login("alice", "right password").value();
  EXPECT_NE(signer_.parse(first.token)->session_id, signer_.parse(second.token)->session_id);
}

TEST_F(LoginService, TheTokenWorksAtOnceAndSoDoItsLimits) {
  auto opened = login("alice", "right password", "192.0.2.9").value();
  auto who = directory_.authenticate(opened.token);
  ASSERT_TRUE(who);
  auto sessions = wait(users_->list_sessions(alice_)).value();
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].id, who->session_id);
  EXPECT_EQ(sessions[0].address, "192.0.2.9");
  EXPECT_EQ(sessions[0].client, "a browser");
  for (std::size_t i = 0; i < sessions_per_user; ++i) login("alice", "right password").value();
  EXPECT_FALSE(directory_.authenticate(opened.token)) << "the oldest made room";
  EXPECT_EQ(wait(users_->list_sessions(alice_))->size(), sessions_per_user);
}

TEST_F(LoginService, WhatAStrangerCallsItselfIsStoredPrintable) {
  auto attempt = attempt_of("alice", "right password", "10.0.0.1");
  attempt.from.client = "\r\n\x80" + std::string(1000, 'x');
  wait(service_.login(std::move(attempt))).value();
  EXPECT_EQ(wait(users_->list_sessions(alice_)).value()[0].client, "???" + std::string(197, 'x'));
}

TEST_F(LoginService, NamesAreReadInLowerCase) {
  EXPECT_TRUE(login("Alice", "right password"));
}

TEST_F(LoginService, WrongPasswordAndUnknownNameAnswerTheSame) {
  auto wrong = login("alice", "wrong password");
  auto unknown = login("nobody", "right password");
  ASSERT_FALSE(wrong);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(wrong.error().code, tenant_errc::bad_login);
  EXPECT_EQ(wrong.error().to_string(), unknown.error().to_string());
  EXPECT_EQ(refusal("no such/name", "x"), tenant_errc::bad_login);
  EXPECT_EQ(refusal("alice", std::string(2000, 'x')), tenant_errc::bad_login);
}

TEST_F(LoginService, BanShowsOnlyAfterTheRightPassword) {
  wait(users_->set_status("alice", user_status::banned, {})).value();
  EXPECT_EQ(refusal("alice", "wrong password"), tenant_errc::bad_login);
  EXPECT_EQ(refusal("alice", "right password"), tenant_errc::banned);
}

TEST_F(LoginService, FailuresOfOneNameAreThrottledFromEverywhere) {
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(refusal("alice", "wrong", "10.0.0." + std::to_string(i)), tenant_errc::bad_login);
  auto throttled = login("alice", "right password", "10.0.0.9");
  ASSERT_FALSE(throttled);
  EXPECT_EQ(throttled.error().code, tenant_errc::overloaded);
  EXPECT_EQ(throttled.error().retry_after, 1s);
  clock_.advance(*throttled.error().retry_after);
  EXPECT_TRUE(login("alice", "right password", "10.0.0.9"));
}

TEST_F(LoginService, AStrangerWhoKeepsGuessingDoesNotKeepTheOwnerOut) {
  EXPECT_TRUE(login("alice", "right password", "10.0.0.1"));
  for (int i = 0; i < 8; ++i) refusal("alice", "wrong", "10.0.1." + std::to_string(i));
  EXPECT_EQ(refusal("alice", "right password", "10.0.0.2"), tenant_errc::overloaded);
  EXPECT_TRUE(login("alice", "right password", "10.0.0.1")) << "she has logged in from there before";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(refusal("alice", "wrong", "10.0.0.1"), tenant_errc::bad_login);
  EXPECT_EQ(refusal("alice", "right password", "10.0.0.1"), tenant_errc::overloaded) << "but nobody guesses from there";
}

TEST_F(LoginService, FailuresFromOneAddressAreThrottledForEveryName) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(refusal("name" + std::to_string(i), "wrong"), tenant_errc::bad_login);
  EXPECT_EQ(refusal("alice", "right password"), tenant_errc::overloaded);
  EXPECT_TRUE(login("alice", "right password", "10.0.0.2"));
}

TEST_F(LoginService, OneIpv6NetworkIsOneAddress) {
  for (int i = 0; i < 6; ++i) refusal("name" + std::to_string(i), "wrong", "2001:db8:0:1::" + std::to_string(i + 1));
  EXPECT_EQ(refusal("alice", "right password", "2001:db8:0:1:ffff::1"), tenant_errc::overloaded);
  EXPECT_TRUE(login("alice", "right password", "2001:db8:0:2::1"));
}

TEST_F(LoginService, SuccessesAreNotCounted) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(login("alice", "right password"));
}

TEST_F(LoginService, ParallelGuessesAreBoundedBeforeTheirOutcome) {
  int hashed = 0, refused = 0;
  for (int i = 0; i < 10; ++i)
    asio::co_spawn(io_, service_.login(attempt_of("alice", "wrong", "10.0.0." + std::to_string(i))),
                   [&](std::exception_ptr, result<login_result> r) {
                     (r.error().code == tenant_errc::bad_login ? hashed : refused)++;
                   });
  io_.restart();
  io_.run();
  EXPECT_EQ(hashed, 4);
  EXPECT_EQ(refused, 6);
}

TEST_F(LoginService, WeakerHashesAreMadeAnewWhenThePasswordIsKnown) {
  auto weak = crypto::hash_password(secret("right password"), random_, {.memory_kib = 32, .passes = 1}).value();
  wait(users_->set_password(alice_, weak)).value();
  refusal("alice", "wrong password");
  EXPECT_EQ(wait(users_->find_login("alice")).value()->password_hash, weak);
  auto opened = login("alice", "right password").value();
  auto stored = wait(users_->find_login("alice")).value()->password_hash;
  EXPECT_FALSE(hasher_.is_outdated(stored));
  EXPECT_TRUE(crypto::verify_password(secret("right password"), stored));
  EXPECT_TRUE(directory_.authenticate(opened.token)) << "the session goes on";
}

TEST_F(LoginService, ConfirmingReplacesTheSession) {
  auto before = login("alice", "right password").value();
  auto other = login("alice", "right password").value();
  auto who = directory_.authenticate(before.token).value();
  clock_.advance(10min);
  auto wrong = wait(service_.confirm(who, secret("wrong"), {}, {.address = "10.0.0.1", .client = {}}));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, tenant_errc::wrong_password);
  EXPECT_TRUE(directory_.authenticate(before.token));
  auto after = wait(service_.confirm(who, secret("right password"), {}, {.address = "10.0.0.1", .client = {}})).value();
  EXPECT_FALSE(directory_.authenticate(before.token));
  EXPECT_TRUE(directory_.authenticate(other.token));
  EXPECT_EQ(directory_.authenticate(after.token)->signed_in_at, clock_.wall_now());
}

TEST_F(LoginService, ANewPasswordEndsAllOtherSessions) {
  auto one = login("alice", "right password").value();
  auto two = login("alice", "right password").value();
  auto who = directory_.authenticate(one.token).value();
  login_place from{.address = "10.0.0.1", .client = {}};
  auto change = [&](const char* current, const char* wanted) {
    return wait(service_.change_password(who, secret(current), {}, secret(wanted), from));
  };
  EXPECT_EQ(change("wrong", "a quite new one").error().code, tenant_errc::wrong_password);
  EXPECT_EQ(change("right password", "short").error().code, tenant_errc::invalid);
  EXPECT_TRUE(change("right password", "short").error().detail.starts_with("new_password: "));
  auto fresh = change("right password", "a quite new one").value();
  EXPECT_FALSE(directory_.authenticate(one.token));
  EXPECT_FALSE(directory_.authenticate(two.token));
  EXPECT_TRUE(directory_.authenticate(fresh.token));
  EXPECT_EQ(refusal("alice", "right password"), tenant_errc::bad_login);
  EXPECT_TRUE(login("alice", "a quite new one"));
}

class RefreshTokens : public LoginService {
protected:
  login_result log_in() {
    auto attempt = attempt_of("alice", "right password", "10.0.0.1");
    attempt.renewable = true;
    return wait(service_.login(std::move(attempt))).value();
  }
  result<login_result> renew(const secret& token, crypto::token_form form = crypto::token_form::three_fields) {
    return wait(service_.renew(token.clone(), form, {.address = "10.0.0.2", .client = {}}));
  }
  std::error_code renewal_refusal(const secret& token) {
    auto outcome = renew(token);
    return outcome ? std::error_code() : outcome.error().code;
  }
  std::error_code token_refusal(const std::string& token) {
    auto who = directory_.authenticate(token);
    return who ? std::error_code() : who.error().code;
  }
};

TEST_F(RefreshTokens, ComeOnlyWhenAskedFor) {
  EXPECT_TRUE(login("alice", "right password")->refresh_token.empty());
  EXPECT_FALSE(log_in().refresh_token.empty());
}

TEST_F(RefreshTokens, TheirSessionsTokensLiveAQuarterOfAnHour) {
  auto first = log_in();
  EXPECT_EQ(first.expires_in, 900s);
  EXPECT_EQ(first.refresh_expires_in, 30 * 24h);
  auto jwt = renew(first.refresh_token, crypto::token_form::jwt).value();
  auto who = directory_.authenticate(jwt.token).value();
  EXPECT_EQ(who.form, crypto::token_form::jwt);
  EXPECT_EQ(who.expires_at, clock_.wall_now() + 900s);
  auto plain = renew(jwt.refresh_token).value();
  who = directory_.authenticate(plain.token).value();
  clock_.advance(899s);
  EXPECT_TRUE(directory_.authenticate(plain.token));
  EXPECT_TRUE(directory_.still_valid(who));
  clock_.advance(1s);
  EXPECT_EQ(token_refusal(plain.token), crypto::token_errc::expired);
  EXPECT_FALSE(directory_.still_valid(who));
  EXPECT_TRUE(renew(plain.refresh_token)) << "the session goes on";
}

TEST_F(RefreshTokens, RenewASessionUnderANewIdAndTheOldOneIsGoodForAMinute) {
  auto first = log_in();
  auto before = directory_.authenticate(first.token).value();
  clock_.advance(10min);
  auto second = renew(first.refresh_token).value();
  auto after = directory_.authenticate(second.token).value();
  EXPECT_NE(after.session_id, before.session_id);
  EXPECT_EQ(after.signed_in_at, before.signed_in_at) << "a renewal is no login";
  auto sessions = wait(users_->list_sessions(alice_)).value();
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].id, after.session_id);
  clock_.advance(59s);
  EXPECT_TRUE(directory_.still_valid(before));
  clock_.advance(1s);
  EXPECT_FALSE(directory_.still_valid(before));
  EXPECT_FALSE(directory_.authenticate(first.token));
  EXPECT_TRUE(directory_.still_valid(after));
}

TEST_F(RefreshTokens, OneThatWasUsedBeforeEndsTheSessionAndNoOther) {
  auto stolen = log_in(), other = log_in();
  auto thief = renew(stolen.refresh_token).value();
  auto thief_again = renew(thief.refresh_token).value();
  EXPECT_EQ(renewal_refusal(stolen.refresh_token), tenant_errc::refresh_reused);
  EXPECT_EQ(token_refusal(thief_again.token), crypto::token_errc::revoked);
  EXPECT_EQ(token_refusal(stolen.token), crypto::token_errc::revoked);
  for (const auto* token : {&stolen, &thief, &thief_again})
    EXPECT_EQ(renewal_refusal(token->refresh_token), tenant_errc::refresh_refused);
  EXPECT_TRUE(directory_.authenticate(other.token));
  EXPECT_TRUE(renew(other.refresh_token));
}

TEST_F(RefreshTokens, ThatNeverWereEndNothing) {
  auto real = log_in();
  auto text = read_refresh_token(real.refresh_token.reveal()).value();
  const std::string nothing(40, '0');
  EXPECT_EQ(renewal_refusal(write_refresh_token(alice_, nothing, text.use)), tenant_errc::refresh_refused);
  EXPECT_EQ(renewal_refusal(write_refresh_token(user_id(99), text.family, text.use)), tenant_errc::refresh_refused);
  EXPECT_EQ(renewal_refusal(secret("garbage")), tenant_errc::refresh_refused);
  EXPECT_TRUE(directory_.authenticate(real.token));
  EXPECT_TRUE(renew(real.refresh_token));
}

TEST_F(RefreshTokens, EndWithTheirSession) {
  auto out = log_in();
  wait(users_->end_session(alice_, directory_.authenticate(out.token)->session_id)).value();
  EXPECT_EQ(renewal_refusal(out.refresh_token), tenant_errc::refresh_refused);
  auto late = log_in();
  clock_.advance(30 * 24h);
  EXPECT_EQ(renewal_refusal(late.refresh_token), tenant_errc::refresh_refused);
  auto banned = log_in();
  wait(users_->set_status("alice", user_status::banned, {})).value();
  EXPECT_EQ(renewal_refusal(banned.refresh_token), tenant_errc::refresh_refused);
}

TEST_F(RefreshTokens, ThePasswordAgainGivesAnotherAndEndsTheFirst) {
  auto first = log_in();
  clock_.advance(10min);
  auto who = directory_.authenticate(first.token).value();
  auto confirmed = wait(service_.confirm(who, secret("right password"), {}, {.address = "10.0.0.1", .client = {}})).value();
  EXPECT_EQ(directory_.authenticate(confirmed.token)->signed_in_at, clock_.wall_now());
  EXPECT_EQ(renewal_refusal(first.refresh_token), tenant_errc::refresh_refused);
  EXPECT_TRUE(renew(confirmed.refresh_token));
}

/// Bytes of a base32 text.
std::string from_base32(std::string_view text) {
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (char c : text) {
    buffer = (buffer << 5) | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((buffer >> bits) & 0xff);
  }
  return out;
}

class SecondFactor : public LoginService {
protected:
  void SetUp() override {
    LoginService::SetUp();
    clock_.advance(std::chrono::hours(1));
    before_ = login("alice", "right password")->token;
    key_ = from_base32(wait(second_factor_.begin(alice_, "alice")).value().key.reveal());
  }
  std::string code(int steps = 0) {
    return crypto::make_hotp(key_, static_cast<std::uint64_t>(crypto::totp_step_of(clock_.wall_now()) + steps));
  }
  login_service::enrolled enrol() {
    auto who = directory_.authenticate(before_).value();
    return wait(service_.confirm_second_factor(who, secret(code()), {.address = "10.0.0.1", .client = {}})).value();
  }
  std::error_code refusal_with(const std::string& typed) {
    auto outcome = wait(service_.login(attempt_of("alice", "right password", "10.0.0.1", typed)));
    return outcome ? std::error_code() : outcome.error().code;
  }
  std::string before_, key_;
};

TEST_F(SecondFactor, CountsOnlyWhenItsFirstCodeWasRight) {
  EXPECT_TRUE(login("alice", "right password")) << "begun, not confirmed";
  auto who = directory_.authenticate(before_).value();
  auto wrong = wait(service_.confirm_second_factor(who, secret("000000"), {.address = "10.0.0.1", .client = {}}));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, tenant_errc::wrong_code);
  auto done = enrol();
  EXPECT_EQ(done.recovery_codes.size(), 10u);
  EXPECT_FALSE(directory_.authenticate(before_)) << "a session without a code ends";
  EXPECT_TRUE(directory_.authenticate(done.login.token));
  EXPECT_EQ(refusal_with(""), tenant_errc::second_factor_required);
  EXPECT_EQ(refusal("alice", "wrong password"), tenant_errc::bad_login);
}

TEST_F(SecondFactor, ACodeIsGoodOnce) {
  enrol();
  EXPECT_EQ(refusal_with(code()), tenant_errc::wrong_code) << "the code of the enrolment";
  EXPECT_FALSE(refusal_with(code(1)));
  EXPECT_EQ(refusal_with(code(1)), tenant_errc::wrong_code);
  EXPECT_EQ(refusal_with(code()), tenant_errc::wrong_code) << "an earlier one";
  clock_.advance(60s);
  EXPECT_FALSE(refusal_with(code()));
}

TEST_F(SecondFactor, WrongCodesSlowDownAsWrongPasswordsDo) {
  enrol();
  std::error_code last;
  for (int i = 0; i < 6; ++i) last = refusal_with("000000");
  EXPECT_EQ(last, tenant_errc::overloaded);
}

TEST_F(SecondFactor, ARecoveryCodeIsGoodOnceHoweverItIsTyped) {
  auto codes = enrol().recovery_codes;
  std::string typed = codes[3];
  for (auto& c : typed) c = static_cast<char>(std::toupper(c));
  EXPECT_FALSE(refusal_with(typed));
  EXPECT_EQ(refusal_with(codes[3]), tenant_errc::wrong_code);
  EXPECT_EQ(wait(second_factor_.describe(alice_))->recovery_codes_left, 9);
}

TEST_F(SecondFactor, IsAskedForWhenThePasswordIsEnteredAgain) {
  auto token = enrol().login.token;
  auto who = directory_.authenticate(token).value();
  login_place from{.address = "10.0.0.1", .client = {}};
  EXPECT_EQ(wait(service_.confirm(who, secret("right password"), {}, from)).error().code, tenant_errc::second_factor_required);
  EXPECT_TRUE(wait(service_.confirm(who, secret("right password"), secret(code(1)), from)));
}

TEST_F(SecondFactor, ItsKeyIsStoredSealedForItsUser) {
  enrol();
  auto stored = wait(factors_->find(alice_)).value().value();
  EXPECT_EQ(stored.sealed.find(key_), std::string::npos);
  auto bob = wait(users_->create({.username = "bob", .email = "", .password_hash = crypto::hash_password(secret("right password"), random_, cheap).value()}))->id;
  wait(factors_->begin(bob, stored.sealed, stored.version)).value();
  EXPECT_EQ(wait(second_factor_.confirm(bob, secret(code(1)))).error().code, tenant_errc::internal) << "moved to another user";
}

TEST_F(SecondFactor, RemovedItIsAskedForNoMore) {
  enrol();
  EXPECT_FALSE(wait(second_factor_.begin(alice_, "alice"))) << "not over a living one";
  wait(second_factor_.remove(alice_, alice_)).value();
  EXPECT_FALSE(refusal_with(""));
}

}  // namespace
}  // namespace drover::tenants
