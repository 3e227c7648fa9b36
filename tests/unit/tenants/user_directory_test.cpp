#include "tenants/users/user_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "tenants/errors.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::tenants {
namespace {

const std::string session = "00000000000000aa";

crypto::token_signer make_signer() {
  std::map<std::string, secret> keys;
  keys.emplace("k", secret(std::string(32, 's')));
  return crypto::token_signer(std::move(keys), "k", 3600s);
}

class UserDirectory : public testing::Test {
protected:
  void SetUp() override {
    alice_ = wait(users_->create({.username = "alice", .email = "", .password_hash = "h"}))->id;
    open(session);
    ASSERT_TRUE(wait(directory_.load()));
    directory_.on_change([this](user_id id) { changed_.push_back(id); });
  }
  template <class T>
  T wait(task<T> t) {
    return test::run(io_, std::move(t));
  }
  std::string token(std::int64_t epoch = 1, const std::string& s = session) {
    return signer_.make_token(alice_, epoch, s, clock_.wall_now());
  }
  /// Of alice, at the epoch she has now.
  void open(const std::string& id) {
    const auto now = clock_.wall_now();
    tenants::session fresh{.user = alice_, .id = id, .created_at = now, .expires_at = now + 3600s, .address = {}, .client = {}};
    wait(users_->open_session(std::move(fresh), wait(users_->get(alice_))->epoch)).value();
  }
  void refresh() { wait(directory_.refresh(alice_)).value(); }
  std::error_code refusal(std::string_view t) {
    auto who = directory_.authenticate(t);
    return who ? std::error_code() : who.error().code;
  }
  void ban() {
    wait(users_->set_status("alice", user_status::banned, {})).value();
    wait(directory_.refresh(alice_)).value();
  }

