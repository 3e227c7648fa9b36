#include <fmt/core.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/task_scope.hpp"
#include "bench/benches.hpp"
#include "engine/orders/order_journal.hpp"

namespace drover::bench {
namespace {

using namespace engine;

/// As many as the engine's trading side has by default.
constexpr std::size_t connections = 3;
/// Orders that wait for their intent at the same time: a busy moment of a thousand bots.
constexpr int writers = 256;
constexpr int rounds = 3;

constexpr const char* make_account_sql =
    "INSERT INTO user_exchanges (user_id, exchange_name, label, api_key, api_secret, api_key_mask, key_fingerprint) "
    "VALUES ($1, 'bench', 'bench', 'k', 's', 'm', $2) RETURNING id";
constexpr const char* make_user_sql = "INSERT INTO users (username, password_hash) VALUES ($1, 'x') RETURNING id";

struct owner {
  user_id user;
  account_id account;
};

owner make_owner(const std::string& url) {
  pqxx::connection connection(url);
  pqxx::work tx(connection);
  // The end of the id is what differs; a user name has at most 32 characters.
  const auto name = "bench-" + make_uuid_v7(system_clock(), system_random()).to_hex().substr(8);
  const auto user = tx.exec_params1(make_user_sql, name)[0].as<std::int64_t>();
  const auto account = tx.exec_params1(make_account_sql, user, name)[0].as<std::int64_t>();
  tx.commit();
  return {user_id(user), account_id(account)};
}

/// What the database gives to whoever commits one row at a time over as many connections.
double measure_commits(const std::string& url, nanoseconds how_long) {
  {
    pqxx::connection connection(url);
    pqxx::nontransaction tx(connection);
    tx.exec("CREATE TABLE IF NOT EXISTS bench_commits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int)");
  }
  std::atomic<std::int64_t> done = 0;
  const auto& time = system_clock();
  const auto end = time.now() + how_long;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < connections; ++i)
    threads.emplace_back([&] {
      pqxx::connection connection(url);
      connection.prepare("commit", "INSERT INTO bench_commits (n) VALUES ($1)");
      while (time.now() < end) {
        pqxx::work tx(connection);
        tx.exec_prepared("commit", 1);
        tx.commit();
        ++done;
      }
    });
  for (auto& thread : threads) thread.join();
  return static_cast<double>(done) / std::chrono::duration<double>(how_long).count();
}

task<void> write_intents(order_journal& journal, owner mine, std::int64_t epoch, steady_time end, std::int64_t& written,
                         std::vector<nanoseconds>& taken) {
  const auto& time = system_clock();
  while (time.now() < end) {
    order_intent intent;
    intent.id = make_uuid_v7(time, system_random());
    intent.account = mine.account;
    intent.user = mine.user;
    intent.exchange_name = "bench";
    intent.symbol = "BTC/USDT";
    intent.price = "60000.1"_dec;
    intent.quantity = "0.001"_dec;
    intent.tag = "grid:3:buy";
    intent.created_at = time.wall_now();
    intent.dead_after = intent.created_at + 10s;
    const auto began = time.now();
    auto stored = co_await journal.append_intent(std::move(intent), epoch);
    if (!stored) throw std::runtime_error(stored.error().to_string());
    taken.push_back(time.now() - began);
    ++written;
  }
}

task<void> take_lease(order_journal& journal, account_id account, std::int64_t& epoch) {
  auto taken = co_await journal.acquire_lease(account, "bench");
  if (!taken) throw std::runtime_error(taken.error().to_string());
  epoch = *taken;
}

struct intent_figures {
  double per_s = 0;
  std::vector<nanoseconds> taken;
};

intent_figures measure_intents(const std::string& url, owner mine, nanoseconds how_long) {
  asio::io_context io(1);
  database_config config{.url = url, .connections = connections};
  auto pool = make_database(config, system_clock());
  auto journal = make_postgres_order_journal(io.get_executor(), *pool);
  std::int64_t epoch = 0, written = 0;
  intent_figures out;
  std::string failure;
  task_scope scope(io.get_executor(), "bench", [&failure](std::string_view, std::string_view what) { failure = what; });
  scope.spawn("lease", take_lease(*journal, mine.account, epoch));
  io.run();
  io.restart();
  const auto end = system_clock().now() + how_long;
  for (int i = 0; i < writers; ++i) scope.spawn("write", write_intents(*journal, mine, epoch, end, written, out.taken));
  io.run();
  if (!failure.empty()) throw std::runtime_error(failure);
  out.per_s = static_cast<double>(written) / std::chrono::duration<double>(how_long).count();
  return out;
}

}  // namespace

int run_durable_intents(const std::string& url, int seconds_each) {
  const auto mine = make_owner(url);
  double commits = 0;
  intent_figures best;
  for (int i = 0; i < rounds; ++i) {
    commits = std::max(commits, measure_commits(url, seconds(seconds_each)));
    auto figures = measure_intents(url, mine, seconds(seconds_each));
    if (figures.per_s > best.per_s) best = std::move(figures);
  }
  const latencies sorted(std::move(best.taken));
  const auto ms = [](nanoseconds d) { return std::chrono::duration<double, std::milli>(d).count(); };
  fmt::print("{{\"per_s\":{:.0f},\"commits_per_s\":{:.0f},\"p50_ms\":{:.3f},\"p99_ms\":{:.3f}}}\n", best.per_s, commits,
             ms(sorted.at(0.5)), ms(sorted.at(0.99)));
  return 0;
}

}  // namespace drover::bench
