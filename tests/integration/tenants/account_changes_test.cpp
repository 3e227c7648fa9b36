#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <pqxx/pqxx>

#include "base/random.hpp"
#include "base/task_scope.hpp"
#include "crypto/keyring.hpp"
#include "tenants/accounts/account_service.hpp"
#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

/// What PostgreSQL does besides the contract: notifications, audit, history, races.
class AccountChanges : public postgres_suite {
protected:
  void SetUp() override {
    alice_ = add_user("alice").id;
    admin_ = add_user("admin", role::admin).id;
  }
  std::string audit_of(const std::string& object) {
    return sql(
        "SELECT coalesce(string_agg(action || ' by ' || coalesce(actor::text, 'nobody'), ', ' ORDER BY id), '') "
        "FROM audit_events WHERE object = '" +
        object + "'");
  }
  user_id alice_, admin_;
};

/// Collects payloads of one channel on a connection of its own.
class notifications : public pqxx::notification_receiver {
public:
  notifications(pqxx::connection& c, const std::string& channel) : notification_receiver(c, channel) {}
  void operator()(const std::string& payload, int) override { payloads.push_back(payload); }
  std::vector<std::string> payloads;
};

class AccountNotifications : public AccountChanges {
protected:
  /// The payloads that came since the last call; notifications are sent at commit, so what was committed is here.
  std::vector<std::string> take(notifications& channel) {
    pqxx::nontransaction(listening_).exec("SELECT 1");
    listening_.get_notifs();
    return std::exchange(channel.payloads, {});
  }
  pqxx::connection listening_{stores_.raw().url()};
  notifications accounts_changed_{listening_, "accounts_changed"};
  notifications users_changed_{listening_, "users_changed"};
};

TEST_F(AccountNotifications, EveryChangeOfAnAccountIsHeard) {
  using payloads = std::vector<std::string>;
  take(accounts_changed_);
  auto created = add_account(alice_, "k1");
  const payloads expected{std::to_string(created.id.value)};
  EXPECT_EQ(take(accounts_changed_), expected) << "create";
  wait(accounts().approve(admin_, created.id, 1, "")).value();
  EXPECT_EQ(take(accounts_changed_), expected) << "approve";
  wait(accounts().set_active(alice_, created.id, false)).value();
  EXPECT_EQ(take(accounts_changed_), expected) << "toggle";
  wait(accounts().update(alice_, created.id, {.label = "new"})).value();
  EXPECT_EQ(take(accounts_changed_), expected) << "label";
  try_replace(alice_, created, "k2").value();
  EXPECT_EQ(take(accounts_changed_), expected) << "new credentials";
  wait(accounts().reject(admin_, created.id, "no")).value();
  EXPECT_EQ(take(accounts_changed_), expected) << "reject";
  wait(accounts().remove(alice_, created.id)).value();
  EXPECT_EQ(take(accounts_changed_), expected) << "delete";
}

TEST_F(AccountNotifications, RefusedChangesAreSilent) {
  auto created = add_account(alice_, "k1");
  take(accounts_changed_);
  expect_error(wait(accounts().set_active(alice_, created.id, true)), tenant_errc::account_not_approved);
  expect_error(wait(accounts().approve(alice_, created.id, 1, "")), tenant_errc::own_account);
  EXPECT_TRUE(take(accounts_changed_).empty());
}

TEST_F(AccountNotifications, BanAndUnbanAreHeardForEveryAccountAndTheUser) {
  auto first = add_account(alice_, "k1");
  auto second = add_account(alice_, "k2");
  auto gone = add_account(alice_, "k3");
  add_account(admin_, "k4");
  wait(accounts().remove(alice_, gone.id)).value();
  take(accounts_changed_);
  take(users_changed_);
  for (auto status : {user_status::banned, user_status::active}) {
    wait(users().set_status("alice", status, admin_)).value();
    auto heard = take(accounts_changed_);
    std::ranges::sort(heard);
    EXPECT_EQ(heard, (std::vector{std::to_string(first.id.value), std::to_string(second.id.value)}));
  }
  EXPECT_EQ(take(users_changed_), std::vector(2, std::to_string(alice_.value)));
}

