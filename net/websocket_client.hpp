#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/client_socket.hpp"
#include "net/http_client.hpp"

/// The outgoing WebSocket over a plain or TLS stream. Internal to net/.
namespace drover::net {

/// How long the peer may take to answer our close frame, and a queue of messages nobody reads may grow.
inline constexpr nanoseconds client_close_limit = 2s;
inline constexpr std::size_t client_send_queue_limit_bytes = 1024 * 1024;
inline constexpr std::size_t client_send_queue_limit_messages = 1024;

/// State shared with pending operations: it lives until the last of them has ended.
template <class Stream>
struct websocket_state : std::enable_shared_from_this<websocket_state<Stream>> {
  websocket_state(timer_queue& t, std::unique_ptr<client_socket> c, Stream& next_layer)
      : timers(t), connection(std::move(c)), stream(next_layer) {}

  timer_queue& timers;
  std::unique_ptr<client_socket> connection;
  boost::beast::websocket::stream<Stream&> stream;
  boost::beast::flat_buffer buffer;
  std::deque<std::string> queue;
  std::size_t queued_bytes = 0;
  steady_time last_frame{};
  bool writing = false, broken = false;

  void cut() {
    broken = true;
    connection->close();
  }
  void write_next();
};

template <class Stream>
class asio_websocket_client final : public websocket_client {
 public:
  explicit asio_websocket_client(std::shared_ptr<websocket_state<Stream>> state) : state_(std::move(state)) {}
  ~asio_websocket_client() override;

  task<result<std::string>> receive(nanoseconds idle_limit) override;
  task<result<void>> send(std::string text) override;
  task<void> close() override;

 private:
  void watch_silence();

  std::shared_ptr<websocket_state<Stream>> state_;
  /// One timer for all messages: when it fires it looks how long the line was silent and goes on sleeping.
  std::optional<timer_id> silence_timer_;
  nanoseconds idle_limit_{};
  bool receiving_ = false, silent_ = false;
};

/// Shakes hands on an open connection.
template <class Stream>
task<result<std::unique_ptr<websocket_client>>> shake_websocket_hands(timer_queue& timers,
                                                                      std::unique_ptr<client_socket> connection,
                                                                      Stream& next_layer, url_parts url,
                                                                      websocket_options options, std::string user_agent,
                                                                      step_deadline& deadline);

}  // namespace drover::net
