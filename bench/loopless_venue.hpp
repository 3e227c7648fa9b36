#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/timer.hpp"
#include "base/transport.hpp"
#include "exchanges/registry.hpp"

namespace drover::bench {

/// Of make_exchange() for the two below; its limits are out of the way.
exchanges::exchange_config loopless_config();

/// Binance without a wire: answers what a bot asks while it starts, and tells when a signed order would have left.
class loopless_http final : public http_client {
 public:
  /// Called with each POST of an order, before it is answered.
  std::function<void(const client_request&)> on_order;
  /// Answers every question for an order book.
  std::string book = R"({"lastUpdateId":1,"bids":[],"asks":[]})";
  task<result<client_response>> send(client_request request) override;

 private:
  std::int64_t last_order_ = 0;
};

/// The market stream: frames are fed by the benchmark. The private stream answers its subscription and is silent.
class loopless_websockets final : public websocket_connector {
 public:
  explicit loopless_websockets(executor e) : executor_(std::move(e)) {}
  task<result<std::unique_ptr<websocket_client>>> connect(std::string url, websocket_options) override;
  /// To every market stream, which passes over what it did not subscribe; false when there is none.
  bool feed(std::string frame);
  bool market_is_subscribed() const;
  /// On all market streams.
  std::size_t subscribed_topics() const;

  struct line {
    explicit line(executor e) : arrived(std::move(e)) {}
    std::deque<std::string> incoming;
    wake_event arrived;
    std::size_t topics = 0;
    bool market = false, subscribed = false, closed = false;
  };

 private:
  executor executor_;
  std::vector<std::shared_ptr<line>> markets_;
};

}  // namespace drover::bench
