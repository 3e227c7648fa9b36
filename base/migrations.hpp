#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"

namespace drover {

struct migration {
  /// From the file name 0001_name.sql; without gaps, from 1.
  int version = 0;
  std::string name;
  std::string sql;
  /// SHA-256 of the file, hex.
  std::string checksum;
};

struct migration_state {
  migration file;
  bool applied = false;
  std::string applied_at;
};

enum class migration_errc {
  /// The folder is missing, empty, has gaps, or a file's name is not NNNN_name.sql.
  bad_folder = 1,
  /// An applied migration's file was edited afterwards, or the table of the applied ones was; the detail names it.
  edited,
  /// The database is newer than this binary.
  newer_database,
  /// Another process is migrating and did not finish within lock_timeout.
  busy,
  /// A file failed; the detail names the file and PostgreSQL's message. Nothing of it was applied.
  failed,
};
std::error_code make_error_code(migration_errc);

result<std::vector<migration>> read_migrations(const std::filesystem::path& folder);
/// Applies what is missing, in order, each in its own transaction, under an advisory lock; calls the schema's function
/// settle_privileges() before and after, when it has one, also when nothing is missing. Blocking. Returns how many.
/// A connection that breaks is db_errc::unavailable or in_doubt: run it again.
result<int> migrate_up(const database_config&, const std::filesystem::path& folder);
result<std::vector<migration_state>> migration_status(const database_config&, const std::filesystem::path& folder);

}  // namespace drover

template <>
struct std::is_error_code_enum<drover::migration_errc> : std::true_type {};
