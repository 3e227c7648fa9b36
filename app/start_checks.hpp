#pragma once

#include "app/settings.hpp"
#include "app/token_keys.hpp"
#include "crypto/keyring.hpp"

namespace drover::app {

struct process_keys {
  crypto::master_key master;
  token_keys tokens;
};

/// The keys that the settings name. Errors say which setting to provide and how, never the key.
result<process_keys> read_keys(const security_settings&);

/// Blocking, before anything else is built: PostgreSQL answers within database_startup_wait, its schema is the one of this
/// binary, it does not lose commits (REL-01), and it was sealed with this master key. Each failure is one clear error.
result<void> check_database(const settings&, const crypto::keyring&);

}  // namespace drover::app
