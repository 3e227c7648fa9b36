#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "exchanges/raw/raw_interpreter.hpp"

namespace drover::engine {

/// Counted up whenever the same raw rows would compile to something else: `engine rebuild` then brings old rows up to date.
inline constexpr int compiler_version = 2;

/// The raw row that a formatted row came from.
struct raw_origin {
  std::string stream;
  std::uint64_t sequence = 0;
  wall_time received_at;
  /// Which of several that raw row told; not stored.
  std::size_t item = 0;
  auto order() const { return std::tie(received_at, stream, sequence, item); }
};

struct balance_row {
  std::string exchange, account;
  exchanges::balance balance;
  raw_origin origin;
};
struct order_row {
  std::string exchange, account;
  exchanges::order order;
  raw_origin origin;
};
struct fill_row {
  std::string exchange, account;
  exchanges::fill fill;
  raw_origin origin;
};
struct candle_row {
  std::string exchange;
  exchanges::candle candle;
  raw_origin origin;
};
struct reject_row {
  std::string operation, reason;
  raw_origin origin;
};

/// Rows by their tables' primary keys: of what comes twice the one that the table keeps. Which that is follows from the rows
/// alone (formatted_store_postgres.cpp says the same in SQL), so that batches may be cut anywhere and compiled in any order.
class formatted_rows {
 public:
  using key = std::vector<std::string>;
  /// Times are kept as the tables keep them, in microseconds.
  void add(const exchanges::spool_record&, exchanges::interpreted_record);

  /// Account, asset, hour.
  std::map<key, balance_row> balances;
  std::map<key, order_row> orders;
  std::map<key, fill_row> fills;
  std::map<key, candle_row> candles;
  std::vector<reject_row> rejects;
};

/// Text that PostgreSQL takes, bounded.
std::string to_stored_text(std::string_view, std::size_t limit);

}  // namespace drover::engine
