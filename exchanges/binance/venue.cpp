#include "exchanges/binance/venue.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "exchanges/binance/account.hpp"
#include "exchanges/binance/market_stream.hpp"
#include "exchanges/binance/parse.hpp"
#include "exchanges/market_data_hub.hpp"

namespace drover::exchanges::binance {

namespace {

/// The list of all instruments is by far the largest answer there is.
constexpr std::size_t exchange_info_limit = 64 * 1024 * 1024;

rate_options make_limits(const exchange_config& config) {
  rate_options options;
  options.share = static_cast<double>(config.weight_limit_per_minute) / rate_rules[rules::request_weight].limit;
  options.source_addresses = config.source_addresses;
  return options;
}

/// One upstream connection with the instruments assigned to it.
struct market_line {
  market_line(market_stream::events e, const exchange_parts& parts, const stream_config& config)
      : protocol(std::move(e)), connection(parts, config, protocol) {}
  market_stream protocol;
  stream_connection connection;
};

/// Everything of the venue that runs; shared with the accounts.
class venue_core {
 public:
  venue_core(const exchange_config& config, const exchange_parts& parts)
      : config_(config),
        parts_(parts),
        scope_(parts.executor, config.name),
        ledger_(parts.executor, parts.timers, rate_rules, make_limits(config)),
        rest_(config, parts, ledger_),
        clock_(parts.executor, parts.timers, [this] { return rest_.fetch_server_time(); },
               [this](milliseconds offset) { ledger_.set_clock_offset(offset); }),
        instruments_(scope_, parts.timers, [this] { return load_instruments(); }),
        streams_(config, parts, scope_, rest_, ledger_, clock_, instruments_),
        hub_(scope_, [this](const std::string& symbol, bool wanted) { change_interest(symbol, wanted); }) {
    rest_.use_clock(clock_);
    stream_.url = market_stream_url(config);
    stream_.name = config.name + ".market";
  }

  void start() {
    if (std::exchange(started_, true)) return;
    scope_.spawn("clock", clock_.run());
  }
  task<void> stop() {
    instruments_.stop();
    scope_.stop();
    co_await scope_.join();
  }

  const exchange_config& config() const { return config_; }
  clock_sync& clock() { return clock_; }
  instrument_cache& instruments() { return instruments_; }
  market_data_hub& hub() { return hub_; }
  account_services services() { return {rest_, instruments_, streams_, config_.receive_window}; }
  exchange::health get_health() const;

 private:
  task<result<std::vector<instrument>>> load_instruments() {
    std::string no_params;
    auto body = co_await rest_.call_public(endpoints::exchange_info, std::move(no_params), lane::entry, exchange_info_limit);
    if (!body) co_return std::unexpected(body.error());
    co_return parse_exchange_info(*body);
  }

  void change_interest(const std::string& symbol, bool wanted) {
    if (!wanted) {
      for (auto& l : lines_) {
        if (!l->protocol.wants(symbol)) continue;
        l->protocol.unwant(symbol);
        l->connection.poke();
      }
      return;
    }
    auto& l = find_line();
    l.protocol.want(symbol);
    l.connection.poke();
  }

  market_line& find_line() {
    for (auto& l : lines_)
      if (l->protocol.size() < market_stream::symbol_limit) return *l;
    market_stream::events events{
        .on_ticker = [this](std::shared_ptr<const book_ticker> ticker) { hub_.publish(ticker); },
        .on_stale = [this](const std::string& symbol) { hub_.forget(symbol); }};
    auto& l = *lines_.emplace_back(std::make_unique<market_line>(std::move(events), parts_, stream_));
    scope_.spawn("market stream", l.connection.run());
    scope_.spawn("market stream sender", l.connection.run_sender());
    return l;
  }

  exchange_config config_;
  exchange_parts parts_;
  stream_config stream_;
  std::vector<std::unique_ptr<market_line>> lines_;
  bool started_ = false;
  // The scope is joined by stop() before anything below goes; it stands first because the others are given it.
  task_scope scope_;
  rate_ledger ledger_;
  rest_api rest_;
  clock_sync clock_;
  instrument_cache instruments_;
  user_stream_pool streams_;
  market_data_hub hub_;
};

exchange::health venue_core::get_health() const {
  exchange::health out;
  auto now = parts_.timers.get_clock().now();
  out.reconnects = streams_.reconnects();
  for (const auto& l : lines_) {
    out.reconnects += l->connection.reconnects();
    if (!l->protocol.wants_connection()) continue;
    auto last = l->connection.last_frame_at();
    if (!last) continue;
    auto age = std::chrono::ceil<milliseconds>(now - *last);
    out.market_data_age = std::max(out.market_data_age.value_or(age), age);
  }
  out.weight_used_ratio = ledger_.used_ratio();
  if (auto left = ledger_.banned_for()) out.banned_for = std::chrono::ceil<milliseconds>(*left);
  return out;
}

class binance_exchange final : public exchange {
 public:
  binance_exchange(const exchange_config& config, const exchange_parts& parts)
      : core_(std::make_shared<venue_core>(config, parts)) {}

  const std::string& name() const override { return core_->config().name; }
  const venue_traits& traits() const override { return get_traits(); }
  milliseconds clock_offset() const override { return core_->clock().offset(); }
  task<result<std::shared_ptr<const instrument>>> find_instrument(std::string symbol) override {
    return core_->instruments().find(std::move(symbol));
  }
  std::unique_ptr<market_subscription> subscribe_book_ticker(
      std::string symbol, std::function<void(const std::shared_ptr<const book_ticker>&)> on_ticker) override {
    return core_->hub().subscribe(symbol, std::move(on_ticker));
  }
  std::unique_ptr<market_subscription> subscribe_trades(
      std::string, std::function<void(const std::shared_ptr<const public_trade>&)>) override {
    return nullptr;
  }
  std::unique_ptr<market_subscription> subscribe_book(
      std::string, std::function<void(const std::shared_ptr<const book_view>&)>) override {
    return nullptr;
  }
  std::unique_ptr<market_subscription> subscribe_candles(
      std::string, candle_interval, std::function<void(const std::shared_ptr<const candle_update>&)>) override {
    return nullptr;
  }
  std::unique_ptr<exchange_account> open_account(credential_source keys, std::string account_label) override {
    return std::make_unique<account>(core_, core_->services(), std::move(keys), std::move(account_label));
  }
  void start() override { core_->start(); }
  task<void> stop() override { return core_->stop(); }
  health get_health() const override { return core_->get_health(); }

 private:
  std::shared_ptr<venue_core> core_;
};

}  // namespace

const venue_traits& get_traits() {
  static const venue_traits traits{
      .name = "binance",
      .live = {"https://api.binance.com", "wss://stream.binance.com:9443", "wss://ws-api.binance.com:443"},
      .testnet = venue_urls{"https://testnet.binance.vision", "wss://stream.testnet.binance.vision",
                            "wss://ws-api.testnet.binance.vision"}};
  return traits;
}

std::unique_ptr<exchange> make_binance(const exchange_config& config, exchange_parts parts) {
  return std::make_unique<binance_exchange>(config, parts);
}

}  // namespace drover::exchanges::binance
