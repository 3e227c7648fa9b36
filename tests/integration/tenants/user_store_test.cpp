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

constexpr const char* first_id = "00000000000000a1";
constexpr const char* second_id = "00000000000000a2";

TEST_P(UserStore, LoginKeepsTheMomentAndTheOtherSessions) {
  auto alice = add_user("alice");
  auto first = session_of(alice, first_id, 2min), second = session_of(alice, second_id, 1min);
  ASSERT_TRUE(wait(users().open_session(first, 1)));
  ASSERT_TRUE(wait(users().open_session(second, 1)));
  auto read = wait(users().get(alice.id)).value();
  EXPECT_EQ(read.last_login_at, second.created_at);
  EXPECT_EQ(read.epoch, 1);
  auto sessions = wait(users().list_sessions(alice.id)).value();
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].id, second_id);
  EXPECT_EQ(sessions[1].id, first_id);
  EXPECT_EQ(sessions[1].user, alice.id);
  EXPECT_EQ(sessions[1].created_at, first.created_at);
  EXPECT_EQ(sessions[1].expires_at, first.expires_at);
  EXPECT_EQ(sessions[1].address, "192.0.2.1");
  EXPECT_EQ(sessions[1].client, "test");
}

TEST_P(UserStore, TheOldestSessionMakesRoom) {
  auto alice = add_user("alice");
  for (int i = 0; i < 12; ++i) {
    auto id = "00000000000000" + std::to_string(10 + i);
    ASSERT_TRUE(wait(users().open_session(session_of(alice, id, (20 - i) * 1min), 1))) << id;
  }
  auto sessions = wait(users().list_sessions(alice.id)).value();
  ASSERT_EQ(sessions.size(), sessions_per_user);
  EXPECT_EQ(sessions.front().id, "0000000000000021");
  EXPECT_EQ(sessions.back().id, "0000000000000012");
}

TEST_P(UserStore, ExpiredSessionsAreNone) {
  auto alice = add_user("alice");
  ASSERT_TRUE(wait(users().open_session(session_of(alice, first_id, 61min), 1)));
  EXPECT_TRUE(wait(users().list_sessions(alice.id))->empty());
  EXPECT_TRUE(wait(users().load_auth_facts(alice.id)).value()->sessions.empty());
  expect_error(wait(users().end_session(alice.id, first_id)), tenant_errc::not_found);
}

TEST_P(UserStore, ALoginThatABanOrAPasswordOvertookIsRefused) {
  auto alice = add_user("alice");
  wait(users().set_password(alice.id, "new hash")).value();
  expect_error(wait(users().open_session(session_of(alice, first_id), 1)), tenant_errc::bad_login);
  auto banned = wait(users().set_status("alice", user_status::banned, {})).value();
  expect_error(wait(users().open_session(session_of(alice, first_id), banned.epoch)), tenant_errc::bad_login);
  auto nobody = alice;
  nobody.id = user_id(99);
  expect_error(wait(users().open_session(session_of(nobody, first_id), 1)), tenant_errc::bad_login);
  EXPECT_TRUE(wait(users().list_sessions(alice.id))->empty());
}

TEST_P(UserStore, OneSessionEndsAlone) {
  auto alice = add_user("alice"), bob = add_user("bob");
  wait(users().open_session(session_of(alice, first_id), 1)).value();
  wait(users().open_session(session_of(alice, second_id), 1)).value();
  expect_error(wait(users().end_session(bob.id, first_id)), tenant_errc::not_found);
  ASSERT_TRUE(wait(users().end_session(alice.id, first_id)));
  expect_error(wait(users().end_session(alice.id, first_id)), tenant_errc::not_found);
  auto left = wait(users().list_sessions(alice.id)).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, second_id);
  EXPECT_EQ(wait(users().get(alice.id))->epoch, 1);
}

