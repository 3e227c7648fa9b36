#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "exchanges/protocol/operation.hpp"
#include "exchanges/raw/raw_recorder.hpp"

namespace drover::exchanges {

/// Reads that were wanted and got no answer, for whatever reason: no budget in time, an open breaker, no connection, no
/// answer (SPEC E3: a series of polls never silently misses one). The first miss of a series is a gap row at once;
/// those that follow it are counted, and when an answer comes, or many are together, a row tells their number and time.
/// A series is an operation of an account on a symbol. Trading thread only.
class missed_polls {
public:
  static constexpr std::uint64_t misses_per_row = 60;
  /// A row that is due is not put off for longer: what is only counted, a kill would lose.
  static constexpr nanoseconds row_interval = 60s;
  /// Series that miss at the same time and are counted together; further misses have a row each.
  static constexpr std::size_t series_limit = 20'000;

  /// `stream` as in the records of the answers ("binance.rest").
  missed_polls(raw_recorder&, const clock&, std::string stream);
  ~missed_polls();
  missed_polls(const missed_polls&) = delete;
  missed_polls& operator=(const missed_polls&) = delete;

  void missed(operation, std::string_view symbol, std::string_view account, wall_time wanted_at,
              std::string_view reason);
  void answered(operation, std::string_view symbol, std::string_view account);

private:
  using series = std::tuple<operation, std::string, std::string>;
  struct misses {
    wall_time from, to;
    std::uint64_t count = 0;
    std::string reason;
  };
  void note(const series&, wall_time from, wall_time to, std::string_view reason);
  void note_count(const series&, misses&);

  raw_recorder& recorder_;
  const clock& clock_;
  std::string stream_;
  std::map<series, misses> missing_;
};

}  // namespace drover::exchanges
