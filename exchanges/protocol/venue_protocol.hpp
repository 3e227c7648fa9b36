#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/transport.hpp"
#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/private_wire.hpp"
#include "exchanges/protocol/rate_rule.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges {

struct venue_urls {
  std::string_view rest, market_stream, private_stream;
};

/// What does not change about a venue.
struct venue_traits {
  /// "bybit": name of its folder, of the dialect in the configuration and in `engine venue --venue`.
  std::string_view name;
  bool has_passphrase = false;
  venue_urls live;
  /// The venue's test network, where it has one.
  std::optional<venue_urls> testnet;
  std::span<const rate_rule> rules;
  /// What opening a WebSocket costs.
  std::span<const rate_charge> connect_charges;
  /// stream_access must be asked before a private (or, first member, a public) stream is opened.
  bool public_stream_needs_access = false, private_stream_needs_access = false;
  bool has_dead_man = false;
  /// Each request of a key must carry a greater nonce than the one before and arrive in that order: one at a time.
  bool serial_nonce = false;
  /// A request may be executed this long after its validity window has passed (REL-04).
  milliseconds processing_bound{10'000};
  /// How long after placing a query may still not know an order.
  milliseconds visibility_delay{1'000};
};

/// A venue without sockets, clock or state: operations to requests, requests to signed requests, answers to canonical values,
/// and its two streams. Everything that is peculiar to a venue is behind this interface; what they share uses it. Any thread.
class venue_protocol {
 public:
  virtual ~venue_protocol() = default;
  virtual const venue_traits& traits() const = 0;

  /// The request of this step of the call. errc::unsupported when the venue cannot do it, exchange_errc::refused when the
  /// arguments can never be accepted there (names the reason). Client order ids are the canonical 32 hex digits; the venue's
  /// own form is made here and undone in read_answer and the streams. Ids of other programs pass unchanged.
  virtual result<wire_request> make_request(const venue_call&) const = 0;

  /// Query, headers and body as they are sent. Public requests have no `keys`. What was made of the secrets is wiped.
  /// exchange_errc::bad_credentials when the secret cannot be used at all (not base64, no PEM).
  virtual result<client_request> sign(wire_request, const credentials* keys, const signing_context&) const = 0;

  /// Reads an HTTP answer of any status. Errors are canonical (REL-30): for writes only not_sent, refused and the named
  /// refusals claim that nothing happened; everything that does not prove it is unknown_outcome. The venue's words (code and
  /// message) go into error::detail, bounded.
  virtual result<venue_reply> read_answer(const venue_call&, const client_response&, const instrument_table&) const = 0;

  /// Limit headers and bans of an answer.
  virtual limit_report read_limits(const wire_request&, const client_response&, wall_time server_now) const = 0;

  virtual std::unique_ptr<market_wire> make_market_wire() const = 0;
  virtual std::unique_ptr<private_wire> make_private_wire() const = 0;
};

}  // namespace drover::exchanges
