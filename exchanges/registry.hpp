#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/timer.hpp"
#include "base/transport.hpp"
#include "exchanges/exchange.hpp"
#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/protocol/venue_options.hpp"
#include "exchanges/protocol/venue_protocol.hpp"
#include "exchanges/raw/raw_recorder.hpp"

namespace drover::exchanges {

/// Where the default addresses of a venue lead.
enum class venue_region { live, testnet };

/// Markets that are listened to, and so recorded, whether or not a bot trades there. Candles are those of one minute.
struct recorded_markets {
  static constexpr std::size_t symbols_limit = 1'000;
  /// Canonical.
  std::vector<std::string> symbols;
  std::vector<market_channel> channels{market_channel::trades, market_channel::candles};
};

/// One configured venue (`exchanges:` list of the configuration).
struct exchange_config {
  /// What users name: "binance", "paper".
  std::string name;
  /// Which protocol it speaks: "binance".
  std::string dialect;
  venue_region region = venue_region::live;
  /// Empty: the venue's own of that region. `ws_api_url` is where private streams are.
  std::string rest_url, stream_url, ws_api_url;
  /// What only this venue understands.
  venue_options options;
  std::string ca_file;
  milliseconds request_timeout{10'000};
  milliseconds receive_window{5'000};
  /// Share of each of the venue's published limits that this process uses; more than 100 only against venues that publish
  /// too little.
  int limit_percent = 100;
  /// Local IP addresses to send from, each with its own share of limits per address; empty: the system's choice. An account
  /// always uses the same one.
  std::vector<std::string> source_addresses;
  /// The venue cancels everything when it has not heard from us for so long; 0 = not asked to. Ignored where it cannot.
  milliseconds dead_man_after{0};
  /// Accept keys whose permission to withdraw cannot be read (venues without such an endpoint).
  bool allow_unknown_permissions = false;
  recorded_markets recorded;
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

/// The traits of every dialect, in the order of their table; they live as long as the process.
std::span<const venue_traits* const> known_venues();
/// Null when there is none of that name.
const venue_traits* find_venue(std::string_view dialect);
/// Known dialects, for messages.
std::vector<std::string> known_dialects();
/// errc::not_found for an unknown dialect, naming the known ones; what the venue says of options that it does not know. Where a
/// test network wants more than other addresses (OKX: a header on each request), `testnet` sets the option that is not given.
result<std::unique_ptr<venue_protocol>> make_protocol(std::string_view dialect, const venue_options&,
                                                      venue_region = venue_region::live);
/// What logs in on a venue's WebSocket.
struct stream_login {
  /// Where to send it.
  std::string url;
  /// One message, JSON. Holds a signature.
  std::string frame;
};
/// The signed frame that opens the private WebSocket of the protocol's venue; `configured` is the stream's address without a
/// slash at the end. errc::unsupported, saying what takes its place, where streams are opened by a token of the REST API.
result<stream_login> make_stream_login(const venue_protocol&, std::string_view configured, const credentials&, const signing_context&);
/// As make_protocol(); errc::out_of_range when an address is missing that the venue has no default for.
result<std::unique_ptr<exchange>> make_exchange(const exchange_config&, exchange_parts);

}  // namespace drover::exchanges
