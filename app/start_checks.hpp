#pragma once

#include "app/settings.hpp"
#include "app/token_keys.hpp"
#include "crypto/key_file.hpp"

namespace drover::app {

enum class start_errc {
  /// Only one engine may work on a database (REL-06).
  another_engine = 1,
};
std::error_code make_error_code(start_errc);

struct process_keys {
  crypto::key_file master;
  token_keys tokens;
};

/// The keys that the settings name; they do not hold them any more afterwards. Errors say which setting to provide and how,
/// never the key.
result<process_keys> take_keys(security_settings&);
/// The master keys again, from the file or credential that they came from.
result<crypto::key_file> read_key_file(const security_settings&);

/// Blocking: PostgreSQL answers, its schema is the one of this binary, the login is not its owner (SEC-62), and it does not lose commits (REL-01). Each failure is
/// one clear error; is_away() tells those that may pass by themselves.
result<void> check_database(const settings&);

/// PostgreSQL is not there, or not yet: trying again may help, and nobody has to change anything.
bool is_away(const error&);

}  // namespace drover::app

template <>
struct std::is_error_code_enum<drover::app::start_errc> : std::true_type {};
