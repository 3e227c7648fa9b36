#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "engine/formatted/formatted_writer_postgres_detail.hpp"
#include "engine/formatted/number_ranges.hpp"
#include "engine/formatted/raw_check.hpp"
#include "exchanges/raw/market_continuity.hpp"
#include "exchanges/raw/redaction.hpp"

namespace drover::engine {

namespace {

constexpr milliseconds statement_limit{3'600'000};

/// A hole ends at the first number behind it. Gap rows tell of holes right before them, and of those whose time they cover.
constexpr const char* select_stream =
    "with numbers as (select sequence, received_at as at, false as gap from raw_records "
    "where stream = $1 and received_at >= $2 and received_at < $3 union all "
    "select sequence, noted_at, true from data_gaps where stream = $1 and noted_at >= $2 and noted_at < $3), "
    "ordered as (select *, lag(sequence) over by_number as before, lag(at) over by_number as before_at from numbers "
    "window by_number as (order by sequence)), "
    "holes as (select sequence - before - 1 as count, gap or exists (select from data_gaps g where g.stream = $1 "
    "and g.gap_from <= greatest(at, before_at) and g.gap_to >= least(at, before_at)) as explained "
    "from ordered where sequence > before + 1) "
    "select (select count(*) from numbers where not gap), (select count(*) from numbers where gap), "
    "coalesce((select sum(count) from holes where explained), 0)::bigint, "
    "coalesce((select sum(count) from holes where not explained), 0)::bigint, "
    "(select count(*) from data_gaps where stream = $1 and noted_at >= $2 and noted_at < $3 and state = 'open')";
constexpr const char* select_trade_gaps =
    "select symbol, first_missing, last_missing from data_gaps where stream = $1 and channel = 'trades' and first_missing is not null";

class checker {
 public:
  checker(pqxx::connection_base& c, const exchanges::protocol_source& protocols, const check_request& request)
      : c_(c),
        tx_(c),
        protocols_(protocols),
        history_(protocols),
        from_(to_rfc3339(request.from)),
        to_(request.to ? to_rfc3339(*request.to) : "infinity") {}

  check_outcome run() {
    std::map<std::string, std::map<std::string, number_ranges>> received;
    for (const auto& stream : detail::read_streams(tx_)) {
      out_.streams.push_back(check_stream(stream));
      collect_trades(stream, received[std::string(exchanges::exchange_of(stream))]);
    }
    for (const auto& [exchange, symbols] : received) check_trades(exchange, symbols);
    return std::move(out_);
  }

 private:
  stream_check check_stream(const std::string& stream) {
    const auto row = tx_.exec_params(select_stream, stream, from_, to_)[0];
    stream_check out;
    out.stream = stream;
    out.received = row[0].as<std::uint64_t>();
    out.gap_rows = row[1].as<std::uint64_t>();
    out.explained = row[2].as<std::uint64_t>();
    out.silent = row[3].as<std::uint64_t>();
    out.open_gaps = row[4].as<std::uint64_t>();
    return out;
  }

  void collect_trades(const std::string& stream, std::map<std::string, number_ranges>& received) {
    const bool may_hold = stream.ends_with(exchanges::market_stream_ending) || stream.ends_with(".rest");
    const std::string exchange(exchanges::exchange_of(stream));
    const auto* protocol = protocols_(exchange);
    if (!may_hold || !protocol || !exchanges::numbers_trades_one_by_one(protocol->traits().name)) return;
    detail::raw_range range{stream, 0, std::numeric_limits<std::int64_t>::max(), from_, to_};
    for (;;) {
      const auto rows = detail::read_raw_rows(c_, tx_, range, {});
      if (rows.empty()) return;
      range.after = rows.back().sequence;
      for (const auto& trade : detail::read_trades(c_, tx_, *protocol, history_, rows)) {
        std::int64_t id = 0;
        auto [end, failure] = std::from_chars(trade.trade_id.data(), trade.trade_id.data() + trade.trade_id.size(), id);
        if (failure == std::errc()) received[trade.symbol].add(id);
      }
    }
  }

  void check_trades(const std::string& exchange, const std::map<std::string, number_ranges>& symbols) {
    std::map<std::string, number_ranges> gaps;
    for (const auto& row : tx_.exec_params(select_trade_gaps, exchange + std::string(exchanges::market_stream_ending)))
      gaps[row[0].as<std::string>()].add(row[1].as<std::int64_t>(), row[2].as<std::int64_t>());
    for (const auto& [symbol, numbers] : symbols) {
      trade_check t{exchange, symbol, numbers.count(), 0, 0, 0};
      for (const auto& [first, last] : numbers.holes()) {
        const auto noted = gaps[symbol].count_within(first, last);
        const auto wanted = static_cast<std::uint64_t>(last - first + 1);
        t.in_gaps += noted;
        t.silent += wanted - noted;
        if (wanted > noted && t.first_silent == 0) t.first_silent = gaps[symbol].first_absent(first);
      }
      out_.trades.push_back(std::move(t));
    }
  }

  pqxx::connection_base& c_;
  pqxx::work tx_;
  const exchanges::protocol_source& protocols_;
  detail::instrument_history history_;
  std::string from_, to_;
  check_outcome out_;
};

}  // namespace

bool check_outcome::is_complete() const {
  return std::ranges::all_of(streams, [](const auto& s) { return s.silent == 0; }) &&
         std::ranges::all_of(trades, [](const auto& t) { return t.silent == 0; });
}

result<check_outcome> check_raw_records(const database_config& config, const exchanges::protocol_source& protocols,
                                        const check_request& request) {
  auto patient = config;
  patient.statement_timeout = statement_limit;
  check_outcome out;
  auto done = run_blocking(patient, [&](pqxx::connection_base& c) { out = checker(c, protocols, request).run(); });
  if (!done) return std::unexpected(done.error());
  return out;
}

}  // namespace drover::engine
