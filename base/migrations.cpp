#include "base/migrations.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <pqxx/pqxx>

#include "base/encoding.hpp"
#include "base/failpoint.hpp"
#include "base/files.hpp"
#include "base/postgres_error.hpp"

namespace drover {
namespace {

constexpr std::size_t file_limit_bytes = 4 * 1024 * 1024;
/// Any number that nobody else uses for an advisory lock.
constexpr const char* lock_sql = "SELECT pg_try_advisory_lock(7236830)";
constexpr const char* wait_for_lock_sql = "SELECT pg_advisory_lock(7236830)";
constexpr const char* table_sql =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, "
    "applied_at timestamptz NOT NULL DEFAULT now())";
constexpr const char* exists_sql = "SELECT to_regclass('schema_migrations') IS NOT NULL";
constexpr const char* applied_sql = "SELECT version, name, checksum, applied_at::text FROM schema_migrations ORDER BY version";
/// What a schema wants done before and after its migrations: privileges of new tables.
constexpr const char* can_settle_sql = "SELECT to_regprocedure('settle_privileges()') IS NOT NULL";
constexpr const char* settle_sql = "SELECT settle_privileges()";
constexpr const char* insert_sql = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)";

std::string_view message_of(int value) {
  switch (static_cast<migration_errc>(value)) {
    case migration_errc::bad_folder: return "the migrations cannot be used";
    case migration_errc::edited: return "an applied migration was edited";
    case migration_errc::newer_database: return "the database is newer than this binary";
    case migration_errc::busy: return "another process is migrating";
    case migration_errc::failed: return "a migration failed";
  }
  return "unknown";
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

/// "0001_tenants.sql" → version and name.
result<migration> parse_name(const std::string& file) {
  constexpr std::size_t digits = 4;
  const bool shaped = file.size() > digits + 5 && file[digits] == '_' && file.ends_with(".sql") &&
                      std::all_of(file.begin(), file.begin() + digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!shaped) return fail(migration_errc::bad_folder, "'" + file + "' is not named NNNN_name.sql");
  migration out;
  out.version = std::stoi(file.substr(0, digits));
  out.name = file.substr(digits + 1, file.size() - digits - 5);
  return out;
}

struct applied_row {
  std::string name, checksum, at;
};

std::map<int, applied_row> read_applied(pqxx::transaction_base& tx) {
  std::map<int, applied_row> rows;
  if (!tx.exec1(exists_sql)[0].as<bool>()) return rows;
  for (const auto& row : tx.exec(applied_sql))
    rows[row[0].as<int>()] = {row[1].as<std::string>(), row[2].as<std::string>(), row[3].as<std::string>()};
  return rows;
}

result<void> compare(const std::vector<migration>& files, const std::map<int, applied_row>& applied) {
  int expected = 1;
  for (const auto& [version, row] : applied) {
    if (version != expected++)
      return fail(migration_errc::edited, fmt::format("the table schema_migrations should list {:04} before {:04}", expected - 1, version));
    if (version > static_cast<int>(files.size()))
      return fail(migration_errc::newer_database, fmt::format("it has {:04}_{}, this binary knows {} migration(s); use the newer binary",
                                                              version, row.name, files.size()));
    const auto& file = files[static_cast<std::size_t>(version - 1)];
    if (file.checksum != row.checksum)
      return fail(migration_errc::edited, fmt::format("{:04}_{} was applied with other content; restore the file and add a new migration instead",
                                                      version, file.name));
  }
  return {};
}

result<void> apply(pqxx::connection_base& connection, const migration& file) {
  try {
    pqxx::work tx(connection);
    tx.exec(file.sql);
    tx.exec_params(insert_sql, file.version, file.name, file.checksum);
    failpoint("migrations.before_commit");
    tx.commit();
    failpoint("migrations.after_commit");
    return {};
  } catch (...) {
    auto failure = detail::to_database_failure(std::current_exception());
    // Without an answer to COMMIT the file may be in; the next run finds out.
    if (failure.connection_lost) return std::unexpected(std::move(failure.what));
    return fail(migration_errc::failed, fmt::format("{:04}_{}: {}", file.version, file.name, failure.what.detail));
  }
}

result<int> apply_missing(pqxx::connection_base& connection, const std::vector<migration>& files) {
  std::map<int, applied_row> applied;
  {
    pqxx::nontransaction tx(connection);
    tx.exec(table_sql);
    applied = read_applied(tx);
  }
  auto fit = compare(files, applied);
  if (!fit) return std::unexpected(fit.error());
  int count = 0;
  for (const auto& file : files) {
    if (applied.contains(file.version)) continue;
    auto done = apply(connection, file);
    if (!done) return std::unexpected(done.error());
    ++count;
  }
  return count;
}

void settle_privileges(pqxx::connection_base& connection) {
  pqxx::work tx(connection);
  if (!tx.exec1(can_settle_sql)[0].as<bool>()) return;
  tx.exec(settle_sql);
  tx.commit();
}

/// lock_timeout of the session bounds the wait.
result<void> lock(pqxx::connection_base& connection) {
  try {
    pqxx::nontransaction tx(connection);
    if (!tx.exec1(lock_sql)[0].as<bool>()) tx.exec(wait_for_lock_sql);
    return {};
  } catch (...) {
    auto failure = detail::to_database_failure(std::current_exception());
    if (failure.what.code != db_errc::timed_out) return std::unexpected(failure.what);
    return fail(migration_errc::busy, "it did not finish in time; try again");
  }
}

}  // namespace

std::error_code make_error_code(migration_errc value) {
  static const enum_category category("migrations", message_of);
  return {static_cast<int>(value), category};
}

result<std::vector<migration>> read_migrations(const std::filesystem::path& folder) {
  auto names = system_files().list(folder);
  if (!names) return fail(migration_errc::bad_folder, folder.string() + " cannot be read; check database.migrations_folder");
  std::vector<migration> out;
  for (const auto& name : *names) {
    if (!name.ends_with(".sql")) continue;
    auto file = parse_name(name);
    if (!file) return std::unexpected(file.error());
    if (file->version != static_cast<int>(out.size()) + 1)
      return fail(migration_errc::bad_folder, fmt::format("'{}' should have the number {:04}", name, out.size() + 1));
    auto sql = system_files().read(folder / name, file_limit_bytes);
    if (!sql) return fail(migration_errc::bad_folder, sql.error().detail);
    file->sql = std::move(*sql);
    file->checksum = sha256_hex(file->sql);
    out.push_back(std::move(*file));
  }
  if (out.empty()) return fail(migration_errc::bad_folder, folder.string() + " holds no migrations");
  return out;
}

result<int> migrate_up(const database_config& config, const std::filesystem::path& folder) {
  auto files = read_migrations(folder);
  if (!files) return std::unexpected(files.error());
  result<int> count = 0;
  // A migration may take longer than a statement of the engine.
  auto patient = config;
  patient.statement_timeout = milliseconds(0);
  auto done = run_blocking(patient, [&](pqxx::connection_base& connection) {
    auto locked = lock(connection);
    if (locked) settle_privileges(connection);
    count = locked ? apply_missing(connection, *files) : std::unexpected(locked.error());
    if (count) settle_privileges(connection);
  });
  if (!done) return std::unexpected(done.error());
  return count;
}

result<std::vector<migration_state>> migration_status(const database_config& config, const std::filesystem::path& folder) {
  auto files = read_migrations(folder);
  if (!files) return std::unexpected(files.error());
  std::map<int, applied_row> applied;
  auto done = run_blocking(config, [&](pqxx::connection_base& connection) {
    pqxx::nontransaction tx(connection);
    applied = read_applied(tx);
  });
  if (!done) return std::unexpected(done.error());
  auto fit = compare(*files, applied);
  if (!fit) return std::unexpected(fit.error());
  std::vector<migration_state> out;
  for (auto& file : *files) {
    const auto found = applied.find(file.version);
    const bool is_applied = found != applied.end();
    out.push_back({std::move(file), is_applied, is_applied ? found->second.at : std::string()});
  }
  return out;
}

}  // namespace drover
