#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exchanges/paper/frame_sender.hpp"

namespace drover::exchanges::paper::binance {

class market_session;

/// One public stream ("btcusdt@bookTicker") and who listens. A frame is composed once, and only when somebody listens.
class market_stream {
 public:
  explicit market_stream(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }
  bool has_listeners() const { return !plain_.empty() || !combined_.empty(); }
  void add(market_session*);
  void remove(market_session*);

  template <class Render>
  void publish(Render render) {
    if (has_listeners()) broadcast(render());
  }

 private:
  void broadcast(std::string text);
  std::string name_;
  /// nullptr: left during a broadcast.
  std::vector<market_session*> plain_, combined_;
  bool broadcasting_ = false;
};

enum class channel { book_ticker, depth, depth_100ms, trade, aggregate_trade, mini_ticker, ticker, candle_1s, candle_1m };
inline constexpr std::size_t channel_count = 9;

/// All public streams. Server's thread.
class market_streams {
 public:
  void add_instrument(std::string_view venue_symbol);
  market_stream& get(instrument_number n, channel c) { return *streams_[to_index(n)][static_cast<std::size_t>(c)]; }
  /// nullptr for a stream that never says anything.
  market_stream* find(std::string_view name);

 private:
  std::vector<std::array<std::unique_ptr<market_stream>, channel_count>> streams_;
  std::unordered_map<std::string, market_stream*> by_name_;
};

/// One client on /ws… or /stream….
class market_session final : public net::websocket_handler {
 public:
  static constexpr std::size_t stream_limit = 1'024;
  static constexpr int messages_per_second_limit = 5;

  market_session(simulated_venue&, market_streams&, std::string path, bool combined, std::vector<std::string> names);
  ~market_session() override;
  bool combined() const { return combined_; }
  void send(shared_text text) { sender_.send(std::move(text)); }

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;

 private:
  bool subscribe(const std::string& name);
  void unsubscribe(const std::string& name);
  void leave_all();
  bool too_fast();
  std::string answer(std::string_view message);

  simulated_venue& venue_;
  market_streams& streams_;
  frame_sender sender_;
  bool combined_;
  std::vector<std::string> names_;
  std::int64_t second_ = 0;
  int messages_ = 0;
};

}  // namespace drover::exchanges::paper::binance
