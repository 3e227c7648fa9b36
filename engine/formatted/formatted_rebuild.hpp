#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/postgres.hpp"
#include "exchanges/raw/raw_interpreter.hpp"

namespace drover::engine {

struct rebuild_request {
  wall_time from;
  /// Empty: up to what is compiled.
  std::optional<wall_time> to;
  /// Of balances, orders, fills, candles, rejects; empty = all.
  std::set<std::string> tables;
};

struct table_content {
  std::string table;
  std::uint64_t rows = 0;
  /// Over every column but the time of compiling; independent of the order of rows.
  std::string hash;
};

struct rebuild_outcome {
  std::uint64_t raw_rows = 0, rejected = 0;
  int days = 0;
  std::vector<table_content> before, after;
};

/// Deletes what was compiled from raw rows received in [from, to) and compiles it again, a day (UTC) per transaction, up to where
/// the compiler has come. Afterwards the tables hold what compiling everything from the start would give. May run beside the
/// engine, whose compiler stands still meanwhile. Blocking, on a connection of its own; may be broken off and begun again.
///
/// errc::out_of_range: an unknown table, an empty span, or raw rows of that time were dropped by retention (names the first moment
/// that is possible). errc::overloaded: another rebuild is under way.
result<rebuild_outcome> rebuild_formatted(const database_config&, const exchanges::protocol_source&, const rebuild_request&,
                                          const std::function<void(const std::string& day, std::uint64_t raw_rows)>& on_day = {});

/// Rows and content of all tables.
result<std::vector<table_content>> read_formatted_content(const database_config&);

}  // namespace drover::engine
