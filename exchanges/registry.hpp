#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/timer.hpp"
#include "base/transport.hpp"
#include "exchanges/exchange.hpp"
#include "exchanges/raw/raw_recorder.hpp"

namespace drover::exchanges {

/// One configured venue (`exchanges:` list of the configuration).
struct exchange_config {
  /// What users name: "binance", "paper".
  std::string name;
  /// Which protocol it speaks: "binance".
  std::string dialect;
  std::string rest_url, stream_url, ws_api_url;
  std::string ca_file;
  milliseconds request_timeout{10'000};
  milliseconds receive_window{5'000};
  /// Share of the venue's published limits that this process uses.
  int weight_limit_per_minute = 6000;
  /// The venue has a passphrase besides key and secret.
  bool needs_passphrase = false;
  /// Accept keys whose permission to withdraw cannot be read (venues without such an endpoint).
  bool allow_unknown_permissions = false;
};

/// What a venue is built from; references outlive it.
struct exchange_parts {
  drover::executor executor;
  timer_queue& timers;
  random_source& random;
  http_client& http;
  websocket_connector& websockets;
  raw_recorder& recorder;
};

/// Known dialects, for messages.
std::vector<std::string> known_dialects();
/// errc::not_found for an unknown dialect, naming the known ones.
result<std::unique_ptr<exchange>> make_exchange(const exchange_config&, exchange_parts);

}  // namespace drover::exchanges
