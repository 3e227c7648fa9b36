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

  /// libpq connection string of the superuser, who owns everything.
  const std::string& url() const { return url_; }
  /// As the engine works: a login that is a member of drover_app and drover_tenant and no more. Of an empty database: the
  /// superuser.
  database_config config(std::size_t connections = 2) const;
  /// For what only the owner of the tables may do: migrating and restoring.
  database_config owner_config() const;
  /// Runs statements as the superuser; answers the first column of the first row, or "".
  std::string sql(const std::string& statements) const;

 private:
  std::string name_, url_, engine_url_;
};

/// `url` with another login.
std::string with_login(std::string url, const std::string& login);

/// "<repository>/migrations".
std::string migrations_folder();

}  // namespace drover::test
