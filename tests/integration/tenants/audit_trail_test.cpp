#include "tenants/audit/audit_trail.hpp"

#include <boost/asio/this_coro.hpp>
#include <fstream>
#include <pqxx/pqxx>

#include "base/encoding.hpp"
#include "base/task_scope.hpp"
#include "tenants/audit/audit_sealer.hpp"
#include "tenants/audit/audit_store.hpp"
#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

/// What the stores wrote, sealed by an engine, and what somebody with the rights of a superuser does to it.
class AuditTrail : public postgres_suite {
protected:
  AuditTrail() : folder_(std::filesystem::temp_directory_path() / ("drover-audit-" + system_random().hex(8))) {
    std::filesystem::create_directories(folder_);
    alice_ = add_user("alice").id;
    admin_ = add_user("admin", role::admin).id;
    account_ = add_account(alice_, "k1");
    wait(accounts().approve(admin_, account_.id, 1, "welcome")).value();
    for (int i = 0; i < 5; ++i) change_something();
    seal();
  }
  ~AuditTrail() override { std::filesystem::remove_all(folder_); }

  /// One more row of the trail.
  void change_something() { wait(users().set_password(alice_, "h")).value(); }
  audit_sealer make_sealer() {
    return audit_sealer({.db = stores_.pool(),
                         .timers = timers_,
                         .keys = keys_,
                         .files = system_files(),
                         .worker = worker_,
                         .folder = folder_});
  }
  void seal() {
    auto sealer = make_sealer();
    ASSERT_TRUE(wait(sealer.sign_now()));
  }
  /// As a superuser whom no trigger hears.
  void tamper(const std::string& statements) { sql("SET session_replication_role = replica; " + statements); }
  std::vector<audit_head> heads() const { return read_head_file(folder_ / audit_sealer::heads_file).value(); }
  audit_keys keys() const {
    return audit_keys::parse(system_files().read(folder_ / audit_sealer::keys_file, 100'000).value()).value();
  }
  trail_verdict verify() {
    const auto read = [this](trail_visitor& to) { return read_trail(stores_.raw().config(1), to); };
    return verify_trail(read, heads(), keys()).value();
  }
  std::int64_t rows() { return std::stoll(sql("SELECT count(*) FROM audit_events")); }
  void expect_fault(std::int64_t seq, const std::string& word, const std::string& why) {
    const auto verdict = verify();
    ASSERT_TRUE(verdict.fault) << why;
    EXPECT_EQ(verdict.fault->seq, seq) << why << ": " << verdict.fault->what;
    EXPECT_NE(verdict.fault->what.find(word), std::string::npos) << why << ": " << verdict.fault->what;
  }

  std::filesystem::path folder_;
  test::manual_clock clock_;
  test::manual_timers timers_{clock_};
  worker_pool worker_{"notes", 0, 4};
  seeded_random random_{5};
  crypto::keyring keys_{crypto::master_key::generate(random_), random_};
  user_id alice_, admin_;
  account account_;
};

TEST_F(AuditTrail, IsWholeAsItWasWritten) {
  const auto verdict = verify();
  EXPECT_FALSE(verdict.fault) << verdict.fault->what;
  EXPECT_EQ(verdict.summary.rows, rows());
  EXPECT_EQ(verdict.summary.signed_to, rows());
  EXPECT_FALSE(verdict.trusted_own_keys);
}

TEST_F(AuditTrail, EveryKindOfTamperingBySqlIsFound) {
  sql("CREATE TABLE saved_events AS TABLE audit_events; CREATE TABLE saved_chain AS TABLE audit_chain; "
      "CREATE TABLE saved_heads AS TABLE audit_heads");
  const auto put_back =
      "DELETE FROM audit_heads; DELETE FROM audit_chain; DELETE FROM audit_events; "
      "INSERT INTO audit_events OVERRIDING SYSTEM VALUE TABLE saved_events; "
      "INSERT INTO audit_chain TABLE saved_chain; INSERT INTO audit_heads TABLE saved_heads";
  const auto of = [this](std::int64_t seq) {
    return sql("SELECT event_id FROM audit_chain WHERE seq = " + std::to_string(seq));
  };
  const auto last = rows();
  for (std::int64_t seq = 1; seq <= last; ++seq) {
    const auto n = std::to_string(seq), id = of(seq);
    const auto next = seq < last ? of(seq + 1) : of(1);
    const auto where = " WHERE id = " + id;
    const std::vector<std::pair<std::string, std::string>> edits{
        {"UPDATE audit_events SET action = action || '.x'" + where, "changed"},
        {"UPDATE audit_events SET object = 'user:99'" + where, "changed"},
        {"UPDATE audit_events SET detail = detail || ' '" + where, "changed"},
        {"UPDATE audit_events SET actor = CASE WHEN actor IS NULL THEN 1 END" + where, "changed"},
        {"UPDATE audit_events SET at = at - interval '1 microsecond'" + where, "changed"},
        {"DELETE FROM audit_events" + where, "deleted"},
        {"UPDATE audit_chain SET hash = sha256(hash) WHERE seq = " + n, "changed"}};
    for (const auto& [edit, word] : edits) {
      tamper(edit);
      expect_fault(seq, word, edit);
      tamper(put_back);
    }
    const auto first_of_two = seq < last ? seq : 1;
    tamper(
        "UPDATE audit_events a SET action = b.action, object = b.object, detail = b.detail, actor = b.actor, at = b.at "
        "FROM saved_events b WHERE (a.id, b.id) IN ((" +
        id + ", " + next + "), (" + next + ", " + id + "))");
    expect_fault(first_of_two, "changed", "swap of " + n);
    tamper(put_back + std::string("; DELETE FROM audit_events") + where + "; DELETE FROM audit_chain WHERE seq = " + n);
    expect_fault(seq, seq == last ? "cut off" : "missing", "row and link " + n);
    tamper(put_back + std::string("; DELETE FROM audit_chain WHERE seq >= ") + n +
           "; DELETE FROM audit_events WHERE id >= " + id + "; DELETE FROM audit_heads");
    expect_fault(seq, "cut off", "everything from " + n);
    tamper(put_back);
  }
  EXPECT_FALSE(verify().fault);
}

TEST_F(AuditTrail, AnEventPutInPastTheChainIsFound) {
  tamper("INSERT INTO audit_events (action, object) VALUES ('account.approve', 'account:1')");
  expect_fault(0, "in no place of the chain", "insert");
}

TEST_F(AuditTrail, ATrailWithoutAnythingIsCutOff) {
  tamper("TRUNCATE audit_heads, audit_chain, audit_events");
  expect_fault(1, "cut off", "truncate");
}

TEST_F(AuditTrail, ATrailThatWasWrittenAnewWithGoodHashesIsFound) {
  tamper(
      "UPDATE audit_events SET actor = NULL WHERE action = 'account.approve'; "
      "DO $$ DECLARE l record; h bytea := decode(repeat('00', 32), 'hex'); BEGIN "
      "FOR l IN SELECT c.seq, e FROM audit_chain c JOIN audit_events e ON e.id = c.event_id ORDER BY c.seq LOOP "
      "h := audit_hash(h, l.seq, l.e); UPDATE audit_chain SET hash = h WHERE seq = l.seq; END LOOP; "
      "UPDATE audit_heads a SET hash = c.hash FROM audit_chain c WHERE c.seq = a.seq; END $$");
  const auto verdict = verify();
  ASSERT_TRUE(verdict.fault);
}

TEST_F(AuditTrail, CredentialsPutBackToAnOlderVersionAreFoundByTheTrail) {
  sql("CREATE TABLE saved AS TABLE user_exchanges");
  try_replace(alice_, account_, "k2").value();
  EXPECT_FALSE(verify().fault);
  tamper(
      "UPDATE user_exchanges a SET api_secret = s.api_secret, credential_version = s.credential_version, "
      "reviewed_version = NULL, "
      "status = 'PENDING' FROM saved s WHERE s.id = a.id; DELETE FROM credential_versions WHERE version = 2");
  expect_fault(0, "the trail knows 2", "rollback");
}

TEST_F(AuditTrail, SaysTheSameOfAnExportedFile) {
  const auto path = folder_ / "trail.jsonl";
  const auto export_it = [&] {
    std::ofstream out(path);
    trail_writer writer([&out](std::string_view line) {
      out << line;
      return result<void>();
    });
    ASSERT_TRUE(read_trail(stores_.raw().config(1), writer));
    ASSERT_TRUE(writer.finish());
  };
  const auto verify_file = [&] {
    return verify_trail([&](trail_visitor& to) { return read_trail(path, to); }, heads(), keys());
  };
  export_it();
  const auto whole = verify_file().value();
  EXPECT_FALSE(whole.fault);
  EXPECT_EQ(whole.summary.rows, rows());
  EXPECT_EQ(whole.summary.signed_to, rows());

  std::string text = system_files().read(path, 1'000'000).value();
  const auto at = text.find("welcome");
  std::ofstream(path) << text.substr(0, at) << "Welcome" << text.substr(at + 7);
  EXPECT_NE(verify_file().value().fault->what.find("changed"), std::string::npos);
  std::ofstream(path) << text.substr(0, text.rfind("{\"end\""));
  EXPECT_EQ(verify_file().error().code, errc::malformed);
  tamper("UPDATE audit_events SET detail = 'x' WHERE action = 'account.approve'");
  export_it();
  EXPECT_TRUE(verify_file().value().fault);
}

TEST_F(AuditTrail, IsSignedByRowsAndByTime) {
  auto sealer = make_sealer();
  const auto signed_to = [this] { return heads().back().seq; };
  const auto before = signed_to();
  ASSERT_TRUE(wait(sealer.sign_when_due()));
  EXPECT_EQ(signed_to(), before) << "nothing new";
  change_something();
  ASSERT_TRUE(wait(sealer.sign_when_due()));
  EXPECT_EQ(signed_to(), before + 1) << "the first of this engine at once";
  change_something();
  ASSERT_TRUE(wait(sealer.sign_when_due()));
  EXPECT_EQ(signed_to(), before + 1);
  clock_.advance(audit_sealer::interval);
  ASSERT_TRUE(wait(sealer.sign_when_due()));
  EXPECT_EQ(signed_to(), before + 2);
  sql("INSERT INTO audit_events (action, object) SELECT 'many', 'n:' || n FROM generate_series(1, " +
      std::to_string(audit_sealer::rows_per_head) + ") n");
  ASSERT_TRUE(wait(sealer.sign_when_due()));
  EXPECT_EQ(signed_to(), before + 2 + audit_sealer::rows_per_head);
  EXPECT_FALSE(verify().fault);
}

TEST_F(AuditTrail, IsNotSignedAnyMoreOnceItIsNotWhatWasSigned) {
  auto sealer = make_sealer();
  change_something();
  ASSERT_TRUE(wait(sealer.sign_now()));
  const auto count = heads().size();
  tamper("DELETE FROM audit_heads; DELETE FROM audit_chain WHERE seq > 3; DELETE FROM audit_events WHERE id > 3");
  for (int i = 0; i < 20; ++i) change_something();
  const auto refused = wait(sealer.sign_now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::malformed);
  EXPECT_EQ(heads().size(), count);
}

TEST_F(AuditTrail, ALineThatACrashToreIsLeftOut) {
  std::ofstream(folder_ / audit_sealer::heads_file, std::ios::app) << R"({"seq":12,"hash":"ab)";
  const auto count = heads().size();
  change_something();
  seal();
  EXPECT_EQ(heads().size(), count + 1);
  EXPECT_FALSE(verify().fault);
}

TEST_F(AuditTrail, AnotherMasterKeySignsOnWithAKeyOfItsOwn) {
  std::vector<crypto::master_key> fresh;
  fresh.push_back(crypto::master_key::generate(random_));
  keys_.take_up(std::move(fresh));
  change_something();
  seal();
  EXPECT_NE(heads().front().key_id, heads().back().key_id);
  EXPECT_FALSE(verify().fault);
}

class AuditRaces : public AuditTrail {
protected:
  task<void> write(int transactions, bool commits) {
    for (int i = 0; i < transactions; ++i) {
      auto job = [commits](pqxx::connection_base& c) {
        pqxx::work tx(c);
        for (const auto* object : {"n:1", "n:2"})
          insert_audit_event(tx, {.actor = {}, .action = "race", .object = object, .detail = {}});
        tx.exec("SELECT pg_sleep(0.0005)");
        if (commits) tx.commit();
      };
      auto done = co_await racing_->run("race", std::move(job));
      EXPECT_TRUE(done);
    }
  }
  task<void> race() {
    auto executor = co_await asio::this_coro::executor;
    task_scope scope(executor, "race");
    for (int writer = 0; writer < 8; ++writer) scope.spawn("writer", write(25, writer % 4 != 0));
    co_await scope.join();
  }
  std::unique_ptr<database> racing_ = make_database(stores_.raw().config(8), system_clock());
};

TEST_F(AuditRaces, ConcurrentTransactionsMakeOneChainWithoutGaps) {
  const auto before = rows();
  test::run(io_, race());
  EXPECT_EQ(rows(), before + 6 * 25 * 2);
  const auto verdict = verify();
  EXPECT_FALSE(verdict.fault) << verdict.fault->what;
  EXPECT_EQ(verdict.summary.rows, rows());
}

TEST_F(AuditTrail, AChangeThatCannotBeChainedDoesNotHappen) {
  auto impatient = stores_.raw().config(1);
  impatient.lock_timeout = milliseconds(100);
  const auto pool = make_database(impatient, system_clock());
  const auto store = make_postgres_user_store(*pool);
  pqxx::connection holder(stores_.raw().url());
  pqxx::work held(holder);
  held.exec("SELECT pg_advisory_xact_lock(x'64726f76617564'::bigint)");
  EXPECT_FALSE(wait(store->set_status("alice", user_status::banned, admin_)));
  held.abort();
  EXPECT_EQ(wait(users().get(alice_))->status, user_status::active);
  EXPECT_TRUE(wait(store->set_status("alice", user_status::banned, admin_)));
  EXPECT_FALSE(verify().fault);
}

TEST_F(AuditTrail, ChainAndHeadsCannotBeRewrittenByAStatement) {
  for (const std::string table : {"audit_chain", "audit_heads", "audit_keys"})
    for (const auto& statement : {"DELETE FROM " + table, "TRUNCATE " + table + " CASCADE"})
      EXPECT_ANY_THROW(sql(statement)) << statement;
}

}  // namespace
}  // namespace drover::tenants