TEST_F(AccountNotifications, SessionsAreHeard) {
  take(users_changed_);
  const std::vector heard{std::to_string(alice_.value)};
  const std::string id = "00000000000000aa";
  auto alice = wait(users().get(alice_)).value();
  wait(users().open_session(session_of(alice, id), alice.epoch)).value();
  EXPECT_EQ(take(users_changed_), heard);
  wait(users().end_session(alice_, id)).value();
  EXPECT_EQ(take(users_changed_), heard);
  wait(users().end_sessions(alice_)).value();
  EXPECT_EQ(take(users_changed_), heard);
  auto carol = add_user("carol");
  EXPECT_EQ(take(users_changed_), std::vector{std::to_string(carol.id.value)});
}

TEST_F(AccountChanges, AreAuditedWithTheirActor) {
  auto created = add_account(alice_, "k1");
  wait(accounts().approve(admin_, created.id, 1, "welcome")).value();
  wait(accounts().set_active(alice_, created.id, false)).value();
  wait(accounts().update(alice_, created.id, {.label = "new"})).value();
  try_replace(alice_, created, "k2").value();
  wait(accounts().reject(admin_, created.id, "no")).value();
  wait(accounts().remove(alice_, created.id)).value();
  auto alice = std::to_string(alice_.value), admin = std::to_string(admin_.value);
  EXPECT_EQ(audit_of("account:" + std::to_string(created.id.value)),
            "account.create by " + alice + ", account.approve by " + admin + ", account.deactivate by " + alice +
                ", account.update by " + alice + ", account.replace_credentials by " + alice + ", account.reject by " +
                admin + ", account.delete by " + alice);
}

TEST_F(AccountChanges, OfUsersAreAuditedWithTheirActor) {
  wait(users().set_status("alice", user_status::banned, admin_)).value();
  wait(users().set_status("alice", user_status::active, {})).value();
  wait(users().set_password(alice_, "h")).value();
  auto now = wait(users().get(alice_)).value();
  wait(users().open_session(session_of(now, "00000000000000aa"), now.epoch)).value();
  wait(users().end_session(alice_, "00000000000000aa")).value();
  wait(users().end_sessions(alice_)).value();
  auto alice = std::to_string(alice_.value);
  EXPECT_EQ(audit_of("user:" + alice), "user.create by nobody, user.ban by " + std::to_string(admin_.value) +
                                           ", user.unban by nobody, user.set_password by " + alice +
                                           ", user.login by " + alice + ", user.end_session by " + alice +
                                           ", user.end_sessions by " + alice);
}

TEST_F(AccountChanges, DoNotHappenWithoutTheirAuditRow) {
  auto created = add_account(alice_, "k1");
  sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$; "
      "CREATE TRIGGER refuse BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse()");
  expect_error(wait(accounts().approve(admin_, created.id, 1, "")), tenant_errc::internal);
  EXPECT_EQ(wait(accounts().get(alice_, created.id))->status, account_status::pending);
  EXPECT_FALSE(wait(users().set_status("alice", user_status::banned, admin_)));
  EXPECT_EQ(wait(users().get(alice_))->status, user_status::active);
}

TEST_F(AccountChanges, AuditCannotBeRewritten) {
  add_account(alice_, "k1");
  for (auto statement : {"UPDATE audit_events SET action = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"})
    EXPECT_ANY_THROW(sql(statement)) << statement;
}

TEST_F(AccountChanges, DeletionDestroysCredentialsAndKeepsTheRow) {
  auto created = add_account(alice_, "k1");
  wait(accounts().remove(alice_, created.id)).value();
  auto id = std::to_string(created.id.value);
  EXPECT_EQ(
      sql("SELECT num_nulls(api_key, api_secret, passphrase, key_fingerprint) FROM user_exchanges WHERE id = " + id),
      "4");
  EXPECT_EQ(sql("SELECT deleted_at IS NOT NULL AND NOT is_active FROM user_exchanges WHERE id = " + id), "t");
}

TEST_F(AccountChanges, TableRefusesWhatTheRulesRefuse) {
  auto created = add_account(alice_, "k1");
  auto where = " WHERE id = " + std::to_string(created.id.value);
  for (const auto& change : {std::string("is_active = true"), std::string("status = 'APPROVED'"),
                             std::string("status = 'APPROVED', reviewed_version = credential_version - 1"),
                             "approved_by = " + std::to_string(alice_.value), std::string("api_key = NULL"),
                             std::string("deleted_at = now()"), std::string("status = 'OTHER'")})
    EXPECT_ANY_THROW(sql("UPDATE user_exchanges SET " + change + where)) << change;
}

