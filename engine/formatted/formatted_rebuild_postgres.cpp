#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/formatted/formatted_rebuild.hpp"
#include "engine/formatted/formatted_writer_postgres_detail.hpp"

namespace drover::engine {

namespace {

constexpr const char* no_wait = "set local synchronous_commit = off";
constexpr const char* take_lock = "select pg_try_advisory_lock($1)";
constexpr const char* release_lock = "select pg_advisory_unlock($1)";
constexpr const char* select_kept_from = "select kept_from > $1, to_char(kept_from at time zone 'utc', 'YYYY-MM-DD') from raw_retention";
constexpr const char* select_end = "select to_char((max(received_at) + interval '1 second') at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from formatted_positions";
constexpr const char* select_positions = "select stream, sequence from formatted_positions where sequence > 0 order by stream";
constexpr const char* select_next_day = "select min(received_at) from raw_records where received_at >= $1 and received_at < $2";
constexpr int lock_attempts = 600;
constexpr const char* lock_pause = "select pg_sleep(0.05)";
/// A day of one table may be large: a rebuild is in no hurry.
constexpr milliseconds statement_limit{3'600'000};

/// Everything but compiled_at.
struct table_columns {
  const char* table;
  const char* columns;
};
constexpr std::array<table_columns, 5> tables{{
    {"balances", "exchange, account, asset, hour, free, locked, stream, sequence, received_at, compiler"},
    {"orders",
     "exchange, account, symbol, venue_order_id, client_order_id, side, type, status, price, quantity, filled_quantity, "
     "filled_notional, updated_at, complete, terminal, stream, sequence, received_at, compiler"},
    {"fills",
     "exchange, account, symbol, trade_id, venue_order_id, client_order_id, side, price, quantity, fee, fee_asset, maker, "
     "filled_at, stream, sequence, received_at, compiler"},
    {"candles", "exchange, symbol, interval_name, opens_at, open, high, low, close, volume, stream, sequence, received_at, compiler"},
    {"rejects", "stream, sequence, received_at, operation, reason, compiler"},
}};

std::vector<table_content> read_content(pqxx::connection_base& c) {
  pqxx::work tx(c);
  tx.exec("set local timezone = 'UTC'");
  std::vector<table_content> out;
  for (const auto& t : tables) {
    const auto sql = fmt::format(
        "select count(*), to_hex((sum(hashtextextended(content, 1)::numeric) % 9223372036854775807)::bigint) || '-' || "
        "to_hex((sum(hashtextextended(content, 2)::numeric) % 9223372036854775807)::bigint) "
        "from (select row({})::text as content from formatted_{}) as contents",
        t.columns, t.table);
    const auto found = tx.exec(sql);
    out.push_back({t.table, found[0][0].as<std::uint64_t>(), found[0][1].as<std::string>("0-0")});
  }
  return out;
}

struct refused : std::runtime_error {
  refused(errc c, const std::string& what) : std::runtime_error(what), code(c) {}
  errc code;
};

/// Held by the session: it ends with the connection at the latest.
class exclusive_lock {
 public:
  explicit exclusive_lock(pqxx::connection_base& c) : connection_(c) {
    // Batches hold it for moments; to wait in the queue would stop them all behind us without a limit.
    for (int i = 0; i < lock_attempts; ++i) {
      pqxx::nontransaction tx(c);
      if (tx.exec_params(take_lock, detail::compile_lock)[0][0].as<bool>()) return;
      tx.exec(lock_pause);
    }
    throw refused(errc::overloaded, "another rebuild is under way");
  }
  ~exclusive_lock() {
    try {
      pqxx::nontransaction tx(connection_);
      tx.exec_params(release_lock, detail::compile_lock);
    } catch (const std::exception&) {
      // The connection is gone, and the lock with it.
    }
  }
  exclusive_lock(const exclusive_lock&) = delete;
  exclusive_lock& operator=(const exclusive_lock&) = delete;

 private:
  pqxx::connection_base& connection_;
};

class rebuild {
 public:
  rebuild(pqxx::connection_base& c, const exchanges::protocol_source& protocols, const rebuild_request& request)
      : c_(c), protocols_(protocols), history_(protocols), request_(request), tables_(request.tables) {
    if (tables_.empty()) tables_ = detail::all_formatted_tables;
  }

  rebuild_outcome run(const std::function<void(const std::string&, std::uint64_t)>& on_day) {
    const exclusive_lock alone(c_);
    check();
    out_.before = read_content(c_);
    for (auto day = request_.from; day < end_;) {
      const auto midnight = std::chrono::floor<std::chrono::days>(day.since_epoch) + std::chrono::days(1);
      const auto next = std::min(wall_time{midnight}, end_);
      const auto rows = run_day(day, next);
      ++out_.days;
      if (on_day) on_day(to_rfc3339(day), rows);
      day = next;
    }
    out_.after = read_content(c_);
    return std::move(out_);
  }

