#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace drover::bench {

/// Sorted latencies.
struct latencies {
  std::vector<nanoseconds> sorted;
  explicit latencies(std::vector<nanoseconds> all);
  /// `share` in (0, 1]: 0.99 = p99.
  nanoseconds at(double share) const;
};

/// Each prints one JSON object with its numbers; scripts/bench turns them into figures.

/// Sealed values opened per second, and raw AES-256-GCM openings per second of the same bytes in the same run.
int run_seal_open(int seconds_each);
/// The statement of GET /user/exchanges/ straight against PostgreSQL: requests per second and p99.
int run_list_ceiling(const std::string& database_url, std::int64_t user, int connections, int run_seconds);
/// Durable one-row commits, one at a time: p50 and p99.
int run_commit_latency(const std::string& database_url, int count);
/// Intents of orders made durable per second by a busy journal, and plain one-row commits over as many connections in the same
/// run; what one intent waits, p50 and p99.
int run_durable_intents(const std::string& database_url, int seconds_each);
/// Approved, active accounts from lines "<api key> <api secret>" on standard input: all of `user`, or one of each user from `user` on.
int run_seed_accounts(const std::string& database_url, const std::string& master_key_file, std::int64_t user, bool one_each);
/// Leaves that the rate ledger gives per second with 10,000 accounts waiting, and wake-ups of as many coroutines without it.
int run_rate_grants(int seconds_each);
/// Raw records from record() to the committed row, per second, a plain COPY of the same rows in the same run, and what record()
/// itself takes. Empties raw_records.
int run_recorder(const std::string& database_url, int rows);
/// Market frame in → signed order out, inside the process: p50 and p99, and of parsing and signing alone.
int run_tick_to_order(int count);
/// Tick → order of each of 200 bots on one market, ten ticks a second, alone and beside 22 bad ones (10 that throw, 5 that burn
/// 20 ms, 5 that burn just under the budget of a call, one that allocates 1 MiB, one that is refused 250 orders, each at every
/// tick): p50, p99, how many of the bad ones are slowed and quarantined, and how soon.
int run_hogs(int count);
/// Heap of a running bot that has nothing to do, and its share of a processor at ten ticks a second; beside a coroutine with a
/// timer each, and the strategies' wants_tick() alone.
int run_idle_bots(int count);
/// A lead's fill in → the last of so many followers' signed orders out, inside the process: p50 and p99 over the rounds, and of as
/// many intents written and requests signed by a plain loop. Journal and stores in memory, or in a migrated, empty database.
int run_copy_fan_out(int followers, int rounds, const std::string& database_url);
/// For each venue: messages parsed per second (books, trades, answers to orders of tests/data/samples) and the same bytes
/// through simdjson (MEXC: protobuf too) without being looked at.
int run_venue_parse(const std::string& samples_folder, int seconds_each);
/// For each venue: orders made into signed requests per second, and the bare signature of the same text through OpenSSL.
int run_venue_sign(int seconds_each);
/// Frame of the order book in → callbacks of 1 and of 1,000 subscribers, inside the process: p50 and p99, and of parsing alone.
int run_book_to_callback(int count);
/// Bytes allocated for each further subscribed order book of 100 levels a side, and the bytes of the levels.
int run_symbol_bytes(int symbols);

}  // namespace drover::bench
