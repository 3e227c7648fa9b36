#include "engine/formatted/raw_overview.hpp"

#include "engine/formatted/formatted_writer_postgres_detail.hpp"

namespace drover::engine {

namespace {

constexpr const char* select_stream =
    "select coalesce((select sequence from raw_records where stream = $1 order by sequence desc limit 1), 0), "
    "coalesce(greatest(p.sequence, 0), 0), coalesce(p.rows_read, 0), coalesce(p.rejected, 0), "
    "(select count(*) from data_gaps where stream = $1 and state = 'open') "
    "from (values ($1::text)) as named (stream) left join formatted_positions p using (stream)";
constexpr const char* select_gaps =
    "select stream, to_char(gap_from at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
    "to_char(gap_to at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
    "concat_ws(' ', nullif(channel, ''), nullif(symbol, ''), nullif(interval_name, ''), nullif(account, ''), "
    "first_missing::text || '-' || last_missing), reason, state, outcome "
    "from data_gaps where not $1 or state = 'open' order by noted_at desc limit $2";

}  // namespace

result<std::vector<stream_overview>> read_raw_overview(const database_config& config) {
  std::vector<stream_overview> out;
  auto done = run_blocking(config, [&](pqxx::connection_base& c) {
    pqxx::work tx(c);
    for (const auto& stream : detail::read_streams(tx)) {
      const auto row = tx.exec_params(select_stream, stream)[0];
      out.push_back({stream, row[0].as<std::uint64_t>(), row[1].as<std::uint64_t>(), row[2].as<std::uint64_t>(),
                     row[3].as<std::uint64_t>(), row[4].as<std::uint64_t>()});
    }
  });
  if (!done) return std::unexpected(done.error());
  return out;
}

result<std::vector<gap_overview>> read_gaps(const database_config& config, bool open_only, int limit) {
  std::vector<gap_overview> out;
  auto done = run_blocking(config, [&](pqxx::connection_base& c) {
    pqxx::work tx(c);
    for (const auto& row : tx.exec_params(select_gaps, open_only, limit))
      out.push_back({row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<std::string>(), row[3].as<std::string>(),
                     row[4].as<std::string>(), row[5].as<std::string>(), row[6].as<std::string>()});
  });
  if (!done) return std::unexpected(done.error());
  return out;
}

}  // namespace drover::engine
