#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/paper/frame_sender.hpp"
#include "exchanges/paper/topic_board.hpp"

namespace drover::exchanges::paper::binance {

enum class channel { book_ticker, depth, depth_100ms, trade, aggregate_trade, mini_ticker, ticker, candle_1s, candle_1m };
inline constexpr std::size_t channel_count = 9;

/// All public streams ("btcusdt@bookTicker"). Listeners of /stream get frames wrapped with the stream's name. Server's
/// thread.
class market_streams {
 public:
  void add_instrument(std::string_view venue_symbol);
  topic_board& board(bool combined) { return combined ? combined_ : plain_; }

  template <class Render>
  void publish(instrument_number n, channel c, Render render) {
    auto& both = streams_[to_index(n)][static_cast<std::size_t>(c)];
    if (!both.combined->has_listeners()) return both.plain->publish(render);
    const std::string text = render();
    both.combined->publish([&] { return wrap(both.combined->name(), text); });
    both.plain->publish([&] { return text; });
  }

 private:
  struct stream {
    topic* plain = nullptr;
    topic* combined = nullptr;
  };
  static std::string wrap(std::string_view name, std::string_view text);
  topic_board plain_, combined_;
  std::vector<std::array<stream, channel_count>> streams_;
};

/// One client on /ws… or /stream….
class market_session final : public net::websocket_handler, public topic_listener {
 public:
  static constexpr std::size_t stream_limit = 1'024;
  static constexpr int messages_per_second_limit = 5;

  market_session(simulated_venue&, market_streams&, std::string path, bool combined, const std::vector<std::string>& names);
  void send(shared_text text) override { sender_.send(std::move(text)); }

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;

 private:
  bool subscribe(const std::string& name);
  bool too_fast();
  std::string answer(std::string_view message);

  simulated_venue& venue_;
  topic_board& board_;
  frame_sender sender_;
  topic_subscriptions subscriptions_;
  std::int64_t second_ = 0;
  int messages_ = 0;
};

}  // namespace drover::exchanges::paper::binance
