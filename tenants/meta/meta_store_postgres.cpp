#include <pqxx/pqxx>

#include "tenants/meta/meta_store.hpp"

namespace drover::tenants {
namespace {

constexpr const char* find_sql = "SELECT value FROM engine_meta WHERE key = $1";
constexpr const char* insert_sql = "INSERT INTO engine_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";

std::optional<std::string> read_value(pqxx::transaction_base& tx, const std::string& key) {
  auto rows = tx.exec_params(find_sql, key);
  if (rows.empty()) return std::nullopt;
  return rows[0][0].as<std::string>();
}

}  // namespace

result<std::optional<std::string>> find_meta(const database_config& config, const std::string& key) {
  std::optional<std::string> value;
  auto done = run_blocking(config, [&](pqxx::connection_base& connection) {
    pqxx::nontransaction tx(connection);
    value = read_value(tx, key);
  });
  if (!done) return std::unexpected(done.error());
  return value;
}

result<std::string> ensure_meta(const database_config& config, const std::string& key, const std::string& value) {
  std::string counts;
  auto done = run_blocking(config, [&](pqxx::connection_base& connection) {
    pqxx::work tx(connection);
    tx.exec_params(insert_sql, key, value);
    counts = read_value(tx, key).value();
    tx.commit();
  });
  if (!done) return std::unexpected(done.error());
  return counts;
}

}  // namespace drover::tenants
