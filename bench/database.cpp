#include <fmt/core.h>

#include <atomic>
#include <pqxx/pqxx>
#include <thread>

#include "base/postgres.hpp"
#include "bench/benches.hpp"
#include "tenants/accounts/account_statements_postgres.hpp"

namespace drover::bench {
namespace {

constexpr int page_limit = 200;

/// One connection as fast as it goes until `end`, with the statement the engine runs for GET /user/exchanges/.
void read_until(const std::string& url, std::int64_t user, steady_time end, std::vector<nanoseconds>& out) {
  pqxx::connection connection(url);
  const auto& list = tenants::account_statements::list;
  connection.prepare(list.name, list.sql);
  const auto& time = system_clock();
  for (auto now = time.now(); now < end;) {
    pqxx::nontransaction tx(connection);
    const auto rows = tx.exec_prepared(list.name, user, 0, page_limit);
    const auto then = time.now();
    out.push_back(then - now);
    now = then;
  }
}

double ms(nanoseconds d) { return std::chrono::duration<double, std::milli>(d).count(); }

}  // namespace

int run_list_ceiling(const std::string& url, std::int64_t user, int connections, int run_seconds) {
  std::vector<std::vector<nanoseconds>> all(static_cast<std::size_t>(connections));
  const auto end = system_clock().now() + seconds(run_seconds);
  std::vector<std::thread> threads;
  for (auto& mine : all) threads.emplace_back([&, end] { read_until(url, user, end, mine); });
  for (auto& thread : threads) thread.join();
  std::vector<nanoseconds> merged;
  for (const auto& mine : all) merged.insert(merged.end(), mine.begin(), mine.end());
  const latencies sorted(std::move(merged));
  fmt::print("{{\"per_s\":{:.0f},\"p99_ms\":{:.3f}}}\n",
             static_cast<double>(sorted.sorted.size()) / run_seconds, ms(sorted.at(0.99)));
  return 0;
}

int run_commit_latency(const std::string& url, int count) {
  pqxx::connection connection(url);
  {
    pqxx::nontransaction tx(connection);
    tx.exec("CREATE TABLE IF NOT EXISTS bench_commits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int)");
  }
  connection.prepare("commit", "INSERT INTO bench_commits (n) VALUES ($1)");
  const auto& time = system_clock();
  std::vector<nanoseconds> taken;
  for (int i = 0; i < count; ++i) {
    const auto start = time.now();
    pqxx::work tx(connection);
    tx.exec_prepared("commit", i);
    tx.commit();
    taken.push_back(time.now() - start);
  }
  const latencies sorted(std::move(taken));
  fmt::print("{{\"p50_ms\":{:.3f},\"p99_ms\":{:.3f}}}\n", ms(sorted.at(0.5)), ms(sorted.at(0.99)));
  return 0;
}

}  // namespace drover::bench
