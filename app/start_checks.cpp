#include "app/start_checks.hpp"

#include <thread>

#include "base/log.hpp"
#include "base/migrations.hpp"
#include "engine/orders/order_journal.hpp"
#include "tenants/meta/meta_store.hpp"

namespace drover::app {
namespace {

constexpr auto database_retry_pause = 250ms;
constexpr const char* check_value_key = "master_key_check";

result<void> wait_for_database(const settings& s) {
  const auto& time = system_clock();
  const auto give_up = time.now() + s.database_startup_wait;
  for (;;) {
    auto tried = run_blocking(s.database, [](pqxx::connection_base&) {});
    if (tried) return {};
    if (time.now() >= give_up)
      return fail(db_errc::unavailable, "PostgreSQL does not answer (" + tried.error().detail +
                                            "); check that it runs and that database.url is right");
    std::this_thread::sleep_for(database_retry_pause);
  }
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

}  // namespace

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
  auto reachable = wait_for_database(s);
  if (!reachable) return reachable;
  auto schema = check_schema(s);
  if (!schema) return schema;
  auto durable = engine::check_durability(s.database);
  if (!durable) return durable;
  return check_master_key(s, keys);
}

}  // namespace drover::app
