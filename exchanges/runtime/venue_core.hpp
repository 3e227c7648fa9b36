#pragma once

#include <memory>
#include <string>

#include "exchanges/clock_sync.hpp"
#include "exchanges/instrument_cache.hpp"
#include "exchanges/rate_ledger.hpp"
#include "exchanges/runtime/market_feed.hpp"
#include "exchanges/runtime/private_feed.hpp"
#include "exchanges/runtime/rest_gateway.hpp"

namespace drover::exchanges {

/// Everything of a venue that runs; shared with its accounts, which may outlive the exchange object. Trading thread only.
class venue_core : public std::enable_shared_from_this<venue_core> {
 public:
  /// For what must still be said when the venue stops (dead-man timers switched off).
  static constexpr nanoseconds farewell_limit = 3s;

  /// `config` has its addresses resolved (resolve_addresses()). `make_feed` null: a connection for each account.
  venue_core(const exchange_config&, const exchange_parts&, std::unique_ptr<venue_protocol>, private_feed_factory make_feed);

  void start();
  task<void> stop();
  /// Runs to its end before stop() ends everything, at most farewell_limit.
  void spawn_farewell(task<void>);

  const exchange_config& config() const { return config_; }
  const exchange_parts& parts() const { return parts_; }
  const venue_traits& traits() const { return protocol_->traits(); }
  task_scope& scope() { return scope_; }
  rest_gateway& gateway() { return gateway_; }
  rate_ledger& ledger() { return ledger_; }
  clock_sync& clock() { return clock_; }
  instrument_cache& instruments() { return instruments_; }
  market_feed& market() { return market_; }
  private_feed& streams() { return *streams_; }
  exchange::health get_health() const;

 private:
  task<result<wall_time>> fetch_server_time();
  task<result<std::vector<instrument>>> load_instruments();
  feed_parts make_feed_parts();
  task<void> run_farewell(task<void> work);

  exchange_config config_;
  exchange_parts parts_;
  std::unique_ptr<venue_protocol> protocol_;
  bool started_ = false;
  int farewells_ = 0;
  wake_event farewell_done_;
  // The scope is joined by stop() before anything below goes; it stands first because the others are given it.
  task_scope scope_;
  rate_ledger ledger_;
  rest_gateway gateway_;
  clock_sync clock_;
  instrument_cache instruments_;
  circuit_breaker stream_gate_;
  market_feed market_;
  std::unique_ptr<private_feed> streams_;
};

/// With the venue's own addresses of the region where none is configured, none ending in a slash. errc::out_of_range when one
/// is missing that the venue has no default for.
result<exchange_config> resolve_addresses(exchange_config, const venue_traits&);

}  // namespace drover::exchanges
