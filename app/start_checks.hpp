#pragma once

#include "app/settings.hpp"
#include "app/token_keys.hpp"
#include "crypto/keyring.hpp"

namespace drover::app {

enum class start_errc {
  /// Only one engine may work on a database (REL-06).
  another_engine = 1,
};
std::error_code make_error_code(start_errc);

struct process_keys {
  crypto::master_key master;
  token_keys tokens;
};

/// The keys that the settings name. Errors say which setting to provide and how, never the key.
result<process_keys> read_keys(const security_settings&);

/// Blocking: PostgreSQL answers, its schema is the one of this binary, it does not lose commits (REL-01), and it was sealed
/// with this master key. Each failure is one clear error; is_away() tells those that may pass by themselves.
result<void> check_database(const settings&, const crypto::keyring&);

/// PostgreSQL is not there, or not yet: trying again may help, and nobody has to change anything.
bool is_away(const error&);

}  // namespace drover::app

template <>
struct std::is_error_code_enum<drover::app::start_errc> : std::true_type {};
