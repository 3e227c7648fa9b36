#include "app/start_checks.hpp"

#include <array>

#include "base/files.hpp"
#include "base/migrations.hpp"
#include "engine/orders/order_journal.hpp"
#include "tenants/errors.hpp"
#include "tenants/meta/database_roles.hpp"

namespace drover::app {
namespace {

/// What PostgreSQL and libpq say of a login or a URL that will never work. libpq tells no code of a failed connection; a
/// server that speaks another language is taken for one that is away, and its words are in the log.
bool is_login_refused(std::string_view message) {
  constexpr std::array signs{"password authentication failed", "no password supplied",  "authentication failed",
                             "no pg_hba.conf entry",           "is not permitted to log in", "invalid connection option",
                             "invalid integer value",          "missing \"=\"",           "invalid URI"};
  for (const std::string_view sign : signs)
    if (message.find(sign) != std::string_view::npos) return true;
  const bool names_one = message.find("role \"") != std::string_view::npos || message.find("database \"") != std::string_view::npos;
  return names_one && message.find("does not exist") != std::string_view::npos;
}

result<void> check_connection(const settings& s) {
  auto tried = run_blocking(s.database, [](pqxx::connection_base&) {});
  if (tried) return {};
  if (is_login_refused(tried.error().detail))
    return fail(db_errc::permission_denied, "PostgreSQL does not let the engine in (" + tried.error().detail +
                                                "); correct database.url, or make the role and the database that it names");
  return fail(db_errc::unavailable, "PostgreSQL does not answer (" + tried.error().detail +
                                        "); check that it runs and that database.url is right");
}

result<void> check_schema(const settings& s) {
  auto states = migration_status(s.database, s.migrations_folder);
  if (!states) return std::unexpected(states.error());
  for (const auto& state : *states)
    if (!state.applied)
      return fail(migration_errc::bad_folder, "the database schema is behind this binary (" + state.file.name +
                                                  " is missing); run: engine migrate");
  return {};
}

std::string_view message_of(int) { return "another engine runs"; }

}  // namespace

std::error_code make_error_code(start_errc value) {
  static const enum_category category("start", message_of);
  return {static_cast<int>(value), category};
}

bool is_away(const error& e) {
  return e.code == db_errc::unavailable || e.code == db_errc::timed_out || e.code == db_errc::retry || e.code == db_errc::in_doubt ||
         e.code == tenants::tenant_errc::unavailable || e.code == tenants::tenant_errc::overloaded;
}

namespace {

result<crypto::key_file> parse_key_file(const secret& text) {
  auto file = crypto::key_file::parse(text);
  if (!file) return fail(crypto::crypto_errc::key_malformed, "security.master_key: " + file.error().detail);
  return file;
}

}  // namespace

result<crypto::key_file> read_key_file(const security_settings& s) {
  const auto text = read_secret_file(s.master_key_path);
  if (!text) return std::unexpected(text.error());
  return parse_key_file(*text);
}

result<process_keys> take_keys(security_settings& s) {
  if (!s.master_key)
    return fail(crypto::crypto_errc::key_missing,
                "no master key: make one with `engine key init FILE` and name it as security.master_key_file "
                "(or the systemd credential master_key)");
  auto master = parse_key_file(*s.master_key);
  s.master_key.reset();
  if (!master) return std::unexpected(master.error());
  if (!s.token_keys)
    return fail(crypto::crypto_errc::key_missing,
                "no token signing keys: make some with `engine key init --token FILE` and name them as "
                "security.token_keys_file (or the systemd credential token_keys)");
  auto tokens = parse_token_keys(*s.token_keys);
  s.token_keys.reset();
  if (!tokens) return std::unexpected(tokens.error());
  return process_keys{std::move(*master), std::move(*tokens)};
}

result<void> check_database(const settings& s) {
  auto reachable = check_connection(s);
  if (!reachable) return reachable;
  auto schema = check_schema(s);
  if (!schema) return schema;
  auto login = tenants::check_login(s.database);
  if (!login) return login;
  return engine::check_durability(s.database);
}

}  // namespace drover::app
