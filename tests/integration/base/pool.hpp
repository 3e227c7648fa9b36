#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "base/postgres.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/postgres.hpp"

namespace drover::test {

/// A database pool and the context of its callers.
struct pool {
  explicit pool(database_config config) : db(make_database(std::move(config), system_clock())) {}
  asio::io_context io{1};
  std::unique_ptr<database> db;

  result<std::string> query(std::string sql) {
    auto work = [sql = std::move(sql)](pqxx::connection_base& c) {
      pqxx::nontransaction tx(c);
      auto rows = tx.exec(sql);
      return rows.empty() || rows[0].size() == 0 ? std::string() : rows[0][0].as<std::string>("");
    };
    return test::run(io, db->run("query", std::move(work)));
  }
};

}  // namespace drover::test
