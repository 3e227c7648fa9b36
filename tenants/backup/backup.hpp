#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/random.hpp"
#include "crypto/keyring.hpp"
#include "tenants/backup/backup_file.hpp"

namespace drover::tenants {

struct backup_counts {
  std::int64_t tables = 0, rows = 0;
  std::uint64_t size_bytes = 0;
  std::string created_at;
};

struct backup_choice {
  /// raw_records is most of a database.
  bool with_raw_records = true;
};

/// Writes everything that the database holds at one moment, while engines work on it. Data keys are wrapped by
/// `backup_keys` on the way, so that the file is opened by these alone. Blocking, streaming. Errors are db_errc,
/// crypto_errc (a data key that does not open, naming its user) and those of the sink.
result<backup_counts> write_backup(const database_config&, const crypto::keyring& keys,
                                   const crypto::keyring& backup_keys, random_source&, backup_choice, byte_sink);

/// Reads the whole file first: one that was changed or cut is refused (errc::malformed) before anything else happens.
/// Then fills a database that is migrated and empty (else errc::malformed, saying what to do), in one transaction, with
/// data keys wrapped by `keys`. Blocking. The role must own the tables. Other errors are db_errc, crypto_errc and
/// errc::io.
result<backup_counts> restore_backup(const database_config&, const std::filesystem::path&,
                                     const crypto::keyring& backup_keys, const crypto::keyring& keys);

/// The first half of restore_backup() alone.
result<backup_counts> verify_backup(const std::filesystem::path&, const crypto::keyring& backup_keys);

}  // namespace drover::tenants
