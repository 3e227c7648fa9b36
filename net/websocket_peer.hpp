#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/server_core.hpp"
#include "net/websocket_codec.hpp"

namespace drover::net {

/// One accepted WebSocket without its socket: decoding, queueing, closing. Internal to net/. The subclass keeps exactly
/// one read pending (or is inside its callback) until finish() was called.
class websocket_peer : public websocket_connection {
 public:
  bool send(std::shared_ptr<const std::string> text) override;
  bool send_binary(std::shared_ptr<const std::string> bytes) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void abort() override;
  std::size_t queued_bytes() const override { return queued_bytes_; }
  std::string_view remote_address() const override { return address_.text(); }
  void sweep(steady_time now) override;

  /// After the 101 is written. `leftover`: bytes the client sent behind its handshake.
  virtual void start(std::string_view leftover) = 0;

 protected:
  websocket_peer(std::shared_ptr<server_core>, std::shared_ptr<websocket_handler>, address_lease);
  ~websocket_peer() override;

  /// Announces the session and handles `leftover`.
  void open(std::string_view leftover);
  /// Decodes what the socket gave; answers false when the session is dead.
  bool handle_input(std::span<char> input);
  /// The socket is gone: tells the handler. Last call of the subclass.
  void finish();
  bool dead() const { return dead_; }
  void die();

  /// What is queued, as at most buffer_limit buffers; valid until the next consume().
  static constexpr std::size_t buffer_limit = 64;
  void gather(std::vector<asio::const_buffer>&) const;
  void consume(std::size_t bytes);
  bool has_output() const { return head_ < queue_.size(); }
  /// Everything queued is written: ends our side when the closing handshake is done.
  void note_output_drained();

  server_core& core() { return *core_; }

  virtual void shutdown_send() = 0;
  virtual void cut() = 0;

 private:
  struct frame {
    std::shared_ptr<const std::string> payload;
    std::array<unsigned char, websocket_header_limit_bytes> header;
    std::uint8_t header_size = 0;
    std::size_t size() const { return header_size + (payload ? payload->size() : 0); }
  };
  bool send_message(websocket_opcode, std::shared_ptr<const std::string>);
  void push(websocket_opcode, std::shared_ptr<const std::string> payload);
  void drop_unsent();
  void release_queue();
  void handle_event(const websocket_event&);
  void handle_close(const websocket_event&);
  void schedule_flush();

  std::shared_ptr<server_core> core_;
  address_lease address_;
  std::shared_ptr<websocket_handler> handler_;
  websocket_decoder decoder_;
  std::vector<frame> queue_;
  std::size_t queued_bytes_ = 0;
  steady_time last_input_;
  steady_time close_deadline_ = never;
  std::uint32_t head_ = 0;
  /// Bytes of the frame at head_ that are written.
  std::uint32_t head_offset_ = 0;
  std::uint16_t close_code_ = 1006;
  bool close_queued_ = false, close_received_ = false, input_refused_ = false;
  bool shut_down_ = false, dead_ = false, finished_ = false, flush_scheduled_ = false, pinged_ = false;

 protected:
  void note_flushing() { flush_scheduled_ = false; }
};

/// Sessions on a plain socket hold no buffer and no coroutine: a pending wait for readability is all.
boost::intrusive_ptr<websocket_peer> make_plain_websocket(std::shared_ptr<server_core>, server_socket,
                                                          std::shared_ptr<websocket_handler>, address_lease);

}  // namespace drover::net
