#include "tenants/backup/backup.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tenants/accounts/account_service.hpp"
#include "tenants/keys/master_keys.hpp"
#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

class Backup : public postgres_suite {
protected:
  Backup() {
    char pattern[] = "/tmp/drover-backup-XXXXXX";
    folder_ = mkdtemp(pattern);
    path_ = folder_ / "backup";
  }
  ~Backup() override { std::filesystem::remove_all(folder_); }

  void SetUp() override {
    ASSERT_TRUE(settle_master_keys(config(), keys_));
    alice_ = add_user("alice").id;
    const auto admin = add_user("admin", role::admin).id;
    created_ = wait(service_.create(alice_, {.exchange_name = "paper",
                                             .api_key = secret("the-api-key"),
                                             .api_secret = secret("the-api-secret"),
                                             .label = "mine"}))
                   .value();
    wait(accounts().approve(admin, created_.id, 1, "")).value();
    const auto gone =
        wait(service_.create(
                 alice_,
                 {.exchange_name = "paper", .api_key = secret("gone-api-text"), .api_secret = secret("gone-api-text"), .label = "gone"}))
            .value();
    wait(accounts().remove(alice_, gone.id)).value();
    sql("UPDATE user_exchanges SET label = E'tab\\tand \\\\ back\\nline' WHERE id = " + std::to_string(created_.id.value));
    sql("INSERT INTO earnings (user_id, account_id, source, asset, amount, at, cause_kind, cause_id) SELECT 1, 1, "
        "'trading', 'USDT', n, now(), 'test', n::text "
        "FROM generate_series(1, 3000) n");
    sql("INSERT INTO raw_records (stream, sequence, received_at, received_ns, kind, status, endpoint, account, body) "
        "SELECT 'binance', n, now() - n * interval '1 hour', n, 0, 200, 'x', '', decode(md5(n::text), 'hex') "
        "FROM generate_series(1, 500) n");
  }
  database_config config() { return stores_.raw().config(1); }
  result<backup_counts> back_up(backup_choice choice = {}) {
    std::ofstream out(path_, std::ios::binary | std::ios::trunc);
    return write_backup(config(), keys_, backup_keys_, random_, choice, [&out](std::string_view bytes) {
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      return result<void>();
    });
  }
  std::string bytes() const {
    std::ostringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    return text.str();
  }
  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary | std::ios::trunc) << text; }
  /// Of every table, what its rows are; wrapped keys and what tells of the restoring itself left out.
  static std::string picture(const test::test_database& of) {
    std::string out;
    std::istringstream names(
        of.sql("SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c WHERE c.relnamespace = "
               "'public'::regnamespace AND c.relkind IN ('r', 'p') "
               "AND NOT c.relispartition AND c.relname NOT IN ('schema_migrations', 'master_keys', 'engine_meta')"));
    for (std::string name; names >> name;) {
      const std::string row = name == "user_data_keys" ? "t.user_id || t.dek_id" : "t::text";
      out +=
          name + " " +
          of.sql("SELECT count(*) || ' ' || coalesce(md5(string_agg(" + row + ", '|' ORDER BY " + row +
                 ")), '') FROM " + name + " t" + but_restoring(name)) +
          "\n";
    }
    return out + of.sql(
                     "SELECT string_agg(sequencename || coalesce(last_value, 0), ' ' ORDER BY 1) FROM pg_sequences "
                     "WHERE sequencename NOT LIKE 'audit%'");
  }
  static std::string but_restoring(const std::string& table) {
    const std::string event = "(SELECT id FROM audit_events WHERE action = 'backup.restore')";
    if (table == "audit_events") return " WHERE id NOT IN " + event;
    return table == "audit_chain" ? " WHERE event_id NOT IN " + event : std::string();
  }
  void expect_untouched(const test::test_database& target, const std::string& why) {
    EXPECT_EQ(target.sql("SELECT count(*) FROM users"), "0") << why;
    EXPECT_EQ(target.sql("SELECT count(*) FROM audit_events"), "0") << why;
    EXPECT_EQ(target.sql("SELECT count(*) FROM engine_meta"), "0") << why;
  }

  std::filesystem::path folder_, path_;
  seeded_random random_{29};
  crypto::keyring keys_{crypto::master_key::generate(random_), random_};
  crypto::keyring backup_keys_{crypto::master_key::generate(random_), random_};
  crypto::keyring new_keys_{crypto::master_key::generate(random_), random_};
  account_service service_{accounts(),
                           keys_,
                           {.is_known = [](const std::string&) { return true; },
                            .needs_passphrase = [](const std::string&) { return false; },
                            .names = {"paper"}},
                           [](std::string, secret, secret, secret) -> task<probe_outcome> {
                             co_return probe_outcome{.accepted = true, .reason = "", .unavailable = false};
                           }};
  user_id alice_;
  account created_;
};

