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
  /// "binance.market", "binance.user", "binance.rest": the unit of ordering. What stands before the first dot is the name of the
  /// configured exchange.
  std::string_view stream;
  /// "GET /api/v3/account" (never the query: it holds signatures) or the channel.
  std::string_view endpoint;
  /// Account label, empty for public data.
  std::string_view account;
  int status = 0;
  std::string_view body;
  /// What was asked (to_string(operation)) and with which arguments (write_call_arguments): without them an answer cannot be
  /// read again. Empty for frames.
  std::string_view operation{};
  std::string_view arguments{};
};

/// Data of a venue that was not received.
struct data_gap {
  std::string_view stream;
  wall_time from, to;
  std::string_view reason;
  /// What exactly is missing: "trades", "candles", "book", "poll"; empty: everything that the stream carries.
  std::string_view channel{};
  std::string_view account{};
  /// Canonical; empty: all.
  std::string_view symbol{};
  /// Candles: "1m".
  std::string_view interval{};
  /// The venue's own numbers of the first and last missing thing (of a poll: the numbers of its slots); both 0 = unknown.
  std::int64_t first_missing = 0, last_missing = 0;
};

/// Keeps every byte the exchanges say. `record` is called before the bytes are interpreted, from the trading thread; it hands
/// the record to the kernel (spool file) and returns; a background task brings the spool to PostgreSQL in order, each
/// record once, also when the database was away. A full disk or queue drops market data first and leaves a gap row. Secrets
/// in the body are replaced before anything is written (redaction.hpp).
class raw_recorder {
 public:
  virtual ~raw_recorder() = default;
  virtual void record(const raw_record&) = 0;
  /// Data that could not be received: [from, to], why.
  virtual void record_gap(std::string_view stream, wall_time from, wall_time to, std::string_view reason) = 0;
  /// The same with everything that is known about it.
  virtual void note_gap(const data_gap& g) { record_gap(g.stream, g.from, g.to, g.reason); }
};

}  // namespace drover::exchanges
