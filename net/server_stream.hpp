#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string_view>

#include "net/server_core.hpp"
#include "net/tls_websocket.hpp"
#include "net/websocket_peer.hpp"

/// What an HTTP connection needs of its stream, for plain sockets and for TLS. Internal to net/.
namespace drover::net {

/// `failed` never leaves a partial write to be continued.
enum class write_progress { done, blocked, failed };

// Plain: the socket is non-blocking, so a small answer leaves in one system call without a detour over the reactor.

inline server_socket& get_socket(server_socket& socket) { return socket; }

inline task<bool> make_ready(server_socket&) { co_return true; }

/// Writes what the kernel takes and removes it from the front of `head` and `body`.
write_progress write_now(server_socket&, std::string_view& head, std::string_view& body);

inline task<void> wait_for_output(server_socket& socket, std::string_view&, std::string_view&,
                                  boost::system::error_code& ec) {
  co_await socket.async_wait(server_socket::wait_write, asio::redirect_error(asio::use_awaitable, ec));
}

inline boost::intrusive_ptr<websocket_peer> make_websocket(std::shared_ptr<server_core> core, server_socket socket,
                                                           std::shared_ptr<websocket_handler> handler,
                                                           address_lease address) {
  return make_plain_websocket(std::move(core), std::move(socket), std::move(handler), std::move(address));
}

// TLS

/// Movable owner of a TLS stream with the reading function the connection uses.
class tls_server_socket {
 public:
  tls_server_socket(server_socket socket, asio::ssl::context& context)
      : stream_(std::make_unique<tls_server_stream>(std::move(socket), context)) {}
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return stream_->async_read_some(buffers, std::forward<Token>(token));
  }
  tls_server_stream& stream() { return *stream_; }
  std::unique_ptr<tls_server_stream> release() { return std::move(stream_); }

 private:
  std::unique_ptr<tls_server_stream> stream_;
};

inline server_socket& get_socket(tls_server_socket& socket) { return socket.stream().next_layer(); }

inline task<bool> make_ready(tls_server_socket& socket) {
  boost::system::error_code ec;
  co_await socket.stream().async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, ec));
  co_return !ec;
}

inline write_progress write_now(tls_server_socket&, std::string_view& head, std::string_view& body) {
  return head.empty() && body.empty() ? write_progress::done : write_progress::blocked;
}

inline task<void> wait_for_output(tls_server_socket& socket, std::string_view& head, std::string_view& body,
                                  boost::system::error_code& ec) {
  const std::array<asio::const_buffer, 2> buffers{asio::const_buffer(head.data(), head.size()),
                                                  asio::const_buffer(body.data(), body.size())};
  co_await asio::async_write(socket.stream(), buffers, asio::redirect_error(asio::use_awaitable, ec));
  head = body = {};
}

inline boost::intrusive_ptr<websocket_peer> make_websocket(std::shared_ptr<server_core> core, tls_server_socket socket,
                                                           std::shared_ptr<websocket_handler> handler,
                                                           address_lease address) {
  return make_tls_websocket(std::move(core), socket.release(), std::move(handler), std::move(address));
}

}  // namespace drover::net
