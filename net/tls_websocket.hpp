#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <memory>

#include "net/websocket_peer.hpp"

namespace drover::net {

using tls_server_stream = asio::ssl::stream<server_socket>;

/// Internal to net/; after the TLS and WebSocket handshakes.
boost::intrusive_ptr<websocket_peer> make_tls_websocket(std::shared_ptr<server_core>, std::unique_ptr<tls_server_stream>,
                                                        std::shared_ptr<websocket_handler>, address_lease);

}  // namespace drover::net
