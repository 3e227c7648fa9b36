#pragma once

#include <exception>

#include "base/postgres.hpp"

namespace drover::detail {

/// What an exception of libpqxx means. `connection_lost` tells the pool to drop the connection.
struct database_failure {
  error what;
  bool connection_lost = false;
};

/// The one mapping from libpqxx to db_errc.
database_failure to_database_failure(std::exception_ptr);

/// The one mapping from SQLSTATE to db_errc; `message` is the server's.
error to_database_error(const std::string& sqlstate, const std::string& message);

/// libpq's messages explain themselves over several lines; the first one says what happened.
std::string first_line(std::string message);

/// The connection string with the session limits of `config` added.
std::string session_url(const database_config& config);

}  // namespace drover::detail
