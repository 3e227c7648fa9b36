#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exchanges/types.hpp"

namespace drover::exchanges {

/// What a venue trades at one moment. Immutable, shared by pointer.
class instrument_table {
 public:
  instrument_table() = default;
  explicit instrument_table(std::vector<instrument>);

  /// By canonical symbol; null when the venue does not list it.
  std::shared_ptr<const instrument> find(const std::string& symbol) const;
  /// "BTCUSDT" → "BTC/USDT". A name that was listed after this table was read is split at a known quote asset; one that
  /// cannot be split is answered as it is.
  std::string to_canonical(std::string_view venue_symbol) const;
  std::size_t size() const { return by_symbol_.size(); }

 private:
  std::unordered_map<std::string, std::shared_ptr<const instrument>> by_symbol_;
  std::unordered_map<std::string, std::string> canonical_;
  /// Longest first.
  std::vector<std::string> quotes_;
};

}  // namespace drover::exchanges
