#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "exchanges/clock_sync.hpp"
#include "exchanges/instrument_cache.hpp"
#include "exchanges/protocol/venue_protocol.hpp"
#include "exchanges/raw/missed_polls.hpp"
#include "exchanges/rate_ledger.hpp"
#include "exchanges/registry.hpp"
#include "exchanges/runtime/circuit_breaker.hpp"
#include "exchanges/runtime/health_meter.hpp"
#include "exchanges/runtime/key_session.hpp"

namespace drover::exchanges {

/// The way of every REST request of a venue: breaker, a place on the ledger, signed when about to leave, one send, the answer
/// recorded before anybody looks at it, the venue's limits applied. Nothing is ever sent twice (REL-03). Trading thread only.
class rest_gateway {
 public:
  /// Requests that one call may take (lists of many pages); more is errc::out_of_range.
  static constexpr int step_limit = 600;
  static constexpr std::size_t health_samples = 128;

  /// `config` has its addresses resolved.
  rest_gateway(const venue_protocol&, const exchange_config&, const exchange_parts&, rate_ledger&);
  /// Both are built with this gateway; before they are there nothing may be called.
  void use(clock_sync&, instrument_cache&);

  /// Everything that the call takes, lists joined. Errors are canonical: not_sent and the named refusals prove that nothing
  /// happened; rate_limited and maintenance (with the venue away) were not sent either.
  /// `keys` is null for public operations. Cancels in lane kill or protective pass an open breaker.
  task<result<venue_answer>> call(venue_call, lane, std::shared_ptr<key_session> keys = nullptr);

  /// For streams: their frames are signed alike.
  signing_context make_context();
  wall_time server_now() const;
  /// The venue refused something for our clock.
  void refresh_clock();

  health_meter& health() { return health_; }
  connection_health read_health() const;
  connection_health read_health(const key_session&) const;

 private:
  class passage;
  /// What one request is made with.
  struct sending;
  task<result<venue_reply>> send_step(const venue_call&, lane, key_session* keys, bool& wrote);
  task<result<client_response>> exchange_bytes(const venue_call&, lane, key_session* keys, const wire_request&, bool& wrote);
  result<client_request> sign(const venue_call&, const wire_request&, key_session* keys);
  /// Every read that was wanted leaves an answer or a gap row.
  void note_outcome(const venue_call&, const key_session* keys, wall_time wanted_at, const error* missed);
  void record(const venue_call&, const wire_request&, const key_session*, const client_response&,
              const result<venue_reply>& read_as) const;

  const venue_protocol& protocol_;
  exchange_parts parts_;
  rate_ledger& ledger_;
  std::string base_url_, stream_;
  nanoseconds request_timeout_;
  milliseconds receive_window_;
  clock_sync* clock_ = nullptr;
  instrument_cache* instruments_ = nullptr;
  circuit_breaker breaker_;
  health_meter health_{health_samples};
  std::int64_t last_nonce_ = 0;
  missed_polls missed_polls_;
};

/// transport_errc → exchange_errc.
error map_transport_error(const error&);

}  // namespace drover::exchanges
