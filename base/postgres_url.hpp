#pragma once

#include <map>
#include <string>

#include "base/error.hpp"

namespace drover {

/// What a libpq connection string says by itself, by keyword ("user", "dbname", "host", …); neither the environment nor defaults.
/// errc::malformed, never with a password in it.
result<std::map<std::string, std::string>> parse_database_url(const std::string& url);

}  // namespace drover
