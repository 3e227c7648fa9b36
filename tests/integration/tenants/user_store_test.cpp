#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

using UserStore = contract_suite;
INSTANTIATE_TEST_SUITE_P(Stores, UserStore, testing::ValuesIn(backend_kinds),
                         [](const auto& info) { return info.param.name; });

TEST_P(UserStore, CreatedUserIsReadBack) {
  auto created = add_user("alice", role::admin);
  EXPECT_TRUE(created.id.valid());
  auto read = wait(users().get(created.id)).value();
  EXPECT_EQ(read.username, "alice");
  EXPECT_EQ(read.email, "alice@example.com");
  EXPECT_EQ(read.role, role::admin);
  EXPECT_EQ(read.status, user_status::active);
  EXPECT_EQ(read.epoch, 1);
  EXPECT_EQ(read.created_at, created.created_at);
  EXPECT_FALSE(read.last_login_at);
}

TEST_P(UserStore, TakenNameIsRefused) {
  add_user("alice");
  expect_error(wait(users().create({.username = "alice", .email = "", .password_hash = "h"})), tenant_errc::name_taken);
}

TEST_P(UserStore, BadNamesAreRefused) {
  for (auto name : {"", "ab", "Alice", "al ice", "älice", "a/b", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    auto created = wait(users().create({.username = name, .email = "", .password_hash = "h"}));
    ASSERT_FALSE(created) << name;
    EXPECT_EQ(created.error().code, tenant_errc::invalid) << name;
    EXPECT_TRUE(created.error().detail.starts_with("username: ")) << created.error().detail;
  }
}

TEST_P(UserStore, OverlongEmailIsRefused) {
  expect_error(wait(users().create({.username = "alice", .email = std::string(255, 'x'), .password_hash = "h"})),
               tenant_errc::invalid);
}

TEST_P(UserStore, FindLoginAnswersTheHashOrNothing) {
  auto alice = add_user("alice");
  auto found = wait(users().find_login("alice")).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user.id, alice.id);
  EXPECT_EQ(found->password_hash, "hash of alice");
  EXPECT_FALSE(wait(users().find_login("nobody")).value());
}

TEST_P(UserStore, ListIsInOrderOfCreation) {
  add_user("bob");
  add_user("alice");
  auto all = wait(users().list()).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].username, "bob");
  EXPECT_EQ(all[1].username, "alice");
}

TEST_P(UserStore, SetPasswordEndsSessions) {
  auto alice = add_user("alice");
  ASSERT_TRUE(wait(users().set_password(alice.id, "new hash")));
  auto found = wait(users().find_login("alice")).value();
  EXPECT_EQ(found->password_hash, "new hash");
  EXPECT_EQ(found->user.epoch, 2);
}

TEST_P(UserStore, BanEndsSessionsAndUnbanDoesNotReviveThem) {
  auto admin = add_user("admin", role::admin);
  auto alice = add_user("alice");
  auto banned = wait(users().set_status("alice", user_status::banned, admin.id)).value();
  EXPECT_EQ(banned.id, alice.id);
  EXPECT_EQ(banned.status, user_status::banned);
  EXPECT_EQ(banned.epoch, 2);
  auto back = wait(users().set_status("alice", user_status::active, {})).value();
  EXPECT_EQ(back.status, user_status::active);
  EXPECT_EQ(back.epoch, 3);
}

TEST_P(UserStore, RecordLoginKeepsTheMomentAndTheSessions) {
  auto alice = add_user("alice");
  ASSERT_TRUE(wait(users().record_login(alice.id)));
  auto read = wait(users().get(alice.id)).value();
  ASSERT_TRUE(read.last_login_at);
  EXPECT_GE(*read.last_login_at, read.created_at);
  EXPECT_EQ(read.epoch, 1);
}

TEST_P(UserStore, UnknownUsersAreNotFound) {
  expect_error(wait(users().get(user_id(99))), tenant_errc::not_found);
  expect_error(wait(users().set_password(user_id(99), "h")), tenant_errc::not_found);
  expect_error(wait(users().record_login(user_id(99))), tenant_errc::not_found);
  expect_error(wait(users().end_sessions(user_id(99))), tenant_errc::not_found);
  expect_error(wait(users().set_status("nobody", user_status::banned, {})), tenant_errc::not_found);
}

TEST_P(UserStore, AuthFactsFollowChanges) {
  auto alice = add_user("alice");
  add_user("admin", role::admin);
  ASSERT_TRUE(wait(users().end_sessions(alice.id)));
  auto facts = wait(users().load_auth_facts(alice.id)).value();
  EXPECT_EQ(facts, (user_auth_facts{alice.id, role::tenant, user_status::active, 2}));
  EXPECT_EQ(wait(users().load_auth_facts()).value().size(), 2u);
  EXPECT_FALSE(wait(users().load_auth_facts(user_id(99))).value());
}

}  // namespace
}  // namespace drover::tenants
