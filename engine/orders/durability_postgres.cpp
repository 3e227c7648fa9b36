#include <pqxx/pqxx>
#include <string>

#include "engine/orders/order_journal.hpp"

namespace drover::engine {
namespace {

constexpr const char* settings_sql =
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') "
    "ORDER BY name";

}  // namespace

result<void> check_durability(const database_config& config) {
  std::string off;
  auto done = run_blocking(config, [&off](pqxx::connection_base& connection) {
    pqxx::nontransaction tx(connection);
    for (const auto& row : tx.exec(settings_sql))
      if (std::string(row[1].c_str()) == "off") off += (off.empty() ? "" : ", ") + std::string(row[0].c_str());
  });
  if (!done) return done;
  if (!off.empty())
    return fail(db_errc::refused, "PostgreSQL may lose committed orders because these settings are off: " + off +
                                      "; turn them on in postgresql.conf and for this role");
  return {};
}

}  // namespace drover::engine
