#pragma once

#include <map>
#include <string>

#include "exchanges/protocol/market_wire.hpp"

namespace drover::exchanges::binance {

/// The combined market stream.
class market_wire final : public exchanges::market_wire {
 public:
  const stream_habits& habits() const override;
  book_rules books() const override { return {book_continuity::first_follows_last, true, 0}; }
  std::string make_url(std::string_view configured, int group, const stream_access*) const override;
  std::vector<std::string> open() override { return {}; }
  std::string make_subscription(bool subscribe, std::span<const market_topic>, std::int64_t id) override;
  result<void> read(std::string_view frame, const instrument_table&, market_events&) override;

 private:
  std::string to_canonical(std::string_view venue_symbol, const instrument_table&) const;

  /// Venue's name → ours, of everything that was ever asked for here.
  std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace drover::exchanges::binance
