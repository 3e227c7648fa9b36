#pragma once

#include <string>

#include "exchanges/binance/endpoints.hpp"
#include "exchanges/clock_sync.hpp"
#include "exchanges/exchange.hpp"
#include "exchanges/rest_channel.hpp"

namespace drover::exchanges::binance {

/// REST calls of the spot API: the base address, signatures, limit headers, errors. Trading thread only.
class rest_api {
 public:
  rest_api(const exchange_config&, const exchange_parts&, rate_ledger&);

  /// The body of a 2xx answer, or the canonical error.
  task<result<std::string>> call_public(endpoint, std::string params, lane, std::size_t response_limit_bytes);

  struct signed_call {
    endpoint to;
    std::string params;
    exchanges::lane lane = exchanges::lane::read;
    /// The venue refuses the request when it arrives later than this after its timestamp.
    milliseconds receive_window{5'000};
    std::string account;
  };
  /// `keys` is called once, when the request is about to leave; what it opened is wiped before the request does.
  task<result<std::string>> call_signed(signed_call, credential_source keys);

  /// GET /api/v3/time.
  task<result<wall_time>> fetch_server_time();
  /// Where the venue's clock is set and asked for.
  void use_clock(clock_sync& clock) { clock_ = &clock; }
  wall_time server_now() const;

 private:
  result<client_request> build_signed(const signed_call&, const credential_source&) const;
  result<std::string> to_body(const endpoint&, client_response);
  void observe(const rest_call&, const rate_grant&, const client_response&);

  std::string base_url_;
  exchange_parts parts_;
  rate_ledger& ledger_;
  rest_channel channel_;
  clock_sync* clock_ = nullptr;
};

}  // namespace drover::exchanges::binance
