#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/transport.hpp"
#include "exchanges/rate_ledger.hpp"
#include "exchanges/raw/raw_recorder.hpp"
#include "exchanges/registry.hpp"

namespace drover::exchanges {

/// What makes a request one that changes something: its errors must never claim more than is known.
enum class request_kind { read, write };

struct rest_call {
  /// "GET /api/v3/order": recorded and logged instead of the URL, which holds a signature. A literal.
  std::string_view endpoint;
  request_kind kind = request_kind::read;
  exchanges::lane lane = lane::read;
  std::vector<rate_charge> charges;
  /// Account label, empty for public data.
  std::string account;
  std::size_t response_limit_bytes = 8 * 1024 * 1024;
};

/// The way of every REST request of a venue: a place on the ledger, one send, the answer recorded before anybody looks at
/// it. Nothing is retried. Trading thread only.
class rest_channel {
 public:
  /// Called after the place on the ledger is taken, so that timestamp and signature are fresh.
  using request_builder = std::function<result<client_request>()>;
  /// Reads the venue's limit headers; called with every answer.
  using answer_observer = std::function<void(const rest_call&, const rate_grant&, const client_response&)>;

  rest_channel(const exchange_config&, const exchange_parts&, rate_ledger&, answer_observer);

  /// Any HTTP answer is a value; errors are not_sent, unknown_outcome, rate_limited and what the builder says.
  task<result<client_response>> send(rest_call, request_builder);

 private:
  std::string stream_;
  milliseconds request_timeout_;
  exchange_parts parts_;
  rate_ledger& ledger_;
  answer_observer observe_;
};

/// transport_errc → exchange_errc.
error map_transport_error(const error&);

}  // namespace drover::exchanges
