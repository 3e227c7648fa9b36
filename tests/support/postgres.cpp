#include "tests/support/postgres.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <pqxx/pqxx>
#include <stdexcept>

#include "base/migrations.hpp"
#include "base/random.hpp"

/// libpqxx 6.4.5 loses one result for each connection that breaks; the leak checker need not tell.
extern "C" const char* __lsan_default_suppressions() { return "leak:PQmakeEmptyPGresult\n"; }

namespace drover::test {
namespace {

constexpr const char* postgres_bin = "/usr/lib/postgresql/15/bin/";

/// Runs a command as the user who may own a cluster (never root), output dropped; answers its exit status.
int run_as_owner(const std::vector<std::string>& command) {
  // All memory is taken before fork(): another thread may hold the allocator's lock at that moment.
  const passwd* owner = getpwnam("postgres");
  const bool drop = geteuid() == 0;
  if (drop && owner == nullptr) throw std::runtime_error("there is no user postgres");
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    if (drop && (setgroups(0, nullptr) != 0 || setgid(owner->pw_gid) != 0 || setuid(owner->pw_uid) != 0)) _exit(126);
    const int nowhere = open("/dev/null", O_WRONLY);
    if (dup2(nowhere, STDOUT_FILENO) < 0) _exit(125);
    execv(words[0], words.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/// A cluster of this process's own.
class own_cluster {
 public:
  own_cluster() {
    std::string pattern = "/tmp/drover-pg-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = pattern;
    const passwd* owner = getpwnam("postgres");
    if (geteuid() == 0 && (owner == nullptr || chown(folder_.c_str(), owner->pw_uid, owner->pw_gid) != 0))
      throw std::runtime_error("the folder of the cluster could not be given to the user postgres");
    const std::string bin(postgres_bin);
    const auto data = folder_ + "/data";
    if (run_as_owner({bin + "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"}) != 0)
      throw std::runtime_error("initdb failed");
    const auto options = "-c listen_addresses='' -c max_connections=100 -k " + folder_;
    if (run_as_owner({bin + "pg_ctl", "-D", data, "-s", "-w", "-l", folder_ + "/log", "-o", options, "start"}) != 0)
      throw std::runtime_error("PostgreSQL did not start");
  }
  ~own_cluster() {
    run_as_owner({std::string(postgres_bin) + "pg_ctl", "-D", folder_ + "/data", "-s", "-m", "immediate", "stop"});
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string url() const { return "host=" + folder_ + " user=postgres dbname=postgres"; }

 private:
  std::string folder_;
};

std::string cluster_url() {
  if (const char* given = std::getenv("DROVER_TEST_POSTGRES")) return given;
  static const own_cluster cluster;
  return cluster.url();
}

/// `url` with another value of `key` ("dbname=").
std::string with_value(std::string url, const std::string& key, const std::string& value) {
  const auto at = url.find(key);
  if (at == std::string::npos) return url + " " + key + value;
  const auto end = std::min(url.find(' ', at), url.size());
  return url.replace(at, end - at, key + value);
}

std::string with_database(std::string url, const std::string& name) { return with_value(std::move(url), "dbname=", name); }

/// The engine's login in tests.
constexpr const char* engine_login = "drover_test";
constexpr const char* make_login_sql =
    "DO $$ BEGIN IF to_regrole('drover_test') IS NULL THEN CREATE ROLE drover_test LOGIN; END IF; "
    "IF NOT pg_has_role('drover_test', 'drover_app', 'MEMBER') THEN GRANT drover_app, drover_tenant TO drover_test; END IF; END $$";

/// All migrations applied once per content; copies of a template are made in milliseconds. It gets its name when it is
/// complete, so that a test that dies meanwhile leaves no half of one.
std::string ensure_template(pqxx::connection& admin) {
  auto files = read_migrations(migrations_folder());
  if (!files) throw std::runtime_error(files.error().to_string());
  std::size_t key = 0;
  for (const auto& file : *files) key = key * 31 + std::hash<std::string>{}(file.checksum);
  const auto name = fmt::format("drover_settled_template_{:x}", key);
  const auto draft = name + "_draft";
  pqxx::nontransaction tx(admin);
  tx.exec("SELECT pg_advisory_lock(918273)");
  if (tx.exec_params("SELECT 1 FROM pg_database WHERE datname = $1", name).empty()) {
    tx.exec("DROP DATABASE IF EXISTS " + draft + " WITH (FORCE)");
    tx.exec("CREATE DATABASE " + draft);
    database_config config;
    config.url = with_database(cluster_url(), draft);
    auto applied = migrate_up(config, migrations_folder());
    if (!applied) throw std::runtime_error(applied.error().to_string());
    tx.exec("ALTER DATABASE " + draft + " RENAME TO " + name);
  }
  tx.exec(make_login_sql);
  tx.exec("SELECT pg_advisory_unlock(918273)");
  return name;
}

}  // namespace

std::string with_login(std::string url, const std::string& login) { return with_value(std::move(url), "user=", login); }

std::string migrations_folder() { return std::string(DROVER_SOURCE_DIR) + "/migrations"; }

test_database::test_database(schema wanted) : name_("test_" + system_random().hex(8)) {
  pqxx::connection admin(cluster_url());
  const std::string source = wanted == schema::migrated ? ensure_template(admin) : "template0";
  pqxx::nontransaction tx(admin);
  tx.exec(fmt::format("CREATE DATABASE {} TEMPLATE {}", name_, source));
  url_ = with_database(cluster_url(), name_);
  engine_url_ = wanted == schema::migrated ? with_login(url_, engine_login) : url_;
}

test_database::~test_database() {
  try {
    pqxx::connection admin(cluster_url());
    pqxx::nontransaction tx(admin);
    tx.exec(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_));
  } catch (const std::exception& e) {
    fmt::print(stderr, "the test database {} was left behind: {}\n", name_, e.what());
  }
}

database_config test_database::config(std::size_t connections) const {
  database_config out;
  out.url = engine_url_;
  out.connections = connections;
  return out;
}

database_config test_database::owner_config() const {
  database_config out;
  out.url = url_;
  out.connections = 1;
  return out;
}

std::string test_database::sql(const std::string& statements) const {
  pqxx::connection connection(url_);
  pqxx::nontransaction tx(connection);
  const auto rows = tx.exec(statements);
  return rows.empty() || rows[0].size() == 0 || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
}

}  // namespace drover::test
