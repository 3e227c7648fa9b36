#pragma once

#include <string>
#include <utility>

#include "exchanges/exchange.hpp"
#include "exchanges/runtime/circuit_breaker.hpp"
#include "exchanges/runtime/health_meter.hpp"
#include "exchanges/runtime/turn_queue.hpp"

namespace drover::exchanges {

/// What requests and streams of one set of credentials share. Trading thread only.
struct key_session {
  static constexpr std::size_t health_samples = 16;

  key_session(executor ex, credential_source source, std::string account_label)
      : keys(std::move(source)), label(std::move(account_label)), turns(std::move(ex)) {}

  credential_source keys;
  /// Names the account in records and limits.
  std::string label;
  circuit_breaker breaker;
  health_meter health{health_samples};
  /// For venues whose keys send one request at a time.
  turn_queue turns;
};

}  // namespace drover::exchanges