class AccountRaces : public AccountChanges {
protected:
  using outcomes = std::vector<result<account>>;

  task<void> approve(user_id admin, account_id id, outcomes& out) {
    auto outcome = co_await accounts().approve(admin, id, 1, "");
    out.push_back(std::move(outcome));
  }
  task<void> replace(account_id id, std::string key, outcomes& out) {
    auto sealed = sealed_for(alice_, id, 2, key);
    replacement fresh{key, key};
    auto outcome = co_await accounts().replace_credentials(alice_, id, std::move(fresh), std::move(sealed));
    out.push_back(std::move(outcome));
  }
  static task<probe_outcome> accept(std::string, secret, secret, secret) {
    co_return probe_outcome{.accepted = true, .reason = {}, .unavailable = false};
  }
  task<void> approve_version(account seen, outcomes& out) {
    auto outcome = co_await accounts().approve(admin_, seen.id, seen.credential_version, "");
    out.push_back(std::move(outcome));
  }
  task<void> replace_by(account_service& service, account_id id, account_service::change change, outcomes& out) {
    auto outcome = co_await service.update(alice_, id, std::move(change));
    out.push_back(std::move(outcome));
  }
  task<void> connect(account_id id, std::string key, outcomes& out) {
    new_account fresh{
        .user = alice_, .exchange_name = "paper", .label = "l", .api_key_mask = "m", .key_fingerprint = std::move(key)};
    auto sealed = sealed_for(alice_, id, 1, "x");
    auto outcome = co_await accounts().create(std::move(fresh), std::move(sealed));
    out.push_back(std::move(outcome));
  }
  /// Runs all of them at once, on as many connections.
  void race(std::vector<task<void>> runners) { test::run(io_, run_race(std::move(runners))); }

  static int successes(const outcomes& all) {
    return static_cast<int>(std::ranges::count_if(all, [](const auto& o) { return o.has_value(); }));
  }
  static void expect_failures(const outcomes& all, tenant_errc code) {
    for (const auto& outcome : all)
      if (!outcome) EXPECT_EQ(outcome.error().code, code) << outcome.error().to_string();
  }

private:
  static task<void> run_race(std::vector<task<void>> runners) {
    auto executor = co_await asio::this_coro::executor;
    task_scope scope(executor, "race");
    for (auto& runner : runners) scope.spawn("runner", std::move(runner));
    co_await scope.join();
  }
};

/// One admin approves what they saw while the owner replaces the key: whoever comes first, the key that was not
/// reviewed is never approved.
TEST_F(AccountRaces, ApprovalAgainstNewCredentialsNeverApprovesThem) {
  for (int round = 0; round < 100; ++round) {
    auto created = add_account(alice_, "old" + std::to_string(round));
    outcomes approved, replaced;
    std::vector<task<void>> runners;
    runners.push_back(approve(admin_, created.id, approved));
    runners.push_back(replace(created.id, "new" + std::to_string(round), replaced));
    if (round % 2 != 0) std::swap(runners[0], runners[1]);
    race(std::move(runners));
    ASSERT_TRUE(replaced.at(0)) << replaced[0].error().to_string();
    expect_failures(approved, tenant_errc::already_decided);
    auto now = wait(accounts().get(alice_, created.id)).value();
    EXPECT_EQ(now.status, account_status::pending);
    EXPECT_FALSE(now.is_active);
    EXPECT_EQ(now.credential_version, 2);
    EXPECT_FALSE(wait(accounts().load_runnable(created.id)).value());
  }
}

