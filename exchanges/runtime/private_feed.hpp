#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/task_scope.hpp"
#include "exchanges/runtime/rest_gateway.hpp"

namespace drover::exchanges {

/// One account's place on a private feed.
enum class slot_id : std::uint64_t {};

/// The private streams of a venue's accounts: kept open, opened again, told apart. Trading thread only.
class private_feed {
 public:
  using handler = std::function<void(const account_event&)>;
  virtual ~private_feed() = default;

  /// Events come from later turns of the executor until remove().
  virtual slot_id add(handler, std::shared_ptr<key_session>) = 0;
  /// Allowed inside a handler.
  virtual void remove(slot_id) = 0;

  virtual std::size_t connections() const = 0;
  virtual std::uint64_t reconnects() const = 0;
};

/// What a feed is built from; everything outlives it.
struct feed_parts {
  const venue_protocol& protocol;
  const exchange_config& config;
  const exchange_parts& parts;
  task_scope& scope;
  rest_gateway& gateway;
  rate_ledger& ledger;
  clock_sync& clock;
  instrument_cache& instruments;
  /// Of all the venue's streams (stream_config::gate).
  circuit_breaker& stream_gate;
};
/// Venues that can do better than one connection an account provide their own.
using private_feed_factory = std::unique_ptr<private_feed> (*)(const feed_parts&);

}  // namespace drover::exchanges