TEST_P(UserStore, ANewEpochEndsEverySessionOfItsUser) {
  auto alice = add_user("alice"), bob = add_user("bob");
  wait(users().open_session(session_of(bob, second_id), 1)).value();
  std::int64_t epoch = 1;
  for (auto change : {0, 1, 2, 3}) {
    wait(users().open_session(session_of(alice, first_id), epoch)).value();
    if (change == 0) wait(users().set_password(alice.id, "h")).value();
    if (change == 1) wait(users().end_sessions(alice.id)).value();
    if (change == 2) wait(users().set_status("alice", user_status::active, {})).value();
    if (change == 3) wait(users().set_status("alice", user_status::banned, {})).value();
    EXPECT_TRUE(wait(users().list_sessions(alice.id))->empty()) << change;
    epoch = wait(users().get(alice.id))->epoch;
  }
  EXPECT_EQ(wait(users().list_sessions(bob.id))->size(), 1u);
}

TEST_P(UserStore, UnknownUsersAreNotFound) {
  expect_error(wait(users().get(user_id(99))), tenant_errc::not_found);
  expect_error(wait(users().set_password(user_id(99), "h")), tenant_errc::not_found);
  expect_error(wait(users().end_session(user_id(99), first_id)), tenant_errc::not_found);
  expect_error(wait(users().end_sessions(user_id(99))), tenant_errc::not_found);
  expect_error(wait(users().set_status("nobody", user_status::banned, {})), tenant_errc::not_found);
}

TEST_P(UserStore, AuthFactsFollowChanges) {
  auto alice = add_user("alice");
  add_user("admin", role::admin);
  ASSERT_TRUE(wait(users().end_sessions(alice.id)));
  auto facts = wait(users().load_auth_facts(alice.id)).value().value();
  EXPECT_EQ(facts.role, role::tenant);
  EXPECT_EQ(facts.status, user_status::active);
  EXPECT_EQ(facts.epoch, 2);
  EXPECT_TRUE(facts.sessions.empty());
  auto fresh = session_of(alice, second_id);
  wait(users().open_session(session_of(alice, first_id, 1min), 2)).value();
  wait(users().open_session(fresh, 2)).value();
  auto later = wait(users().load_auth_facts(alice.id)).value().value();
  ASSERT_EQ(later.sessions.size(), 2u);
  EXPECT_EQ(later.sessions[1], (session_facts{second_id, fresh.expires_at, fresh.created_at, false}));
  EXPECT_GT(later.version, facts.version);
  auto all = wait(users().load_auth_facts()).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], later);
  EXPECT_EQ(all[1].role, role::admin);
  wait(users().end_session(alice.id, first_id)).value();
  EXPECT_GT(wait(users().load_auth_facts(alice.id)).value()->version, later.version);
  EXPECT_FALSE(wait(users().load_auth_facts(user_id(99))).value());
}

TEST_P(UserStore, PagesGoByIdAndEnd) {
  auto a = add_user("alice"), b = add_user("bob"), c = add_user("carol");
  auto first = wait(users().list_page({}, 2)).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].id, a.id);
  auto second = wait(users().list_page(b.id, 2)).value();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].id, c.id);
}

TEST_P(UserStore, TheFirstAdminIsMadeOnce) {
  add_user("alice");
  EXPECT_FALSE(wait(users().has_admin()).value());
  auto first = wait(users().create_first_admin({.username = "root", .email = "", .password_hash = "h"})).value();
  EXPECT_EQ(first.role, role::admin);
  EXPECT_TRUE(wait(users().has_admin()).value());
  expect_error(wait(users().create_first_admin({.username = "second", .email = "", .password_hash = "h"})),
               tenant_errc::bootstrap_refused);
  EXPECT_FALSE(wait(users().find_login("second")).value());
}

TEST_P(UserStore, ARoleIsChangedAndEndsSessions) {
  auto root = add_user("root", role::admin), alice = add_user("alice");
  wait(users().open_session(session_of(alice, first_id), 1)).value();
  auto raised = wait(users().set_role(alice.id, role::admin, root.id)).value();
  EXPECT_EQ(raised.role, role::admin);
  EXPECT_EQ(raised.epoch, 2);
  EXPECT_TRUE(wait(users().list_sessions(alice.id))->empty());
  EXPECT_EQ(wait(users().set_role(alice.id, role::admin, root.id))->epoch, 2) << "nothing to change";
  EXPECT_EQ(wait(users().set_role(alice.id, role::tenant, root.id))->role, role::tenant);
  expect_error(wait(users().set_role(user_id(99), role::admin, root.id)), tenant_errc::not_found);
}

