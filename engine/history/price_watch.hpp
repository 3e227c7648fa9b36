#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/timer.hpp"
#include "exchanges/exchange.hpp"

namespace drover::engine {

struct market_key {
  std::string exchange, symbol;
  friend auto operator<=>(const market_key&, const market_key&) = default;
};

struct market_price {
  decimal bid, ask;
  /// Since it was received.
  milliseconds age{0};
  decimal mid() const { return (bid + ask) / decimal(2); }
};
using market_prices = std::map<market_key, market_price>;

/// Latest prices for pages. A market that somebody asks for is watched for a while, over the subscription that its bots share;
/// markets beyond the limit have no price. Trading thread only.
class price_watch {
 public:
  /// Markets that are watched at once.
  static constexpr std::size_t market_limit = 256;
  /// Not asked for so long: no longer watched.
  static constexpr nanoseconds idle_limit = 60s;
  /// How long an answer waits for prices that are not known yet.
  static constexpr nanoseconds patience = 300ms;

  price_watch(const std::map<std::string, std::unique_ptr<exchanges::exchange>>&, timer_queue&);
  ~price_watch();

  /// Calls `done` with the prices that are known: at once when all are, else after `patience`. A price that its venue has not
  /// confirmed for a while is told with its age.
  void ask(std::vector<market_key>, std::function<void(market_prices)> done);
  std::size_t size() const { return watched_.size(); }

 private:
  struct watched {
    std::shared_ptr<const exchanges::book_ticker> last;
    steady_time asked_at;
    std::unique_ptr<exchanges::market_subscription> subscription;
  };
  struct question {
    std::vector<market_key> markets;
    std::function<void(market_prices)> done;
    timer_id deadline{};
  };
  steady_time now() const { return timers_.get_clock().now(); }
  void watch(const market_key&);
  void heard(const market_key&, const std::shared_ptr<const exchanges::book_ticker>&);
  bool knows_all(const std::vector<market_key>&) const;
  market_prices prices_of(const std::vector<market_key>&) const;
  void sweep();

  const std::map<std::string, std::unique_ptr<exchanges::exchange>>& exchanges_;
  timer_queue& timers_;
  std::list<question> questions_;
  std::optional<timer_id> sweep_timer_;
  std::map<market_key, watched> watched_;
};

}  // namespace drover::engine
