#include "app/venue_transports.hpp"

#include <utility>

#include "app/version.hpp"
#include "net/http_client.hpp"

namespace drover::app {

venue_transports::venue_transports(executor ex, timer_queue& timers) : executor_(std::move(ex)), timers_(timers) {}

result<venue_transports::clients*> venue_transports::get(const std::string& ca_file) {
  auto& kept = by_ca_file_[ca_file];
  if (kept.http) return &kept;
  if (auto readable = net::check_ca_file(ca_file); !readable) return std::unexpected(std::move(readable.error()));
  const net::http_client_config config{.ca_file = ca_file, .user_agent = std::string("drover/") + version};
  kept.http = net::make_http_client(executor_, timers_, config);
  kept.websockets = net::make_websocket_connector(executor_, timers_, config);
  return &kept;
}

}  // namespace drover::app
