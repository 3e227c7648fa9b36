#pragma once

#include <memory>
#include <string>

#include "base/timer.hpp"
#include "base/transport.hpp"

namespace drover::net {

struct http_client_config {
  /// Connections kept open per host; requests beyond wait inside their own deadline.
  std::size_t connections_per_host = 64;
  nanoseconds idle_limit = 60s;
  /// PEM bundle used instead of the system's trust store (tests, private venues). TLS >= 1.2, host name verified.
  std::string ca_file;
  /// Sent as User-Agent.
  std::string user_agent = "drover";
};

std::unique_ptr<http_client> make_http_client(executor, timer_queue&, http_client_config);
std::unique_ptr<websocket_connector> make_websocket_connector(executor, timer_queue&, http_client_config);

/// errc::io when the bundle (empty: the system's trust store) cannot be loaded.
result<void> check_ca_file(const std::string& ca_file);

/// scheme, host, port ("443"), path+query of an absolute http, https, ws or wss URL.
struct url_parts {
  std::string scheme, host, port, target;
};
result<url_parts> parse_url(std::string_view);

}  // namespace drover::net