TEST_P(UserStore, TheLastAdminStays) {
  auto root = add_user("root", role::admin), other = add_user("other", role::admin);
  wait(users().set_status("other", user_status::banned, root.id)).value();
  expect_error(wait(users().set_role(root.id, role::tenant, other.id)), tenant_errc::last_admin);
  expect_error(wait(users().set_status("root", user_status::banned, other.id)), tenant_errc::last_admin);
  EXPECT_EQ(wait(users().get(root.id))->status, user_status::active);
  wait(users().set_status("other", user_status::active, root.id)).value();
  EXPECT_TRUE(wait(users().set_role(root.id, role::tenant, other.id)));
  EXPECT_TRUE(wait(users().set_status("other", user_status::banned, {}))) << "the operator of the machine may";
}

TEST_P(UserStore, AStrongerHashOfTheSamePasswordEndsNothing) {
  auto alice = add_user("alice");
  ASSERT_TRUE(wait(users().upgrade_password(alice.id, "an older hash", "h2")));
  EXPECT_EQ(wait(users().find_login("alice")).value()->password_hash, "hash of alice");
  ASSERT_TRUE(wait(users().upgrade_password(alice.id, "hash of alice", "h2")));
  auto found = wait(users().find_login("alice")).value();
  EXPECT_EQ(found->password_hash, "h2");
  EXPECT_EQ(found->user.epoch, 1);
}

class Invitations : public contract_suite {
protected:
  static std::string hash(char c) { return std::string(64, c); }
  invitation invite(char c, nanoseconds life = 1h) {
    auto now = stores().now();
    new_invitation fresh{
        .code_hash = hash(c), .note = "for somebody", .created_by = root_.id, .created_at = now, .expires_at = now + life};
    return wait(users().create_invitation(std::move(fresh))).value();
  }
  result<user> try_create(const std::string& name, char c) {
    return wait(users().create({.username = name, .email = "", .password_hash = "h", .invitation = hash(c)}));
  }
  user root_ = add_user("root", role::admin);
};
INSTANTIATE_TEST_SUITE_P(Stores, Invitations, testing::ValuesIn(backend_kinds),
                         [](const auto& info) { return info.param.name; });

TEST_P(Invitations, AreUsedOnce) {
  auto made = invite('a');
  EXPECT_EQ(made.note, "for somebody");
  EXPECT_TRUE(wait(users().is_invitation_open(hash('a'))).value());
  expect_error(try_create("alice", 'b'), tenant_errc::invitation_refused);
  expect_error(try_create("root", 'a'), tenant_errc::name_taken);
  EXPECT_TRUE(wait(users().is_invitation_open(hash('a'))).value());
  auto alice = try_create("alice", 'a').value();
  EXPECT_FALSE(wait(users().is_invitation_open(hash('a'))).value());
  expect_error(try_create("bob", 'a'), tenant_errc::invitation_refused);
  EXPECT_FALSE(wait(users().find_login("bob")).value());
  auto listed = wait(users().list_invitations(10)).value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, made.id);
  EXPECT_EQ(listed[0].created_by, root_.id);
  EXPECT_EQ(listed[0].used_by, alice.id);
  EXPECT_TRUE(listed[0].used_at);
}

TEST_P(Invitations, EndByTimeAndByRevocation) {
  invite('a', -1s);
  expect_error(try_create("alice", 'a'), tenant_errc::invitation_refused);
  auto made = invite('b');
  ASSERT_TRUE(wait(users().revoke_invitation(made.id, root_.id)));
  expect_error(wait(users().revoke_invitation(made.id, root_.id)), tenant_errc::not_found);
  expect_error(wait(users().revoke_invitation(made.id + 100, root_.id)), tenant_errc::not_found);
  expect_error(try_create("alice", 'b'), tenant_errc::invitation_refused);
  auto listed = wait(users().list_invitations(1)).value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, made.id) << "the newest first";
  EXPECT_TRUE(listed[0].revoked_at);
}

