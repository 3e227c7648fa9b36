#include "exchanges/paper/dialect.hpp"

#include <fmt/core.h>

namespace drover::exchanges::paper {

dialect::dialect(simulated_venue& venue, venue_habits habits)
    : venue_(venue), habits_(std::move(habits)), meter_(venue.config().enforce_limits) {
  venue_.add_venue(habits_, *this);
}

std::string dialect::make_address(const net::http_request& request, std::string_view prefix, bool websocket) const {
  const bool tls = !venue_.config().tls_certificate_file.empty();
  const std::string_view scheme = websocket ? (tls ? "wss" : "ws") : (tls ? "https" : "http");
  return fmt::format("{}://{}{}", scheme, find_header(request.headers, "Host"), prefix);
}

}  // namespace drover::exchanges::paper
