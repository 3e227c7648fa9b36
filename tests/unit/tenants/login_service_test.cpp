#include "tenants/users/login_service.hpp"

#include <gtest/gtest.h>

#include "tenants/errors.hpp"
#include "tenants/users/login_throttle.hpp"
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
  result<login_result> login(const std::string& name, const std::string& password,
                             const std::string& from = "10.0.0.1") {
    return wait(service_.login({.username = name, .password = secret(password), .address = from, .client = "a browser"}));
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
  login_service service_{
      *users_,  directory_, signer_,
      hashing_, clock_,
      random_,  {.attempts_per_minute_per_name = 3, .attempts_per_minute_per_address = 5, .tracked_keys = 1000}};
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
  std::string name = "\r\n\x80" + std::string(1000, 'x');
  wait(service_.login({.username = "alice", .password = secret("right password"), .address = "10.0.0.1", .client = name})).value();
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
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(refusal("alice", "wrong", "10.0.0." + std::to_string(i)), tenant_errc::bad_login);
  auto throttled = login("alice", "right password", "10.0.0.9");
  ASSERT_FALSE(throttled);
  EXPECT_EQ(throttled.error().code, tenant_errc::overloaded);
  ASSERT_TRUE(throttled.error().retry_after);
  clock_.advance(*throttled.error().retry_after);
  EXPECT_TRUE(login("alice", "right password", "10.0.0.9"));
}

TEST_F(LoginService, FailuresFromOneAddressAreThrottledForEveryName) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(refusal("name" + std::to_string(i), "wrong"), tenant_errc::bad_login);
  EXPECT_EQ(refusal("alice", "right password"), tenant_errc::overloaded);
  EXPECT_TRUE(login("alice", "right password", "10.0.0.2"));
}

TEST_F(LoginService, OneIpv6NetworkIsOneAddress) {
  for (int i = 0; i < 5; ++i) refusal("name" + std::to_string(i), "wrong", "2001:db8:0:1::" + std::to_string(i + 1));
  EXPECT_EQ(refusal("alice", "right password", "2001:db8:0:1:ffff::1"), tenant_errc::overloaded);
  EXPECT_TRUE(login("alice", "right password", "2001:db8:0:2::1"));
}

TEST_F(LoginService, SuccessesAreNotCounted) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(login("alice", "right password"));
}

TEST_F(LoginService, ParallelGuessesAreBoundedBeforeTheirOutcome) {
  int hashed = 0, refused = 0;
  for (int i = 0; i < 10; ++i)
    asio::co_spawn(io_, service_.login({.username = "alice", .password = secret("wrong"), .address = "10.0.0." + std::to_string(i), .client = {}}),
                   [&](std::exception_ptr, result<login_result> r) {
                     (r.error().code == tenant_errc::bad_login ? hashed : refused)++;
                   });
  io_.restart();
  io_.run();
  EXPECT_EQ(hashed, 3);
  EXPECT_EQ(refused, 7);
}

TEST(LoginThrottle, AllowsABurstThenOneAtATime) {
  login_throttle throttle(6, 100);
  steady_time now{1h};
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(throttle.take("a", now));
  EXPECT_EQ(throttle.take("a", now), milliseconds(10'000));
  EXPECT_FALSE(throttle.take("b", now));
  now = now + 10s;
  EXPECT_FALSE(throttle.take("a", now));
  EXPECT_TRUE(throttle.take("a", now));
  now = now + 60s;
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(throttle.take("a", now));
  EXPECT_TRUE(throttle.take("a", now));
}

TEST(LoginThrottle, GivenBackAttemptsAreFree) {
  login_throttle throttle(1, 100);
  steady_time now{1h};
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(throttle.take("a", now));
    throttle.give_back("a");
  }
  EXPECT_FALSE(throttle.take("a", now));
  EXPECT_TRUE(throttle.take("a", now));
}

TEST(LoginThrottle, TracksABoundedNumberOfKeys) {
  login_throttle throttle(1, 50);
  steady_time now{1h};
  for (int i = 0; i < 10'000; ++i) {
    throttle.take("k" + std::to_string(i), now);
    now = now + 1ms;
  }
  EXPECT_LE(throttle.size(), 50u);
}

}  // namespace
}  // namespace drover::tenants
