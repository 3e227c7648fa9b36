#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/postgres.hpp"

namespace drover::tenants {

/// Facts about the database as a whole (table engine_meta), read once at start. Blocking. Errors are db_errc.
result<std::optional<std::string>> find_meta(const database_config&, const std::string& key);

/// Stores `value` unless the key exists by now, and answers the one that counts.
result<std::string> ensure_meta(const database_config&, const std::string& key, const std::string& value);

}  // namespace drover::tenants
