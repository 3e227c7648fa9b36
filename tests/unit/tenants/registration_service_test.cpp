#include "tenants/users/registration_service.hpp"

#include <gtest/gtest.h>

#include "tenants/errors.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::tenants {
namespace {

class RegistrationService : public testing::Test {
protected:
  template <class T>
  T wait(task<T> t) {
    return test::run(io_, std::move(t));
  }
  static registration wanted(const std::string& name, const std::string& code = {}) {
    return {.username = name, .email = "", .password = secret("a fine password"), .code = secret(code), .address = "10.0.0.1"};
  }
  std::error_code refusal(registration r) {
    auto outcome = wait(service_.register_user(std::move(r)));
    return outcome ? std::error_code() : outcome.error().code;
  }
  bool exists(const std::string& name) { return wait(users_->find_login(name))->has_value(); }

  asio::io_context io_;
  test::manual_clock clock_;
  seeded_random random_{5};
  std::unique_ptr<user_store> users_ = make_memory_user_store(clock_);
  worker_pool hashing_{"hashing", 1, 32};
  password_hasher hasher_{hashing_, random_, {.memory_kib = 64, .passes = 1}};
  attempt_guard guard_{{}};
  registration_service service_{*users_, hasher_, guard_, clock_, random_, registration_mode::open};
  user_id admin_ = wait(users_->create({.username = "root", .email = "", .password_hash = "h", .role = role::admin}))->id;
};

TEST_F(RegistrationService, MakesTenantsOnly) {
  EXPECT_FALSE(refusal(wanted("Alice")));
  auto stored = wait(users_->find_login("alice")).value();
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->user.role, role::tenant);
  EXPECT_TRUE(crypto::verify_password(secret("a fine password"), stored->password_hash));
}

TEST_F(RegistrationService, DoesNotTellThatANameIsTaken) {
  EXPECT_FALSE(refusal(wanted("alice")));
  auto before = wait(users_->find_login("alice")).value()->password_hash;
  EXPECT_FALSE(refusal(wanted("alice")));
  EXPECT_EQ(wait(users_->find_login("alice")).value()->password_hash, before);
}

TEST_F(RegistrationService, SaysWhichFieldIsWrong) {
  for (auto name : {"ab", "a b c", "a/b/c"}) EXPECT_EQ(refusal(wanted(name)), tenant_errc::invalid) << name;
  for (auto mail : {"x", "@x", "x@", "a@b@c", "a b@c", "a@b\r\nc"}) {
    auto r = wanted("alice");
    r.email = mail;
    EXPECT_EQ(refusal(std::move(r)), tenant_errc::invalid) << mail;
  }
  auto common = wanted("alice");
  common.password = secret("password123");
  EXPECT_EQ(refusal(std::move(common)), tenant_errc::invalid);
}

TEST_F(RegistrationService, IsOffWhenItIsOff) {
  service_.set_mode(registration_mode::off);
  EXPECT_EQ(refusal(wanted("alice")), tenant_errc::registration_closed);
  EXPECT_FALSE(exists("alice"));
}

TEST_F(RegistrationService, AnInvitationLetsOneIn) {
  service_.set_mode(registration_mode::invite);
  EXPECT_EQ(refusal(wanted("alice")), tenant_errc::invitation_refused);
  auto issued = wait(service_.invite(admin_, "for alice", 1h)).value();
  EXPECT_EQ(refusal(wanted("alice", issued.code + "0")), tenant_errc::invitation_refused);
  EXPECT_FALSE(refusal(wanted("root", issued.code))) << "a taken name uses nothing up";
  EXPECT_FALSE(refusal(wanted("alice", issued.code)));
  EXPECT_EQ(refusal(wanted("bob", issued.code)), tenant_errc::invitation_refused);
  auto listed = wait(users_->list_invitations(10)).value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].used_by, wait(users_->find_login("alice")).value()->user.id);
}

TEST_F(RegistrationService, InvitationsEnd) {
  service_.set_mode(registration_mode::invite);
  auto over = wait(service_.invite(admin_, "", 60s)).value();
  clock_.advance(61s);
  EXPECT_EQ(refusal(wanted("alice", over.code)), tenant_errc::invitation_refused);
  auto revoked = wait(service_.invite(admin_, "", 60s)).value();
  wait(users_->revoke_invitation(revoked.stored.id, admin_)).value();
  EXPECT_EQ(refusal(wanted("alice", revoked.code)), tenant_errc::invitation_refused);
}

TEST_F(RegistrationService, FloodsAreRefusedBeforeHashing) {
  std::error_code last;
  for (int i = 0; i < 50; ++i) last = refusal(wanted("name" + std::to_string(i)));
  EXPECT_EQ(last, tenant_errc::overloaded);
}

class Bootstrap : public RegistrationService {
protected:
  void SetUp() override { wait(users_->set_status("root", user_status::banned, {})).value(); }
  std::error_code bootstrap(const std::string& name, std::string_view code) {
    auto outcome = wait(service_.create_first_admin(wanted(name, std::string(code))));
    return outcome ? std::error_code() : outcome.error().code;
  }
};

TEST_F(Bootstrap, TheSecretIsGoodOnce) {
  EXPECT_EQ(bootstrap("chief", ""), tenant_errc::bootstrap_refused) << "nobody has asked for one";
  auto code = wait(service_.make_bootstrap_secret()).value();
  EXPECT_EQ(bootstrap("chief", "guess"), tenant_errc::bootstrap_refused);
  EXPECT_FALSE(bootstrap("chief", code.reveal()));
  EXPECT_EQ(wait(users_->find_login("chief")).value()->user.role, role::admin);
  EXPECT_EQ(bootstrap("second", code.reveal()), tenant_errc::bootstrap_refused);
  EXPECT_EQ(wait(service_.make_bootstrap_secret()).error().code, tenant_errc::bootstrap_refused);
}

TEST_F(Bootstrap, TheSecretEndsAndANewOneVoidsIt) {
  auto first = wait(service_.make_bootstrap_secret()).value();
  auto second = wait(service_.make_bootstrap_secret()).value();
  EXPECT_EQ(bootstrap("chief", first.reveal()), tenant_errc::bootstrap_refused);
  clock_.advance(registration_service::bootstrap_life);
  EXPECT_EQ(bootstrap("chief", second.reveal()), tenant_errc::bootstrap_refused);
}

}  // namespace
}  // namespace drover::tenants
