#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "crypto/keyring.hpp"

namespace drover::tenants {

/// A master key that the database knows (table master_keys). The keys themselves are never there.
struct known_master_key {
  std::string id;
  /// "current" wraps, "old" still has data keys that it wrapped, "retired" has none.
  std::string state;
  std::int64_t data_keys = 0;
};

/// Blocking, at start, by the only engine of the database: the keyring opens what is stored here, and its current key
/// is the database's from here on. A fresh database takes the keyring's keys as they are. crypto_errc::key_wrong,
/// saying what is missing, when a key is not the right one, a stored data key would not open, or the current key was
/// retired; else db_errc.
result<void> settle_master_keys(const database_config&, crypto::keyring&);

/// Blocking, for commands beside an engine: the keyring is the one that the database is worked on with, and fingerprints as it does.
/// Changes nothing. Errors as of settle_master_keys(); key_wrong also when no engine has settled its keys here yet.
result<void> join_master_keys(const database_config&, crypto::keyring&);

/// The current one first, then by age. Errors are db_errc.
result<std::vector<known_master_key>> list_master_keys(const database_config&);

/// What the operator did through the command line, for the audit trail. Blocking. Errors are db_errc.
result<void> audit_operator(const database_config&, std::string action, std::string object, std::string detail = {});

struct rotation_outcome {
  /// Data keys wrapped anew, and those that did not open and were left as they are.
  std::int64_t rewrapped = 0, refused = 0;
  /// Master keys that wrap nothing any more.
  std::vector<std::string> retired;
};

/// Wraps everything by the keyring's current master key. What is left to do is read from the rows, so that it may be
/// killed at any of them and begun again (SEC-05); users notice nothing: data keys and sealed values stay what they
/// are. One thread; one run at a time (errc::overloaded).
class key_rotation {
public:
  key_rotation(database&, crypto::keyring&);
  /// Makes the keyring's current key the database's too, then wraps row after row. Errors are db_errc and crypto_errc.
  task<result<rotation_outcome>> run();
  bool is_running() const { return running_; }

private:
  task<result<void>> wrap_all(rotation_outcome&);
  database& db_;
  crypto::keyring& keys_;
  bool running_ = false;
};

}  // namespace drover::tenants
