#pragma once

#include <memory>
#include <string_view>

#include "exchanges/paper/simulated_venue.hpp"
#include "net/http_server.hpp"

namespace drover::exchanges::paper {

/// A venue's way to speak over HTTP and WebSocket: paths, signatures, words and errors. It trades on the venue-neutral
/// simulated_venue and knows nothing of other dialects. One thread.
class dialect {
 public:
  virtual ~dialect() = default;
  /// Whether a request path belongs to this dialect.
  virtual bool owns(std::string_view path) const = 0;
  /// Answers at once; never throws for what the caller sent.
  virtual net::http_response handle(const net::http_request&) = 0;
  /// The venue's answer when a fault strikes (error_after_placing, error_5xx, rate_limit, ban).
  virtual net::http_response make_fault_response(const fault&) = 0;
};

std::unique_ptr<dialect> make_binance_dialect(simulated_venue&);

}  // namespace drover::exchanges::paper