/// The same through the service, which probes and seals, with an administrator who looks, then approves what was shown.
TEST_F(AccountRaces, AThousandReplacementsAgainstApprovalsNeverApproveAnUnreviewedKey) {
  constexpr int rounds = 1'000;
  seeded_random random{11};
  const crypto::keyring keyring{crypto::master_key::generate(random), random};
  const exchange_catalogue catalogue{.is_known = [](const std::string&) { return true; },
                                     .needs_passphrase = [](const std::string&) { return false; },
                                     .names = {"paper"}};
  account_service service{accounts(), keyring, catalogue, accept};
  const auto keys = [](const std::string& key) {
    return account_request{.exchange_name = "paper", .api_key = secret(key), .api_secret = secret("secret-of-" + key), .passphrase = {}, .label = "l"};
  };
  auto current = wait(service.create(alice_, {"paper", secret("key-number-000000"), secret("secret-number-0"), secret(), "l"})).value();
  int approved_first = 0, refused = 0;
  for (int round = 1; round <= rounds; ++round) {
    const auto seen = current;
    outcomes approved, replaced;
    account_service::change change{.label = std::nullopt, .credentials = keys(fmt::format("key-number-{:06}", round))};
    std::vector<task<void>> runners;
    runners.push_back(approve_version(seen, approved));
    runners.push_back(replace_by(service, seen.id, std::move(change), replaced));
    if (round % 2 != 0) std::swap(runners[0], runners[1]);
    race(std::move(runners));
    ASSERT_TRUE(replaced.at(0)) << replaced[0].error().to_string();
    expect_failures(approved, tenant_errc::already_decided);
    approved.at(0) ? ++approved_first : ++refused;
    if (approved[0]) EXPECT_EQ(approved[0]->api_key_mask, seen.api_key_mask);
    current = wait(accounts().get(alice_, seen.id)).value();
    ASSERT_EQ(current.status, account_status::pending) << round;
    ASSERT_EQ(current.credential_version, seen.credential_version + 1);
    ASSERT_FALSE(wait(accounts().load_runnable(seen.id)).value()) << round;
  }
  EXPECT_EQ(approved_first + refused, rounds);
  EXPECT_EQ(sql("SELECT count(*) FROM audit_events WHERE action = 'account.approve'"), std::to_string(approved_first));
  std::printf("%d races: %d approvals came first and ended with the replacement, %d were refused\n", rounds, approved_first, refused);
  RecordProperty("approved_first", approved_first);
  RecordProperty("refused", refused);
}

TEST_F(AccountRaces, ConcurrentApprovalsDecideOnce) {
  auto other = add_user("other", role::admin).id;
  auto created = add_account(alice_, "k1");
  outcomes all;
  std::vector<task<void>> runners;
  for (int i = 0; i < 4; ++i) runners.push_back(approve(i % 2 ? admin_ : other, created.id, all));
  race(std::move(runners));
  EXPECT_EQ(successes(all), 1);
  expect_failures(all, tenant_errc::already_decided);
}

TEST_F(AccountRaces, ConcurrentConnectionsOfOneKeyLeaveOne) {
  outcomes all;
  std::vector<task<void>> runners;
  for (int i = 0; i < 4; ++i) runners.push_back(connect(wait(accounts().reserve_id()).value(), "same", all));
  race(std::move(runners));
  EXPECT_EQ(successes(all), 1);
  expect_failures(all, tenant_errc::duplicate);
}

TEST_F(AccountChanges, UnknownUserIsNotFound) {
  auto id = wait(accounts().reserve_id()).value();
  new_account fresh{
      .user = user_id(99), .exchange_name = "paper", .label = "l", .api_key_mask = "m", .key_fingerprint = "f"};
  expect_error(wait(accounts().create(std::move(fresh), sealed_for(user_id(99), id, 1, "x"))), tenant_errc::not_found);
}

TEST_F(AccountChanges, TenThousandRunnableAccountsLoadInOneStatement) {
  sql("INSERT INTO users (username, password_hash) SELECT 'user' || i, 'h' FROM generate_series(1, 10000) i; "
      "INSERT INTO user_data_keys (user_id, dek_id, wrapped) SELECT id, 'dek' || id, repeat('w', 100) FROM users; "
      "INSERT INTO user_exchanges (user_id, exchange_name, label, api_key, api_secret, api_key_mask, key_fingerprint, "
      "status, is_active, reviewed_version) SELECT id, 'paper', 'l', repeat('k', 180), repeat('s', 200), 'm', 'f' || "
      "id, "
      "'APPROVED', true, 1 FROM users WHERE username LIKE 'user%'");
  auto before = system_clock().now();
  EXPECT_EQ(wait(accounts().load_runnable()).value().size(), 10'000u);
  auto taken = std::chrono::duration_cast<milliseconds>(system_clock().now() - before);
  RecordProperty("load_ms", static_cast<int>(taken.count()));
  EXPECT_LT(taken, 5s);
}

}  // namespace
}  // namespace drover::tenants
