#include <fmt/format.h>

#include "tenants/accounts/account_rows_postgres.hpp"
#include "tenants/import/account_import.hpp"

namespace drover::tenants {
namespace {

const statement find_fingerprints{"import_find_fingerprints",
                                  "SELECT key_fingerprint FROM user_exchanges "
                                  "WHERE key_fingerprint = ANY (string_to_array($1, ',')) AND deleted_at IS NULL"};

class postgres_import_store final : public import_store {
public:
  explicit postgres_import_store(database& db) : db_(db) {}

  task<result<std::vector<std::string>>> find_connected(std::vector<std::string> fingerprints) override {
    auto job = [all = fmt::format("{}", fmt::join(fingerprints, ","))](pqxx::connection_base& c) {
      pqxx::nontransaction tx(c);
      std::vector<std::string> found;
      for (const auto& row : execute(tx, find_fingerprints, all)) found.push_back(text_of(row[0]));
      return found;
    };
    auto outcome = co_await db_.run("import_find", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<account_id>>> create_all(std::vector<entry> entries) override {
    auto job = [entries = std::move(entries)](pqxx::connection_base& c) {
      pqxx::work tx(c);
      std::vector<account_id> created;
      for (const auto& e : entries) created.push_back(insert_account(tx, e.account, e.credentials, user_id{}).id);
      tx.commit();
      return created;
    };
    auto outcome = co_await db_.run("import_create", std::move(job));
    co_return from_read(std::move(outcome));
  }

private:
  database& db_;
};

}  // namespace

std::unique_ptr<import_store> make_postgres_import_store(database& db) {
  return std::make_unique<postgres_import_store>(db);
}

}  // namespace drover::tenants
