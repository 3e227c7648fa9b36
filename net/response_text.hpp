#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.hpp"

/// Responses as bytes. Internal to net/.
namespace drover::net {

struct response_framing {
  bool head_request = false;
  bool keep_alive = true;
  /// "Date: …\r\n"
  std::string_view date_header;
};

/// Appends status line and headers, blank line included. The server owns Connection, Content-Length,
/// Transfer-Encoding and Date: a handler's own are left out. False (nothing appended) when a header name or value
/// could split the response.
bool append_response_head(const http_response&, const response_framing&, std::string& out);
/// Status line and headers of a 101; `key` as the client sent it.
bool append_websocket_accept(const http_response&, std::string_view key, std::string_view date_header, std::string& out);

/// What goes after the head: nothing for HEAD, 204 and 304.
std::string_view get_response_body(const http_response&, bool head_request);

}  // namespace drover::net