class SessionRenewal : public contract_suite {
protected:
  static std::string hash(char c) { return std::string(64, c); }
  wall_time now() { return {std::chrono::floor<std::chrono::microseconds>(stores().now().since_epoch)}; }
  void open(const user& u, const std::string& id, char family, nanoseconds life = 1h) {
    session fresh{.user = u.id, .id = id, .created_at = now() - 2h, .expires_at = now() + life, .address = {}, .client = {}};
    fresh.family_hash = hash(family);
    fresh.refresh_hash = hash('0');
    wait(users().open_session(std::move(fresh), u.epoch)).value();
  }
  result<renewed_session> renew(const user& u, char family, char used, char fresh, const std::string& id) {
    return wait(users().renew_session({.user = u.id,
                                       .family_hash = hash(family),
                                       .used_hash = hash(used),
                                       .fresh_id = id,
                                       .fresh_hash = hash(fresh),
                                       .at = now(),
                                       .address = "192.0.2.1"}));
  }
  user_auth_facts facts(const user& u) { return wait(users().load_auth_facts(u.id)).value().value(); }
  user alice_ = add_user("alice"), bob_ = add_user("bob");
};
INSTANTIATE_TEST_SUITE_P(Stores, SessionRenewal, testing::ValuesIn(backend_kinds),
                         [](const auto& info) { return info.param.name; });

TEST_P(SessionRenewal, GivesANewIdAndKeepsTheRest) {
  open(alice_, second_id, 'a');
  const auto before = facts(alice_);
  const auto done = renew(alice_, 'a', '0', '1', first_id).value();
  EXPECT_EQ(done.user.username, "alice");
  EXPECT_EQ(done.session.id, first_id);
  EXPECT_TRUE(done.session.is_renewable());
  const auto after = facts(alice_);
  EXPECT_GT(after.version, before.version);
  ASSERT_EQ(after.sessions.size(), 2u) << "also under its previous id";
  EXPECT_EQ(after.sessions[0].id, first_id);
  EXPECT_TRUE(after.sessions[0].renewable);
  EXPECT_EQ(after.sessions[0].signed_in_at, before.sessions[0].signed_in_at);
  EXPECT_EQ(after.sessions[0].expires_at, before.sessions[0].expires_at);
  EXPECT_EQ(after.sessions[1].id, second_id);
  EXPECT_LT(after.sessions[1].expires_at, now() + 2min);
  EXPECT_EQ(wait(users().load_auth_facts()).value()[0], after);
  EXPECT_EQ(wait(users().list_sessions(alice_.id))->size(), 1u);
  ASSERT_TRUE(wait(users().end_session(alice_.id, second_id))) << "by the token before";
  EXPECT_TRUE(facts(alice_).sessions.empty());
}

TEST_P(SessionRenewal, WithAUsedTokenEndsTheSessionOnly) {
  open(alice_, first_id, 'a');
  open(alice_, second_id, 'b');
  ASSERT_TRUE(renew(alice_, 'a', '0', '1', "00000000000000c1"));
  expect_error(renew(alice_, 'a', '0', '2', "00000000000000c2"), tenant_errc::refresh_reused);
  const auto left = facts(alice_).sessions;
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, second_id);
  expect_error(renew(alice_, 'a', '1', '2', "00000000000000c3"), tenant_errc::refresh_refused);
  EXPECT_TRUE(renew(alice_, 'b', '0', '1', "00000000000000c4"));
}

TEST_P(SessionRenewal, OfNobodysFamilyIsRefused) {
  open(alice_, first_id, 'a');
  const auto before = facts(alice_);
  expect_error(renew(bob_, 'a', '0', '1', second_id), tenant_errc::refresh_refused);
  expect_error(renew(alice_, 'c', '0', '1', second_id), tenant_errc::refresh_refused);
  auto nobody = alice_;
  nobody.id = user_id(99);
  expect_error(renew(nobody, 'a', '0', '1', second_id), tenant_errc::refresh_refused);
  EXPECT_EQ(facts(alice_), before);
  open(bob_, second_id, 'd', -1min);
  expect_error(renew(bob_, 'd', '0', '1', first_id), tenant_errc::refresh_refused);
}

TEST_P(SessionRenewal, EndsWithTheEpoch) {
  open(alice_, first_id, 'a');
  ASSERT_TRUE(wait(users().end_sessions(alice_.id)));
  expect_error(renew(alice_, 'a', '0', '1', second_id), tenant_errc::refresh_refused);
}