 private:
  void check() {
    for (const auto& t : tables_)
      if (!detail::all_formatted_tables.contains(t)) throw refused(errc::out_of_range, "there is no formatted table '" + t + "'");
    pqxx::nontransaction tx(c_);
    const auto kept = tx.exec_params(select_kept_from, to_rfc3339(request_.from));
    if (!kept.empty() && kept[0][0].as<bool>())
      throw refused(errc::out_of_range, "raw records before " + kept[0][1].as<std::string>() +
                                            " were dropped (raw.retention_days): what was compiled from them can only be kept");
    const auto last = tx.exec(select_end);
    end_ = request_.from;
    if (!last[0][0].is_null()) {
      auto parsed = parse_rfc3339(last[0][0].as<std::string>());
      if (parsed) end_ = *parsed + 1s;
    }
    if (request_.to) end_ = std::min(end_, *request_.to);
    if (request_.to && *request_.to <= request_.from) throw refused(errc::out_of_range, "the span to rebuild is empty");
    skip_empty_days(tx);
  }

  /// "--from 1970" is meant to be "everything".
  void skip_empty_days(pqxx::transaction_base& tx) {
    if (request_.from >= end_) return;
    const auto first = tx.exec_params(select_next_day, to_rfc3339(request_.from), to_rfc3339(end_));
    if (first[0][0].is_null()) return;
    auto at = parse_rfc3339(first[0][0].as<std::string>());
    if (!at) return;
    const wall_time day{std::chrono::floor<std::chrono::days>(at->since_epoch)};
    // Rows without raw rows would be left over: there are none, for retention is checked above.
    request_.from = std::max(request_.from, day);
  }

  std::uint64_t run_day(wall_time from, wall_time to) {
    pqxx::work tx(c_);
    tx.exec(no_wait);
    std::uint64_t rows = 0;
    for (const auto& t : tables_)
      tx.exec_params(fmt::format("delete from formatted_{} where received_at >= $1 and received_at < $2", t), to_rfc3339(from),
                     to_rfc3339(to));
    for (const auto& position : tx.exec(select_positions)) {
      detail::raw_range range;
      range.stream = position[0].as<std::string>();
      range.upto = position[1].as<std::uint64_t>();
      range.from = to_rfc3339(from);
      range.to = to_rfc3339(to);
      rows += compile_range(tx, std::move(range));
    }
    tx.commit();
    out_.raw_rows += rows;
    return rows;
  }

  std::uint64_t compile_range(pqxx::transaction_base& tx, detail::raw_range range) {
    std::uint64_t count = 0;
    for (;;) {
      const auto rows = detail::read_raw_rows(c_, tx, range, {});
      if (rows.empty()) return count;
      const auto compiled = detail::compile_rows(c_, tx, protocols_, history_, rows);
      detail::write_rows(c_, tx, compiled, tables_);
      out_.rejected += compiled.rejects.size();
      count += rows.size();
      range.after = rows.back().sequence;
    }
  }

  pqxx::connection_base& c_;
  const exchanges::protocol_source& protocols_;
  detail::instrument_history history_;
  rebuild_request request_;
  std::set<std::string> tables_;
  wall_time end_;
  rebuild_outcome out_;
};

}  // namespace

result<rebuild_outcome> rebuild_formatted(const database_config& config, const exchanges::protocol_source& protocols,
                                          const rebuild_request& request,
                                          const std::function<void(const std::string&, std::uint64_t)>& on_day) {
  auto patient = config;
  patient.statement_timeout = statement_limit;
  rebuild_outcome out;
  std::optional<error> refusal;
  auto done = run_blocking(patient, [&](pqxx::connection_base& c) {
    try {
      out = rebuild(c, protocols, request).run(on_day);
    } catch (const refused& e) {
      refusal = error(e.code, e.what());
    }
  });
  if (!done) return std::unexpected(done.error());
  if (refusal) return std::unexpected(std::move(*refusal));
  return out;
}

result<std::vector<table_content>> read_formatted_content(const database_config& config) {
  auto patient = config;
  patient.statement_timeout = statement_limit;
  std::vector<table_content> out;
  auto done = run_blocking(patient, [&](pqxx::connection_base& c) { out = read_content(c); });
  if (!done) return std::unexpected(done.error());
  return out;
}

}  // namespace drover::engine
