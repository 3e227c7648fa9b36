#include "net/websocket_client_impl.hpp"

namespace drover::net {

template task<result<std::unique_ptr<websocket_client>>> shake_websocket_hands<asio::ip::tcp::socket>(
    timer_queue&, std::unique_ptr<client_socket>, asio::ip::tcp::socket&, url_parts, websocket_options, std::string,
    step_deadline&);

}  // namespace drover::net