class ApiTokenRows : public contract_suite {
protected:
  result<api_token> make(const user& u, const std::string& name, nanoseconds life = 1h) {
    const wall_time now{std::chrono::floor<std::chrono::microseconds>(stores().now().since_epoch)};
    return wait(users().create_api_token({.user = u.id,
                                          .name = name,
                                          .scope = token_scope::write,
                                          .hash = std::string(64, 'a'),
                                          .created_at = now - 2h,
                                          .expires_at = now + life,
                                          .addresses = {"192.0.2.1", "2001:db8::/32"}}));
  }
  user alice_ = add_user("alice"), bob_ = add_user("bob");
};
INSTANTIATE_TEST_SUITE_P(Stores, ApiTokenRows, testing::ValuesIn(backend_kinds),
                         [](const auto& info) { return info.param.name; });

TEST_P(ApiTokenRows, AreKeptAndAuthorise) {
  auto before = wait(users().load_auth_facts(alice_.id)).value()->version;
  auto made = make(alice_, "one").value();
  auto over = make(alice_, "over", -1h).value();
  auto listed = wait(users().list_api_tokens(alice_.id)).value();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].name, "one");
  EXPECT_EQ(listed[0].scope, token_scope::write);
  EXPECT_EQ(listed[0].addresses, (std::vector<std::string>{"192.0.2.1", "2001:db8::/32"}));
  EXPECT_EQ(listed[0].expires_at, made.expires_at);
  EXPECT_FALSE(listed[0].last_used_at);
  auto facts = wait(users().load_auth_facts(alice_.id)).value().value();
  ASSERT_EQ(facts.api_tokens.size(), 1u);
  EXPECT_EQ(facts.api_tokens[0],
            (api_token_facts{made.id, std::string(64, 'a'), token_scope::write, made.expires_at, made.addresses}));
  EXPECT_GT(facts.version, before);
  auto all = wait(users().load_auth_facts()).value();
  EXPECT_EQ(all[0], facts);
  EXPECT_TRUE(all[1].api_tokens.empty());
}

TEST_P(ApiTokenRows, AreRevokedByTheirUserOnly) {
  auto made = make(alice_, "one").value();
  expect_error(wait(users().revoke_api_token(bob_.id, made.id)), tenant_errc::not_found);
  ASSERT_TRUE(wait(users().revoke_api_token(alice_.id, made.id)));
  expect_error(wait(users().revoke_api_token(alice_.id, made.id)), tenant_errc::not_found);
  EXPECT_TRUE(wait(users().load_auth_facts(alice_.id)).value()->api_tokens.empty());
}

TEST_P(ApiTokenRows, AreBoundedAndExpiredOnesDoNotCount) {
  make(alice_, "over", -1h).value();
  for (std::size_t i = 0; i < api_tokens_per_user; ++i) ASSERT_TRUE(make(alice_, "t" + std::to_string(i)));
  expect_error(make(alice_, "one too many"), tenant_errc::invalid);
  EXPECT_TRUE(make(bob_, "his own"));
}

TEST_P(ApiTokenRows, OfThoseThatHaveExpiredOnlyTheNewestAreKept) {
  for (std::size_t i = 0; i < api_tokens_per_user + 3; ++i) make(alice_, "over " + std::to_string(i), -1h).value();
  make(alice_, "living").value();
  auto listed = wait(users().list_api_tokens(alice_.id)).value();
  ASSERT_EQ(listed.size(), api_tokens_per_user + 1);
  EXPECT_EQ(listed.front().name, "over 3");
  EXPECT_EQ(listed.back().name, "living");
}

TEST_P(ApiTokenRows, KeepWhenTheyWereUsedLast) {
  auto made = make(alice_, "one").value();
  const auto at = made.created_at + 10min;
  ASSERT_TRUE(wait(users().touch_api_tokens({{made.id, at}, {made.id + 1000, at}})));
  ASSERT_TRUE(wait(users().touch_api_tokens({{made.id, at - 5min}})));
  EXPECT_EQ(wait(users().list_api_tokens(alice_.id)).value()[0].last_used_at, at);
}

