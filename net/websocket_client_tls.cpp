#include <boost/beast/websocket/ssl.hpp>

#include "net/websocket_client_impl.hpp"

namespace drover::net {

template task<result<std::unique_ptr<websocket_client>>> shake_websocket_hands<client_tls_stream>(
    timer_queue&, std::unique_ptr<client_socket>, client_tls_stream&, url_parts, websocket_options, std::string,
    step_deadline&);

}  // namespace drover::net
