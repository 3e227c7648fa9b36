#pragma once

#include <pqxx/pqxx>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/formatted/formatted_rows.hpp"
#include "engine/formatted/formatted_store.hpp"

/// What the compiler and the rebuild share: reading raw rows, the tables of instruments in force, writing rows.
namespace drover::engine::detail {

/// Held shared for the length of each batch, and exclusively by a rebuild.
inline constexpr long long compile_lock = 0x44525652464d54;

inline const std::set<std::string> all_formatted_tables{"balances", "orders", "fills", "candles", "rejects"};

/// Rows of `stream` behind `after`, at most `upto`, received within [from, to), oldest first, within the limits.
struct raw_range {
  std::string stream;
  std::uint64_t after = 0;
  std::uint64_t upto = 0;
  /// RFC 3339, empty: unbounded.
  std::string from, to;
};
std::vector<exchanges::spool_record> read_raw_rows(pqxx::connection_base&, pqxx::transaction_base&, const raw_range&, compile_limits);

/// Names of all streams with raw rows.
std::vector<std::string> read_streams(pqxx::transaction_base&);

/// The instruments of exchanges as of any moment, by their own raw records. Keeps the last few. Not copyable, one thread at a time.
class instrument_history {
 public:
  explicit instrument_history(exchanges::protocol_source p) : protocols_(std::move(p)) {}
  using table = std::shared_ptr<const exchanges::instrument_table>;
  /// In force from its moment on, oldest first; what was in force before the first one is an empty table.
  using timeline = std::vector<std::pair<wall_time, table>>;
  timeline find(pqxx::connection_base&, pqxx::transaction_base&, const std::string& exchange, wall_time from, wall_time to);

 private:
  struct load;
  table read(pqxx::connection_base&, pqxx::transaction_base&, const std::string& stream, const load&);
  exchanges::protocol_source protocols_;
  /// By stream and the number of the load's last record; null = could not be read.
  std::map<std::pair<std::string, std::uint64_t>, table> known_;
};

/// Interprets the rows with the instruments of their time.
formatted_rows compile_rows(pqxx::connection_base&, pqxx::transaction_base&, const exchanges::protocol_source&, instrument_history&,
                            const std::vector<exchanges::spool_record>&);

/// The public trades that the rows tell of.
std::vector<exchanges::public_trade> read_trades(pqxx::connection_base&, pqxx::transaction_base&, const exchanges::venue_protocol&,
                                                 instrument_history&, const std::vector<exchanges::spool_record>&);

/// Into the named tables only.
void write_rows(pqxx::connection_base&, pqxx::transaction_base&, const formatted_rows&, const std::set<std::string>& tables);

}  // namespace drover::engine::detail
