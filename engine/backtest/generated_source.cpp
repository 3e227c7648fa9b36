#include <algorithm>

#include "base/random.hpp"
#include "engine/backtest/market_source.hpp"

namespace drover::engine {

namespace {

constexpr std::int64_t seconds_per_hour = 3600;
/// Square root of the seconds of a day.
const decimal root_of_day = decimal::literal("293.93876913");
/// Worth of a usual quote or trade.
const decimal level_notional(20'000);

class generated_source final : public market_source {
public:
  generated_source(generated_market m, decimal tick, decimal lot)
      : market_(m), tick_(tick), lot_(lot), random_(m.seed), mid_(m.start_price) {}

  result<std::optional<market_event>> next() override {
    if (second_ >= market_.hours * seconds_per_hour) return std::optional<market_event>();
    const auto step = decimal::divide(market_.daily_volatility * normal(), root_of_day);
    mid_ = std::max(mid_ + mid_ * step, tick_ + tick_);
    market_event out{.at = market_.begin + seconds(second_++), .top = {}, .trade = {}};
    const auto half = std::max(tick_, decimal::divide(mid_, decimal(20'000)));
    const auto bid = (mid_ - half).round_to_multiple(tick_, rounding::down);
    const auto ask = std::max((mid_ + half).round_to_multiple(tick_, rounding::up), bid + tick_);
    out.top = {bid, quantity(), ask, quantity()};
    const bool sells = random_.below(2) == 0;
    out.trade = {sells ? bid : ask, quantity(), sells};
    return std::optional(out);
  }

private:
  /// Twelve uniform numbers: near enough to a normal one, and exact.
  decimal normal() {
    std::int64_t sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<std::int64_t>(random_.below(1'000'001));
    return decimal::divide(decimal(sum - 6'000'000), decimal(1'000'000));
  }
  decimal quantity() {
    const auto percent = decimal(static_cast<std::int64_t>(5 + random_.below(195)));
    return std::max(
        lot_, decimal::divide(level_notional * percent, mid_ * decimal(100)).round_to_multiple(lot_, rounding::down));
  }

  generated_market market_;
  decimal tick_, lot_;
  seeded_random random_;
  decimal mid_;
  std::int64_t second_ = 0;
};

}  // namespace

std::unique_ptr<market_source> make_generated_source(generated_market m, decimal tick, decimal lot) {
  return std::make_unique<generated_source>(m, tick, lot);
}

}  // namespace drover::engine