TEST_F(Backup, RestoresEverythingUnderAnotherMasterKey) {
  const auto written = back_up().value();
  EXPECT_EQ(written.size_bytes, bytes().size());
  const test::test_database target;
  const auto restored = restore_backup(target.owner_config(), path_, backup_keys_, new_keys_).value();
  EXPECT_EQ(restored.rows, written.rows);
  EXPECT_EQ(restored.created_at, written.created_at);
  EXPECT_EQ(picture(target), picture(stores_.raw()));

  ASSERT_TRUE(settle_master_keys(target.config(1), new_keys_));
  EXPECT_EQ(new_keys_.fingerprint("an api key"), keys_.fingerprint("an api key"));
  auto pool = make_database(target.config(1), system_clock());
  auto row = wait(make_postgres_account_store(*pool)->load_runnable(created_.id)).value().value();
  EXPECT_EQ(row.account.label, "tab\tand \\ back\nline");
  auto copy = row.credentials;
  EXPECT_EQ(credential_opener(new_keys_, std::move(copy)).open().value().api_secret.reveal(), "the-api-secret");
  EXPECT_FALSE(credential_opener(keys_, std::move(row.credentials)).open());
}

TEST_F(Backup, TriggersAreBackAfterwards) {
  ASSERT_TRUE(back_up());
  const test::test_database target;
  ASSERT_TRUE(restore_backup(target.owner_config(), path_, backup_keys_, new_keys_));
  EXPECT_EQ(target.sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'"), "0");
  EXPECT_ANY_THROW(target.sql("DELETE FROM audit_events"));
}

TEST_F(Backup, ItsFileShowsNothing) {
  ASSERT_TRUE(back_up());
  const auto file = bytes();
  // Three letters alone stand in any quarter of a megabyte now and then.
  const auto sealed = sql("SELECT left(api_secret, 16) FROM user_exchanges WHERE api_secret IS NOT NULL");
  ASSERT_TRUE(sealed.starts_with("v1."));
  for (const std::string& text : {std::string("alice"), std::string("the-api"), std::string("binance"), sealed, std::string("hash of")})
    EXPECT_EQ(file.find(text), std::string::npos) << text;
}

TEST_F(Backup, RawRecordsMayBeLeftOut) {
  const auto whole = back_up().value();
  const auto less = back_up({.with_raw_records = false}).value();
  EXPECT_EQ(whole.rows - less.rows, 500);
  const test::test_database target;
  ASSERT_TRUE(restore_backup(target.owner_config(), path_, backup_keys_, new_keys_));
  EXPECT_EQ(target.sql("SELECT count(*) FROM raw_records"), "0");
  EXPECT_EQ(target.sql("SELECT count(*) FROM earnings"), "3000");
}

TEST_F(Backup, DamagedOnesAreRefusedBeforeAnythingChanges) {
  ASSERT_TRUE(back_up());
  const auto whole = bytes();
  const test::test_database target;
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, whole.size() / 2, whole.size() - 1}) {
    write(whole.substr(0, size));
    const auto restored = restore_backup(target.owner_config(), path_, backup_keys_, new_keys_);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().code, errc::malformed);
    expect_untouched(target, "cut to " + std::to_string(size));
  }
  for (std::size_t at = 5; at < whole.size(); at += whole.size() / 7) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    write(changed);
    EXPECT_FALSE(restore_backup(target.owner_config(), path_, backup_keys_, new_keys_)) << at;
    expect_untouched(target, "changed at " + std::to_string(at));
  }
  write(whole);
  EXPECT_EQ(restore_backup(target.owner_config(), path_, keys_, new_keys_).error().code, crypto::crypto_errc::key_wrong);
  expect_untouched(target, "another key");
  EXPECT_TRUE(verify_backup(path_, backup_keys_));
}

TEST_F(Backup, ADatabaseInUseIsNotTouched) {
  ASSERT_TRUE(back_up());
  const auto before = picture(stores_.raw());
  const auto again = restore_backup(stores_.raw().owner_config(), path_, backup_keys_, keys_);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().detail.find("in use"), std::string::npos);
  EXPECT_EQ(picture(stores_.raw()), before);
}

TEST_F(Backup, AnotherSchemaIsRefused) {
  ASSERT_TRUE(back_up());
  const test::test_database target;
  target.sql("UPDATE schema_migrations SET checksum = 'another' WHERE version = 3");
  const auto restored = restore_backup(target.owner_config(), path_, backup_keys_, new_keys_);
  ASSERT_FALSE(restored);
  EXPECT_NE(restored.error().detail.find("another schema"), std::string::npos);
  expect_untouched(target, "schema");
}

TEST_F(Backup, ADataKeyThatDoesNotOpenIsNamedAndNothingIsKept) {
  sql("UPDATE user_data_keys SET wrapped = overlay(wrapped placing 'AAAA' from 100)");
  const auto written = back_up();
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().detail.find("user " + std::to_string(alice_.value)), std::string::npos);
}

}  // namespace
}  // namespace drover::tenants