class PublicKeyRows : public contract_suite {
protected:
  static std::string key(int n) {
    auto digits = std::to_string(n);
    return std::string(64 - digits.size(), '0') + digits;
  }
  result<public_key> add(const user& u, int n) {
    const wall_time now{std::chrono::floor<std::chrono::microseconds>(stores().now().since_epoch)};
    return wait(users().create_public_key({.user = u.id, .key = key(n), .name = "laptop", .created_at = now}));
  }
  std::vector<public_key> list(const user& u, public_key_page page = {}) { return wait(users().list_public_keys(u.id, page)).value(); }
  user alice_ = add_user("alice"), bob_ = add_user("bob");
};
INSTANTIATE_TEST_SUITE_P(Stores, PublicKeyRows, testing::ValuesIn(backend_kinds),
                         [](const auto& info) { return info.param.name; });

TEST_P(PublicKeyRows, AreListedAndCountUntilTheyAreRevoked) {
  const auto before = wait(users().load_auth_facts(alice_.id)).value()->version;
  const auto one = add(alice_, 1).value(), two = add(alice_, 2).value();
  EXPECT_EQ(one.key, key(1));
  EXPECT_EQ(one.name, "laptop");
  auto facts = wait(users().load_auth_facts(alice_.id)).value().value();
  EXPECT_GT(facts.version, before);
  EXPECT_EQ(facts.public_keys, (std::vector<public_key_facts>{{one.id, key(1)}, {two.id, key(2)}}));
  EXPECT_EQ(wait(users().load_auth_facts()).value()[0], facts);
  expect_error(wait(users().revoke_public_key(bob_.id, one.id)), tenant_errc::not_found);
  ASSERT_TRUE(wait(users().revoke_public_key(alice_.id, one.id)));
  expect_error(wait(users().revoke_public_key(alice_.id, one.id)), tenant_errc::not_found);
  facts = wait(users().load_auth_facts(alice_.id)).value().value();
  EXPECT_EQ(facts.public_keys, (std::vector<public_key_facts>{{two.id, key(2)}}));
  ASSERT_EQ(list(alice_).size(), 2u);
  EXPECT_TRUE(list(alice_)[0].revoked_at);
  EXPECT_EQ(list(alice_, {.limit = 50, .after_id = 0, .revoked = true}).at(0).id, one.id);
  EXPECT_EQ(list(alice_, {.limit = 50, .after_id = 0, .revoked = false}).at(0).id, two.id);
  EXPECT_EQ(list(alice_, {.limit = 1, .after_id = 0, .revoked = {}}).size(), 1u);
  EXPECT_EQ(list(alice_, {.limit = 1, .after_id = one.id, .revoked = {}}).at(0).id, two.id);
  EXPECT_TRUE(list(bob_).empty());
}

TEST_P(PublicKeyRows, AKeyIsOneUsersOnlyAlsoAfterItIsRevoked) {
  const auto one = add(alice_, 1).value();
  expect_error(add(bob_, 1), tenant_errc::key_taken);
  expect_error(add(alice_, 1), tenant_errc::key_taken);
  ASSERT_TRUE(wait(users().revoke_public_key(alice_.id, one.id)));
  expect_error(add(bob_, 1), tenant_errc::key_taken);
  expect_error(add(alice_, 1), tenant_errc::key_taken);
}

TEST_P(PublicKeyRows, AreBounded) {
  for (int n = 1; std::cmp_less_equal(n, public_keys_per_user); ++n) ASSERT_TRUE(add(alice_, n));
  expect_error(add(alice_, 100), tenant_errc::invalid);
  ASSERT_TRUE(wait(users().revoke_public_key(alice_.id, list(alice_)[0].id)));
  EXPECT_TRUE(add(alice_, 101)) << "revoked ones do not count";
  EXPECT_TRUE(add(bob_, 102));
}

TEST_P(PublicKeyRows, KeepWhenTheyWereUsedLast) {
  const auto made = add(alice_, 1).value();
  const auto at = made.created_at + 10min;
  ASSERT_TRUE(wait(users().touch_public_keys({{made.id, at}, {made.id + 1000, at}})));
  ASSERT_TRUE(wait(users().touch_public_keys({{made.id, at - 5min}})));
  EXPECT_EQ(list(alice_)[0].last_used_at, at);
}

