#include "net/response_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "net/http_text.hpp"

namespace drover::net {

namespace {

constexpr std::string_view websocket_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool is_owned_by_server(std::string_view name) {
  static constexpr std::array<std::string_view, 6> owned{"Connection", "Content-Length", "Transfer-Encoding", "Date",
                                                         "Upgrade",    "Sec-WebSocket-Accept"};
  return std::any_of(owned.begin(), owned.end(), [&](auto o) { return equals_ignoring_case(o, name); });
}

bool are_safe(const header_list& headers) {
  return std::all_of(headers.begin(), headers.end(),
                     [](const auto& h) { return is_token(h.first) && is_header_value(h.second); });
}

void append_headers(const header_list& headers, std::string& out) {
  for (const auto& [name, value] : headers) {
    if (is_owned_by_server(name)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
}

void append_status_line(int status, std::string& out) {
  if (status == 200)
    out += "HTTP/1.1 200 OK\r\n";
  else
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", status, status_reason(status));
}

bool has_no_body(int status) { return status == 204 || status == 304 || status < 200; }

}  // namespace

bool append_response_head(const http_response& response, const response_framing& framing, std::string& out) {
  if (response.status < 200 || response.status > 599 || !are_safe(response.headers)) return false;
  append_status_line(response.status, out);
  out += framing.date_header;
  if (!has_no_body(response.status)) {
    const auto size = response.shared_body ? response.shared_body->size() : response.body.size();
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", size);
  }
  if (!framing.keep_alive) out += "Connection: close\r\n";
  append_headers(response.headers, out);
  out += "\r\n";
  return true;
}

bool append_websocket_accept(const http_response& response, std::string_view key, std::string_view date_header,
                             std::string& out) {
  if (!are_safe(response.headers)) return false;
  append_status_line(101, out);
  out += date_header;
  out += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ";
  out += to_base64(crypto::sha1(std::string(key).append(websocket_guid)));
  out += "\r\n";
  append_headers(response.headers, out);
  out += "\r\n";
  return true;
}

std::string_view get_response_body(const http_response& response, bool head_request) {
  if (head_request || has_no_body(response.status)) return {};
  return response.shared_body ? std::string_view(*response.shared_body) : std::string_view(response.body);
}

}  // namespace drover::net
