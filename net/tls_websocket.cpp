#include "net/tls_websocket.hpp"

#include <boost/asio/write.hpp>

#include "net/websocket_peer.hpp"

namespace drover::net {

namespace {

using boost::system::error_code;

constexpr std::size_t input_bytes = 4 * 1024;
constexpr std::size_t output_limit_bytes = 64 * 1024;

/// Heavier than a plain session: the TLS stream keeps its own buffers, and decrypted bytes may wait inside it across
/// turns, so input and output have memory of their own.
class tls_websocket final : public websocket_peer {
 public:
  tls_websocket(std::shared_ptr<server_core> core, std::unique_ptr<tls_server_stream> stream,
                std::shared_ptr<websocket_handler> handler, address_lease address)
      : websocket_peer(std::move(core), std::move(handler), std::move(address)), stream_(std::move(stream)) {}

  void start(std::string_view leftover) override {
    open(leftover);
    if (dead())
      finish();
    else
      read();
  }

  void flush() override {
    note_flushing();
    if (!writing_) write_queued();
  }

 private:
  void read() {
    stream_->async_read_some(asio::buffer(input_), [self = boost::intrusive_ptr(this)](error_code ec, std::size_t size) {
      if (ec) self->die();
      if (self->dead() || !self->handle_input({self->input_.data(), size})) return self->finish();
      self->read();
    });
  }

  void write_queued() {
    if (dead()) return;
    if (!has_output()) return note_output_drained();
    output_.clear();
    auto& buffers = core().output_buffers;
    while (has_output() && output_.size() < output_limit_bytes) {
      gather(buffers);
      std::size_t size = 0;
      for (const auto& b : buffers) {
        output_.append(static_cast<const char*>(b.data()), b.size());
        size += b.size();
      }
      consume(size);
    }
    writing_ = true;
    asio::async_write(*stream_, asio::buffer(output_), [self = boost::intrusive_ptr(this)](error_code ec, std::size_t) {
      self->writing_ = false;
      if (ec) self->die();
      self->write_queued();
    });
  }

  void shutdown_send() override {
    error_code ignored;
    stream_->next_layer().shutdown(server_socket::shutdown_send, ignored);
  }

  void cut() override {
    error_code ignored;
    stream_->next_layer().close(ignored);
  }

  std::unique_ptr<tls_server_stream> stream_;
  std::array<char, input_bytes> input_;
  std::string output_;
  bool writing_ = false;
};

}  // namespace

boost::intrusive_ptr<websocket_peer> make_tls_websocket(std::shared_ptr<server_core> core,
                                                        std::unique_ptr<tls_server_stream> stream,
                                                        std::shared_ptr<websocket_handler> handler,
                                                        address_lease address) {
  return new tls_websocket(std::move(core), std::move(stream), std::move(handler), std::move(address));
}

}  // namespace drover::net
