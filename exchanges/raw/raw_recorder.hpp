#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/task.hpp"

namespace drover::exchanges {

enum class raw_kind { rest_response, ws_frame };

/// One thing a venue said, before anybody interpreted it (SPEC E3).
struct raw_record {
  raw_kind kind = raw_kind::ws_frame;
  /// "binance.market", "binance.user", "binance.rest": the unit of ordering.
  std::string_view stream;
  /// "GET /api/v3/account" (never the query: it holds signatures) or the channel.
  std::string_view endpoint;
  /// Account label, empty for public data.
  std::string_view account;
  int status = 0;
  std::string_view body;
};

/// Keeps every byte the exchanges say. `record` is called before the bytes are interpreted, from the trading thread; it hands
/// the record to the kernel (spool file) and returns; a background task brings the spool to PostgreSQL in order, each
/// record once, also when the database was away. A full disk or queue drops market data first and leaves a gap row.
class raw_recorder {
 public:
  virtual ~raw_recorder() = default;
  virtual void record(const raw_record&) = 0;
  /// Data that could not be received: [from, to], why.
  virtual void record_gap(std::string_view stream, wall_time from, wall_time to, std::string_view reason) = 0;
};

}  // namespace drover::exchanges
