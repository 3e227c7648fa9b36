#include "app/start_checks.hpp"

#include <array>

#include "base/migrations.hpp"
#include "engine/orders/order_journal.hpp"
#include "tenants/errors.hpp"
#include "tenants/meta/meta_store.hpp"

namespace drover::app {
namespace {

constexpr const char* check_value_key = "master_key_check";

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

result<void> verify(const crypto::keyring& keys, const std::string& check_value) {
  auto same = keys.verify_check_value(check_value);
  if (same) return {};
  return fail(crypto::crypto_errc::key_wrong,
              "security.master_key is not the key this database was sealed with; name the file with the right one");
}

result<void> check_master_key(const settings& s, const crypto::keyring& keys) {
  auto stored = tenants::find_meta(s.database, check_value_key);
  if (!stored) return std::unexpected(stored.error());
  if (*stored) return verify(keys, **stored);
  auto counts = tenants::ensure_meta(s.database, check_value_key, keys.make_check_value());
  if (!counts) return std::unexpected(counts.error());
  return verify(keys, *counts);
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

result<process_keys> read_keys(const security_settings& s) {
  if (!s.master_key)
    return fail(crypto::crypto_errc::key_missing,
                "no master key: make one with `engine key init FILE` and name it as security.master_key_file "
                "(or the systemd credential master_key)");
  auto master = crypto::master_key::parse(*s.master_key);
  if (!master) return fail(crypto::crypto_errc::key_malformed, "security.master_key: " + master.error().detail);
  if (!s.token_keys)
    return fail(crypto::crypto_errc::key_missing,
                "no token signing keys: make some with `engine key init --token FILE` and name them as "
                "security.token_keys_file (or the systemd credential token_keys)");
  auto tokens = parse_token_keys(*s.token_keys);
  if (!tokens) return std::unexpected(tokens.error());
  return process_keys{std::move(*master), std::move(*tokens)};
}

result<void> check_database(const settings& s, const crypto::keyring& keys) {
  auto reachable = check_connection(s);
  if (!reachable) return reachable;
  auto schema = check_schema(s);
  if (!schema) return schema;
  auto durable = engine::check_durability(s.database);
  if (!durable) return durable;
  return check_master_key(s, keys);
}

}  // namespace drover::app
