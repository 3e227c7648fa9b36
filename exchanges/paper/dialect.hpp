#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "exchanges/paper/request_meter.hpp"
#include "exchanges/paper/simulated_venue.hpp"
#include "net/http_server.hpp"

namespace drover::exchanges::paper {

/// A venue's way to speak over HTTP and WebSocket: paths, signatures, words and errors. It trades on the venue-neutral
/// simulated_venue, hears what happens to the accounts of its venue and in all markets, and knows nothing of other
/// dialects. Construct it after simulated_venue::open() and before any account is made. One thread.
class dialect : public venue_listener {
 public:
  dialect(simulated_venue&, venue_habits);
  dialect(const dialect&) = delete;
  dialect& operator=(const dialect&) = delete;

  const venue_habits& habits() const { return habits_; }
  std::string_view name() const { return habits_.name; }
  request_meter& meter() { return meter_; }
  const request_meter& meter() const { return meter_; }

  /// Answers at once; never throws for what the caller sent. The request's path is without `prefix`, which is "" or
  /// "/<name>" and only matters where an answer holds addresses, see make_address(). WebSockets are accepted by setting
  /// http_response::websocket.
  virtual net::http_response handle(const net::http_request&, std::string_view prefix) = 0;
  /// The venue's answer when a fault strikes: error_after_placing, error_5xx, rate_limit, ban. Waits are fault::delay.
  virtual net::http_response make_fault_response(const fault&) = 0;

 protected:
  simulated_venue& venue() const { return venue_; }
  /// An account of this venue; nullptr for unknown keys and those of other venues.
  const api_account* find_account(std::string_view api_key) const { return venue_.accounts().find(name(), api_key); }
  /// The address by which the caller reached this dialect: "http://127.0.0.1:9000/kucoin" (https with TLS), or with ws
  /// and wss.
  std::string make_address(const net::http_request&, std::string_view prefix, bool websocket) const;

 private:
  simulated_venue& venue_;
  venue_habits habits_;
  request_meter meter_;
};

}  // namespace drover::exchanges::paper
