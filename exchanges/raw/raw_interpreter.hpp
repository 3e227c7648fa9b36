#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/protocol/venue_protocol.hpp"
#include "exchanges/raw/spool_format.hpp"

namespace drover::exchanges {

/// The protocol of a configured exchange by its name (first part of a stream's name); null when there is none of that name.
/// Called from any thread; what it answers lives as long as the interpreter.
using protocol_source = std::function<const venue_protocol*(std::string_view exchange)>;

/// "binance" of "binance.market".
std::string_view exchange_of(std::string_view stream);

/// What one raw record says, in canonical types.
struct interpreted_record {
  /// A complete list.
  std::vector<balance> balances;
  std::vector<order> orders;
  std::vector<fill> fills;
  std::vector<candle> candles;
  std::vector<public_trade> trades;
  /// Why it cannot be understood; a venue that says no, or nothing of interest, can be.
  std::optional<std::string> reject;
};

/// Reads one record by itself: the outcome depends on the record and the table only, never on records before it, so that reading
/// everything again gives the same. Frames that mean something only after others (Kraken's changes of an order) say less here
/// than they did live; the answers of REST say it all. Balances come from complete lists of REST only. Any bytes; any thread.
interpreted_record interpret_record(const venue_protocol&, const spool_record&, const instrument_table&);

/// Puts the answers of one load of the instruments together, step by step, in the order of the records.
class instrument_reader {
 public:
  explicit instrument_reader(const venue_protocol& p) : protocol_(p) {}
  /// Null until the last step of a load that could be read.
  std::shared_ptr<const instrument_table> add(const spool_record&);

 private:
  const venue_protocol& protocol_;
  std::vector<instrument> joined_;
  std::optional<venue_call> next_;
};

}  // namespace drover::exchanges
