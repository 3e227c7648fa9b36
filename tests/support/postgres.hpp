#pragma once

#include <memory>
#include <string>

#include "base/postgres.hpp"

namespace drover::test {

/// A database of a test's own on a private cluster; dropped with the object.
///
/// The cluster is the one DROVER_TEST_POSTGRES names ("host=… user=… dbname=…" of a superuser), or else one that this
/// process starts on a Unix socket under /tmp and stops at exit. Throws std::runtime_error when neither works.
class test_database {
 public:
  enum class schema {
    /// All of migrations/ applied.
    migrated,
    empty,
  };
  explicit test_database(schema = schema::migrated);
  ~test_database();
  test_database(const test_database&) = delete;
  test_database& operator=(const test_database&) = delete;

  /// libpq connection string.
  const std::string& url() const { return url_; }
  database_config config(std::size_t connections = 2) const;
  /// Runs statements as the superuser; answers the first column of the first row, or "".
  std::string sql(const std::string& statements) const;

 private:
  std::string name_, url_;
};

/// "<repository>/migrations".
std::string migrations_folder();

}  // namespace drover::test
