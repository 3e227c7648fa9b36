#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "exchanges/exchange.hpp"
#include "exchanges/protocol/venue_protocol.hpp"
#include "exchanges/rate_ledger.hpp"
#include "simulation/api_keys.hpp"
#include "simulation/budget_watch.hpp"
#include "simulation/model_venue.hpp"
#include "simulation/oracle.hpp"
#include "simulation/reply.hpp"
#include "simulation/world.hpp"

namespace drover::simulation {

/// What an engine reaches a venue with. References outlive it.
struct link_parts {
  world& sim;
  model_venue& venue;
  oracle& judge;
  const fault_plan& faults;
  std::shared_ptr<const life_line> life;
  const clock& time;
  timer_queue& timers;
  /// The two of link_transit_detail.hpp.
  std::span<const exchanges::rate_rule> rules;
  const key_register& keys;
  /// Takes down what the venue said before anybody interprets it; empty: nobody does.
  std::function<void(std::string_view channel, std::string_view account)> record;
};

/// The shared part of one engine's way to one venue: the real rate ledger, and a network on which requests and answers
/// are lost, late, or refused.
class link_core : public std::enable_shared_from_this<link_core> {
public:
  explicit link_core(link_parts);

  link_parts parts;
  exchanges::rate_ledger ledger;

  struct request_facts {
    exchanges::lane lane = exchanges::lane::read;
    /// Empty: public.
    std::string account;
    bool places = false;
  };
  /// Waits for leave to send. An error means that nothing was sent.
  task<result<exchanges::rate_grant>> leave(request_facts);
  /// One request and its answer. `arrive` runs when the request reaches the venue and may refuse it; `act` is what it
  /// does there. Both run even when nobody waits for the answer any more.
  template <class T>
  task<result<T>> ask(request_facts, std::function<result<void>()> arrive, std::function<result<T>()> act);

  /// Server time minus our wall clock as it stands now: between measurements it goes by the steady clock, as
  /// exchanges::clock_sync does.
  milliseconds clock_offset() const {
    return std::chrono::duration_cast<milliseconds>(signing_time() - parts.time.wall_now());
  }
  void measure_clock();
  /// Now and then, as exchanges::clock_sync does.
  void keep_measuring_clock();
  wall_time signing_time() const { return server_zero_ + parts.sim.now().since_start; }
  nanoseconds draw_way();
  void hear(std::string_view channel, std::string_view account) const {
    if (parts.record && !parts.life->cut) parts.record(channel, account);
  }

private:
  struct fate;
  fate draw_fate(const request_facts&);
  result<void> pass_gate();
  void hear_limits(const request_facts&, const exchanges::rate_grant&, const error&);

  budget_watch sent_;
  /// The venue's time when the steady clock stood at zero, as last measured.
  wall_time server_zero_;
};

/// exchange over a model venue.
class venue_link final : public exchanges::exchange {
public:
  explicit venue_link(link_parts);
  ~venue_link() override;

  const std::string& name() const override;
  const exchanges::venue_traits& traits() const override { return traits_; }
  milliseconds clock_offset() const override { return core_->clock_offset(); }
  task<result<std::shared_ptr<const exchanges::instrument>>> find_instrument(std::string symbol) override;
  std::unique_ptr<exchanges::market_subscription> subscribe_book_ticker(
      std::string symbol, std::function<void(const std::shared_ptr<const exchanges::book_ticker>&)>) override;
  std::unique_ptr<exchanges::market_subscription> subscribe_trades(
      std::string, std::function<void(const std::shared_ptr<const exchanges::public_trade>&)>) override;
  std::unique_ptr<exchanges::market_subscription> subscribe_book(
      std::string, std::function<void(const std::shared_ptr<const exchanges::book_view>&)>) override;
  std::unique_ptr<exchanges::market_subscription> subscribe_candles(
      std::string, exchanges::candle_interval,
      std::function<void(const std::shared_ptr<const exchanges::candle_update>&)>) override;
  std::unique_ptr<exchanges::exchange_account> open_account(exchanges::credential_source,
                                                            std::string account_label) override;
  void start() override {}
  task<void> stop() override { co_return; }
  health get_health() const override { return {}; }

private:
  std::shared_ptr<link_core> core_;
  exchanges::venue_traits traits_;
};

/// exchange_account over a model venue; its private stream loses, repeats and delays.
std::unique_ptr<exchanges::exchange_account> make_link_account(std::shared_ptr<link_core>, exchanges::credential_source,
                                                               std::string label);

}  // namespace drover::simulation