TEST_P(UserStore, AnEmailIsChangedAndEndsNothing) {
  auto alice = add_user("alice");
  EXPECT_EQ(wait(users().set_email(alice.id, "alice@example.org"))->email, "alice@example.org");
  EXPECT_EQ(wait(users().get(alice.id))->email, "alice@example.org");
  EXPECT_EQ(wait(users().get(alice.id))->epoch, 1);
  expect_error(wait(users().set_email(alice.id, std::string(255, 'x'))), tenant_errc::invalid);
  expect_error(wait(users().set_email(user_id(99), "x")), tenant_errc::not_found);
}

class SecondFactorStore : public contract_suite {
protected:
  second_factor_store& factors() { return stores().second_factors(); }
  static std::string hash(char c) { return std::string(64, c); }
  user alice_ = add_user("alice");
};
INSTANTIATE_TEST_SUITE_P(Stores, SecondFactorStore, testing::ValuesIn(backend_kinds),
                         [](const auto& info) { return info.param.name; });

TEST_P(SecondFactorStore, WaitsForItsConfirmation) {
  EXPECT_FALSE(wait(factors().find(alice_.id)).value());
  wait(factors().begin(alice_.id, "sealed 1", 7)).value();
  wait(factors().begin(alice_.id, "sealed 2", 8)).value();
  auto begun = wait(factors().find(alice_.id)).value().value();
  EXPECT_EQ(begun.sealed, "sealed 2");
  EXPECT_EQ(begun.version, 8);
  EXPECT_FALSE(begun.confirmed);
  expect_error(wait(factors().use_step(alice_.id, 5)), tenant_errc::wrong_code);
  expect_error(wait(factors().confirm(alice_.id, 7, 100, {hash('a')})), tenant_errc::not_found);
  ASSERT_TRUE(wait(factors().confirm(alice_.id, 8, 100, {hash('a'), hash('b')})));
  auto confirmed = wait(factors().find(alice_.id)).value().value();
  EXPECT_TRUE(confirmed.confirmed);
  EXPECT_EQ(confirmed.last_step, 100);
  EXPECT_EQ(confirmed.recovery_codes_left, 2);
  expect_error(wait(factors().begin(alice_.id, "sealed 3", 9)), tenant_errc::invalid);
  expect_error(wait(factors().confirm(alice_.id, 8, 100, {})), tenant_errc::not_found);
}

TEST_P(SecondFactorStore, StepsAndRecoveryCodesAreGoodOnce) {
  wait(factors().begin(alice_.id, "sealed", 1)).value();
  wait(factors().confirm(alice_.id, 1, 100, {hash('a')})).value();
  expect_error(wait(factors().use_step(alice_.id, 100)), tenant_errc::wrong_code);
  EXPECT_TRUE(wait(factors().use_step(alice_.id, 102)));
  expect_error(wait(factors().use_step(alice_.id, 101)), tenant_errc::wrong_code);
  auto bob = add_user("bob");
  expect_error(wait(factors().use_recovery_code(bob.id, hash('a'))), tenant_errc::wrong_code);
  EXPECT_TRUE(wait(factors().use_recovery_code(alice_.id, hash('a'))));
  expect_error(wait(factors().use_recovery_code(alice_.id, hash('a'))), tenant_errc::wrong_code);
}

TEST_P(SecondFactorStore, RemovedItIsGoneWithItsCodes) {
  wait(factors().begin(alice_.id, "sealed", 1)).value();
  wait(factors().confirm(alice_.id, 1, 100, {hash('a')})).value();
  ASSERT_TRUE(wait(factors().remove(alice_.id, alice_.id)));
  expect_error(wait(factors().remove(alice_.id, alice_.id)), tenant_errc::not_found);
  expect_error(wait(factors().use_recovery_code(alice_.id, hash('a'))), tenant_errc::wrong_code);
  EXPECT_FALSE(wait(factors().find(alice_.id)).value());
  EXPECT_TRUE(wait(factors().begin(alice_.id, "sealed", 2)));
}

}  // namespace
}  // namespace drover::tenants
