#include <fmt/core.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <pqxx/pqxx>
#include <stdexcept>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "base/offload.hpp"
#include "base/task_scope.hpp"
#include "bench/benches.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"

namespace drover::bench {
namespace {

constexpr int rows_per_turn = 200;
constexpr const char* stream = "bench.market";

/// A best-price frame of Binance with changing numbers.
std::string make_frame(int i) {
  return fmt::format(
      R"({{"stream":"btcusdt@bookTicker","data":{{"u":{},"s":"BTCUSDT","b":"{}.{:02}000000","B":"{}.50000000","a":"{}.{:02}000000","A":"1.23450000"}}}})",
      50'000'000'000 + i, 60'000 + i % 997, i % 89, i % 13, 60'001 + i % 997, i % 97);
}

void empty_table(const std::string& url) {
  pqxx::connection connection(url);
  pqxx::work tx(connection);
  tx.exec("truncate raw_records, data_gaps");
  tx.exec("select raw_records_prepare_days(2)");
  tx.commit();
}

/// The same rows into the same table, all in one COPY, by nothing but the client library.
nanoseconds copy_plainly(const std::string& url, const std::vector<std::string>& frames) {
  const auto& time = system_clock();
  const std::vector<std::string> columns{"stream",   "sequence", "received_at", "received_ns", "kind",     "status",
                                         "endpoint", "account",  "body",        "operation",   "arguments"};
  pqxx::connection connection(url);
  const auto start = time.now();
  pqxx::work tx(connection);
  pqxx::stream_to copy(tx, "raw_records", columns);
  std::int64_t sequence = 0;
  const std::string empty;
  for (const auto& frame : frames) {
    const auto now = time.wall_now();
    copy << std::make_tuple(stream, ++sequence, to_rfc3339(now), now.since_epoch.count(), 1, 0, empty, empty, "\\x" + to_hex(frame), empty, empty);
  }
  copy.complete();
  tx.commit();
  return time.now() - start;
}

struct recorded {
  nanoseconds total{}, appending{};
};

task<void> feed(exchanges::spooling_raw_recorder& recorder, timer_queue& timers, const std::vector<std::string>& frames, recorded& out) {
  const auto& time = system_clock();
  const auto start = time.now();
  for (std::size_t i = 0; i < frames.size();) {
    const auto began = time.now();
    for (int n = 0; n < rows_per_turn && i < frames.size(); ++n, ++i)
      recorder.record({exchanges::raw_kind::ws_frame, stream, "", "", 0, frames[i]});
    out.appending += time.now() - began;
    co_await sleep_for(timers, 0ns);
  }
  co_await recorder.stop(10min);
  out.total = time.now() - start;
}

recorded record_all(const std::string& url, const std::vector<std::string>& frames) {
  char name[] = "/tmp/drover-bench-spool-XXXXXX";
  if (!mkdtemp(name)) throw std::runtime_error("no folder for the spool");
  recorded out;
  {
    asio::io_context io(1);
    auto timers = make_timer_queue(io.get_executor(), system_clock());
    worker_pool workers("spool", 1, 64);
    database_config config;
    config.url = url;
    config.connections = 1;
    auto pool = make_database(config, system_clock());
    exchanges::raw_recorder_config spool;
    spool.folder = name;
    auto recorder = exchanges::make_raw_recorder(io.get_executor(), *timers, system_files(), *pool, workers, spool);
    if (!recorder) throw std::runtime_error(recorder.error().to_string());
    task_scope scope(io.get_executor(), "bench");
    scope.spawn("recorder", (*recorder)->run());
    scope.spawn("feed", feed(**recorder, *timers, frames, out));
    io.run();
  }
  std::filesystem::remove_all(name);
  return out;
}

std::uint64_t count_rows(const std::string& url) {
  pqxx::connection connection(url);
  pqxx::nontransaction tx(connection);
  return tx.exec("select count(*) from raw_records")[0][0].as<std::uint64_t>();
}

double per_second(std::size_t rows, nanoseconds d) { return static_cast<double>(rows) / std::chrono::duration<double>(d).count(); }

}  // namespace

int run_recorder(const std::string& url, int rows) {
  std::vector<std::string> frames;
  for (int i = 0; i < rows; ++i) frames.push_back(make_frame(i));
  empty_table(url);
  copy_plainly(url, frames);
  empty_table(url);
  const auto plain = copy_plainly(url, frames);
  empty_table(url);
  const auto recorder = record_all(url, frames);
  const auto stored = count_rows(url);
  if (stored != frames.size()) {
    fmt::print(stderr, "{} of {} rows arrived\n", stored, frames.size());
    return 1;
  }
  empty_table(url);
  fmt::print("{{\"rows_per_s\":{:.0f},\"copy_rows_per_s\":{:.0f},\"append_ns\":{:.0f}}}\n", per_second(frames.size(), recorder.total),
             per_second(frames.size(), plain), static_cast<double>(recorder.appending.count()) / static_cast<double>(frames.size()));
  return 0;
}

}  // namespace drover::bench
