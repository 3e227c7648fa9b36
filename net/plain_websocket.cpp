#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>

#include "net/websocket_peer.hpp"

namespace drover::net {

namespace {

using boost::system::error_code;

/// Reads of one session before the others get their turn.
constexpr int reads_per_turn = 4;

class plain_websocket final : public websocket_peer {
 public:
  plain_websocket(std::shared_ptr<server_core> core, server_socket socket, std::shared_ptr<websocket_handler> handler,
                  address_lease address)
      : websocket_peer(std::move(core), std::move(handler), std::move(address)), socket_(std::move(socket)) {}

  void start(std::string_view leftover) override {
    open(leftover);
    if (dead())
      finish();
    else
      wait_for_input();
  }

  void flush() override {
    note_flushing();
    if (!waiting_for_output_) write_queued();
  }

 private:
  void wait_for_input() {
    socket_.async_wait(server_socket::wait_read, [self = boost::intrusive_ptr(this)](error_code ec) {
      self->handle_readable(ec);
    });
  }

  void handle_readable(error_code ec) {
    if (ec) die();
    if (dead()) return finish();
    auto& scratch = core().scratch;
    for (int i = 0; i < reads_per_turn; ++i) {
      const auto size = socket_.read_some(asio::buffer(scratch), ec);
      if (ec == asio::error::would_block || ec == asio::error::interrupted) break;
      if (ec) die();
      if (ec || !handle_input({scratch.data(), size})) return finish();
      if (size < scratch.size()) break;
    }
    wait_for_input();
  }

  void write_queued() {
    error_code ec;
    auto& buffers = core().output_buffers;
    while (has_output() && !dead()) {
      gather(buffers);
      const auto size = socket_.write_some(buffers, ec);
      if (ec == asio::error::interrupted) continue;
      if (ec == asio::error::would_block) return wait_for_output();
      if (ec) return die();
      consume(size);
    }
    if (!dead()) note_output_drained();
  }

  void wait_for_output() {
    waiting_for_output_ = true;
    socket_.async_wait(server_socket::wait_write, [self = boost::intrusive_ptr(this)](error_code ec) {
      self->waiting_for_output_ = false;
      if (ec) self->die();
      if (!self->dead()) self->write_queued();
    });
  }

  void shutdown_send() override {
    error_code ignored;
    socket_.shutdown(server_socket::shutdown_send, ignored);
  }

  void cut() override {
    error_code ignored;
    socket_.close(ignored);
  }

  server_socket socket_;
  bool waiting_for_output_ = false;
};

}  // namespace

boost::intrusive_ptr<websocket_peer> make_plain_websocket(std::shared_ptr<server_core> core, server_socket socket,
                                                          std::shared_ptr<websocket_handler> handler,
                                                          address_lease address) {
  return new plain_websocket(std::move(core), std::move(socket), std::move(handler), std::move(address));
}

}  // namespace drover::net
