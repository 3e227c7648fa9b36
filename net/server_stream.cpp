#include "net/server_stream.hpp"

#include <algorithm>

namespace drover::net {

write_progress write_now(server_socket& socket, std::string_view& head, std::string_view& body) {
  while (!head.empty() || !body.empty()) {
    boost::system::error_code ec;
    const std::array<asio::const_buffer, 2> both{asio::const_buffer(head.data(), head.size()),
                                                 asio::const_buffer(body.data(), body.size())};
    auto written = body.empty() ? socket.write_some(both[0], ec) : socket.write_some(both, ec);
    if (ec == asio::error::would_block) return write_progress::blocked;
    if (ec == asio::error::interrupted) continue;
    if (ec) return write_progress::failed;
    const auto of_head = std::min(written, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(written - of_head);
  }
  return write_progress::done;
}

}  // namespace drover::net
