#include "exchanges/runtime/venue_exchange.hpp"

#include <utility>
#include <vector>

#include "exchanges/runtime/venue_account.hpp"
#include "exchanges/runtime/venue_core.hpp"

namespace drover::exchanges {

namespace {

class venue_exchange final : public exchange {
 public:
  explicit venue_exchange(std::shared_ptr<venue_core> core) : core_(std::move(core)) {}

  const std::string& name() const override { return core_->config().name; }
  const venue_traits& traits() const override { return core_->traits(); }
  milliseconds clock_offset() const override { return core_->clock().offset(); }
  task<result<std::shared_ptr<const instrument>>> find_instrument(std::string symbol) override {
    return core_->instruments().find(std::move(symbol));
  }
  std::unique_ptr<market_subscription> subscribe_book_ticker(
      std::string symbol, std::function<void(const std::shared_ptr<const book_ticker>&)> on_ticker) override {
    return core_->market().hub().subscribe(symbol, std::move(on_ticker));
  }
  std::unique_ptr<market_subscription> subscribe_trades(
      std::string symbol, std::function<void(const std::shared_ptr<const public_trade>&)> on_trade) override {
    return core_->market().hub().subscribe_trades(symbol, std::move(on_trade));
  }
  std::unique_ptr<market_subscription> subscribe_book(
      std::string symbol, std::function<void(const std::shared_ptr<const book_view>&)> on_book) override {
    return core_->market().hub().subscribe_book(symbol, std::move(on_book));
  }
  std::unique_ptr<market_subscription> subscribe_candles(
      std::string symbol, candle_interval interval,
      std::function<void(const std::shared_ptr<const candle_update>&)> on_candle) override {
    return core_->market().hub().subscribe_candles(symbol, interval, std::move(on_candle));
  }
  task<result<venue_answer>> ask_public(venue_call call, lane l) override {
    if (is_private(call.op)) return refuse_private();
    return core_->gateway().call(std::move(call), l);
  }
  std::unique_ptr<exchange_account> open_account(credential_source keys, std::string account_label) override {
    return std::make_unique<venue_account>(core_, std::move(keys), std::move(account_label));
  }
  void start() override {
    core_->start();
    for (const auto& symbol : core_->config().recorded.symbols)
      for (const auto channel : core_->config().recorded.channels) recorded_.push_back(listen(channel, symbol));
  }
  task<void> stop() override {
    recorded_.clear();
    return core_->stop();
  }
  health get_health() const override { return core_->get_health(); }
  rate_snapshot get_limits() const override { return core_->ledger().snapshot(); }

 private:
  /// Whatever arrives is recorded before it gets to any subscriber; this one only makes it come.
  std::unique_ptr<market_subscription> listen(market_channel channel, const std::string& symbol) {
    const auto ignore = [](const auto&) {};
    switch (channel) {
      case market_channel::ticker: return subscribe_book_ticker(symbol, ignore);
      case market_channel::trades: return subscribe_trades(symbol, ignore);
      case market_channel::book: return subscribe_book(symbol, ignore);
      case market_channel::candles: return subscribe_candles(symbol, candle_interval::m1, ignore);
    }
    return nullptr;
  }
  static task<result<venue_answer>> refuse_private() {
    co_return fail(exchange_errc::not_sent, "this question needs an account");
  }
  std::shared_ptr<venue_core> core_;
  std::vector<std::unique_ptr<market_subscription>> recorded_;
};

}  // namespace

result<std::unique_ptr<exchange>> make_venue_exchange(const exchange_config& config, exchange_parts parts,
                                                      std::unique_ptr<venue_protocol> protocol,
                                                      private_feed_factory make_feed) {
  auto resolved = resolve_addresses(config, protocol->traits());
  if (!resolved) return std::unexpected(std::move(resolved.error()));
  auto core = std::make_shared<venue_core>(*resolved, parts, std::move(protocol), make_feed);
  return std::make_unique<venue_exchange>(std::move(core));
}

}  // namespace drover::exchanges