  asio::io_context io_;
  test::manual_clock clock_;
  std::unique_ptr<user_store> users_ = make_memory_user_store(clock_);
  crypto::token_signer signer_ = make_signer();
  user_directory directory_{*users_, signer_, clock_};
  user_id alice_;
  std::vector<user_id> changed_;
};

TEST_F(UserDirectory, GenuineTokenNamesItsUser) {
  auto who = directory_.authenticate(token()).value();
  EXPECT_EQ(who.user, alice_);
  EXPECT_EQ(who.role, role::tenant);
  EXPECT_EQ(who.session_id, session);
  EXPECT_EQ(who.expires_at, clock_.wall_now() + 3600s);
  EXPECT_TRUE(directory_.still_valid(who));
}

TEST_F(UserDirectory, AKeyNamesItsOwnerUntilItIsRevoked) {
  const std::string key(64, 'a'), other(64, 'b');
  auto made = wait(users_->create_public_key({.user = alice_, .key = key, .name = {}, .created_at = clock_.wall_now()})).value();
  EXPECT_FALSE(directory_.identify(key)) << "not known yet";
  refresh();
  auto who = directory_.identify(key).value();
  EXPECT_EQ(who.user, alice_);
  EXPECT_EQ(who.public_key, made.id);
  EXPECT_EQ(who.scope, token_scope::read);
  EXPECT_TRUE(directory_.still_valid(who));
  EXPECT_EQ(directory_.identify(other).error().code, crypto::token_errc::invalid);
  EXPECT_EQ(directory_.take_used_keys(), (user_directory::uses{{made.id, clock_.wall_now()}}));
  EXPECT_TRUE(directory_.take_used_keys().empty());
  wait(users_->revoke_public_key(alice_, made.id)).value();
  refresh();
  EXPECT_FALSE(directory_.still_valid(who));
  EXPECT_EQ(directory_.identify(key).error().code, crypto::token_errc::invalid);
}

TEST_F(UserDirectory, AKeyOfABannedUserIsRefusedAndKnownAgainAfterALoad) {
  const std::string key(64, 'a');
  wait(users_->create_public_key({.user = alice_, .key = key, .name = {}, .created_at = clock_.wall_now()})).value();
  wait(directory_.load()).value();
  auto who = directory_.identify(key).value();
  ban();
  EXPECT_EQ(directory_.identify(key).error().code, tenant_errc::banned);
  EXPECT_FALSE(directory_.still_valid(who));
  wait(users_->set_status("alice", user_status::active, {})).value();
  wait(directory_.load()).value();
  who = directory_.identify(key).value();
  clock_.advance(3600s);
  EXPECT_FALSE(directory_.still_valid(who)) << "as long as a token";
}

TEST_F(UserDirectory, PlainTokensCountWhereTheyAreAcceptedUntilSessionsAreEnded) {
  const auto seconds_now = std::chrono::duration_cast<seconds>(clock_.wall_now().since_epoch).count();
  const auto head = std::to_string(alice_.value) + ":" + std::to_string(seconds_now);
  const auto plain = to_base64(head + ":" + to_hex(crypto::hmac_sha256("shared", head)));
  EXPECT_EQ(refusal(plain), crypto::token_errc::invalid);
  directory_.accept(crypto::plain_tokens(secret("shared"), 3600s));
  auto who = directory_.authenticate(plain).value();
  EXPECT_EQ(who.user, alice_);
  EXPECT_TRUE(who.session_id.empty());
  EXPECT_EQ(who.signed_in_at, wall_time{}) << "what asks for the password goes on asking";
  EXPECT_TRUE(directory_.still_valid(who));
  EXPECT_TRUE(directory_.authenticate(token())) << "ours go on";
  wait(users_->end_sessions(alice_)).value();
  refresh();
  EXPECT_EQ(refusal(plain), crypto::token_errc::revoked);
  EXPECT_FALSE(directory_.still_valid(who));
}

TEST_F(UserDirectory, ForgedTokensAndUnknownUsersAreInvalid) {
  EXPECT_EQ(refusal(""), crypto::token_errc::invalid);
  EXPECT_EQ(refusal("garbage"), crypto::token_errc::invalid);
  EXPECT_EQ(refusal(signer_.make_token(user_id(99), 1, session, clock_.wall_now())), crypto::token_errc::invalid);
  EXPECT_EQ(refusal(token(2)), crypto::token_errc::invalid);
}

TEST_F(UserDirectory, BeforeTheUsersAreKnownNoTokenIsCalledBad) {
  user_directory fresh(*users_, signer_, clock_);
  auto who = fresh.authenticate(token());
  ASSERT_FALSE(who);
  EXPECT_EQ(who.error().code, make_error_code(tenant_errc::unavailable));
}

TEST_F(UserDirectory, TokensExpire) {
  auto t = token();
  auto who = directory_.authenticate(t).value();
  clock_.advance(3600s);
  EXPECT_EQ(refusal(t), crypto::token_errc::expired);
  EXPECT_FALSE(directory_.still_valid(who));
}

TEST_F(UserDirectory, EndedSessionsAreRevokedNotForged) {
  auto t = token();
  auto who = directory_.authenticate(t).value();
  wait(users_->end_sessions(alice_)).value();
  wait(directory_.refresh(alice_)).value();
  EXPECT_EQ(refusal(t), crypto::token_errc::revoked);
  EXPECT_FALSE(directory_.still_valid(who));
  EXPECT_EQ(refusal(token(2)), crypto::token_errc::revoked) << "a new epoch has none of the old sessions";
  open(session);
  refresh();
  EXPECT_TRUE(directory_.authenticate(token(2)));
}

TEST_F(UserDirectory, BanHoldsForOldAndNewTokens) {
  auto t = token();
  auto who = directory_.authenticate(t).value();
  ban();
  EXPECT_EQ(refusal(t), tenant_errc::banned);
  EXPECT_EQ(refusal(token(2)), tenant_errc::banned);
  EXPECT_FALSE(directory_.still_valid(who));
}

TEST_F(UserDirectory, UnbanDoesNotReviveOldTokens) {
  auto t = token();
  ban();
  wait(users_->set_status("alice", user_status::active, {})).value();
  wait(directory_.refresh(alice_)).value();
  EXPECT_EQ(refusal(t), crypto::token_errc::revoked);
  open(session);
  refresh();
  EXPECT_TRUE(directory_.authenticate(token(3)));
}

TEST_F(UserDirectory, OneSessionCanBeEndedAlone) {
  const std::string second = "00000000000000bb";
  open(second);
  refresh();
  auto who = directory_.authenticate(token()).value();
  wait(users_->end_session(alice_, session)).value();
  refresh();
  EXPECT_EQ(refusal(token()), crypto::token_errc::revoked);
  EXPECT_FALSE(directory_.still_valid(who));
  EXPECT_TRUE(directory_.authenticate(token(1, second)));
}

TEST_F(UserDirectory, ASessionThatNobodyOpenedIsNone) {
  EXPECT_EQ(refusal(token(1, "00000000000000cc")), crypto::token_errc::revoked);
}

TEST_F(UserDirectory, AnEndedSessionStaysEndedInANewProcess) {
  auto t = token();
  wait(users_->end_session(alice_, session)).value();
  user_directory next(*users_, signer_, clock_);
  wait(next.load()).value();
  EXPECT_FALSE(next.authenticate(t));
}

TEST_F(UserDirectory, ASlowReadDoesNotUndoANewerOne) {
  auto before = wait(users_->load_auth_facts(alice_)).value();
  ban();
  directory_.learn(*before);
  EXPECT_EQ(directory_.find(alice_)->status, user_status::banned);
}

TEST_F(UserDirectory, ChangesReachListeners) {
  ban();
  EXPECT_EQ(changed_, std::vector{alice_});
  changed_.clear();
  wait(directory_.load()).value();
  EXPECT_TRUE(changed_.empty()) << "nothing changed since";
  auto bob = wait(users_->create({.username = "bob", .email = "", .password_hash = "h"}))->id;
  wait(users_->end_sessions(alice_)).value();
  wait(directory_.load()).value();
  std::ranges::sort(changed_);
  EXPECT_EQ(changed_, (std::vector{alice_, bob}));
  EXPECT_EQ(directory_.size(), 2u);
}

}  // namespace
}  // namespace drover::tenants
