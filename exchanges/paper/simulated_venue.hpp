#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "exchanges/paper/account_directory.hpp"
#include "exchanges/paper/fault_plan.hpp"
#include "exchanges/paper/market_data.hpp"
#include "exchanges/paper/market_generator.hpp"
#include "exchanges/paper/matching_engine.hpp"
#include "exchanges/paper/paper_server.hpp"
#include "exchanges/paper/recording_player.hpp"

namespace drover::exchanges::paper {

class frame_sender;

/// What a dialect publishes. Called during the operation that causes it; must not call the venue back.
class venue_listener {
 public:
  virtual ~venue_listener() = default;
  virtual void on_order(const paper_order&, order_change, const execution*) = 0;
  virtual void on_balances(account_number, instrument_number) = 0;
  virtual void on_trade(instrument_number, const market_trade&) = 0;
  virtual void on_top(instrument_number, const top_of_book&) = 0;
  virtual void on_depth(instrument_number, const depth_diff&) = 0;
  /// Once a second: candles and daily figures are due.
  virtual void on_second() = 0;
};

/// The exchange behind the dialects: matching, market data, accounts, liquidity and faults put together, without any
/// wire. Time comes from the clock (plus the clock_offset fault). One thread.
class simulated_venue : private matching_listener, private recording_listener {
 public:
  simulated_venue(const paper_config&, const clock&, random_source&);

  /// Makes the instruments and opens the recordings. errc::malformed or errc::io names what is wrong.
  result<void> open();
  /// Starts the generated markets: where a restored state left them, else at the configured prices.
  void begin();
  void add_listener(venue_listener& l) { listeners_.push_back(&l); }

  const matching_engine& engine() const { return engine_; }
  const market_data& data() const { return data_; }
  account_directory& accounts() { return accounts_; }
  const account_directory& accounts() const { return accounts_; }
  fault_plan& faults() { return faults_; }
  random_source& random() { return random_; }
  const paper_config& config() const { return config_; }
  /// The exchange's own clock, faults included.
  wall_time now() const { return clock_.wall_now() + faults_.clock_offset(); }

  /// nullptr when the api key is taken. Amounts are checked by the caller: not negative, at most `credit_limit`.
  static constexpr std::int64_t credit_limit = 1'000'000'000'000;
  const api_account* open_account(std::string api_key, std::string api_secret, key_permissions,
                                  const std::vector<std::pair<std::string, decimal>>& balances);
  void credit(account_number, std::string_view asset, decimal amount);

  std::expected<placement, refusal> place(const order_ticket&);
  std::optional<refusal> check(const order_ticket&) const;
  const paper_order* cancel(account_number, order_number);

  /// One step of every generated market; nothing while paused.
  void step_generator();
  /// Publishes the depth changes of generated markets since the last call.
  void publish_depth();
  void publish_second();
  /// Moves a generated market at once. False when the instrument shows a recording.
  bool set_price(instrument_number, decimal price);
  bool paused() const { return paused_; }
  void set_paused(bool paused) { paused_ = paused; }
  recording_player& player() { return player_; }

  /// Open WebSockets of all dialects, so that faults can strike them at once.
  void add_connection(frame_sender& s) { connections_.insert(&s); }
  void remove_connection(frame_sender& s) { connections_.erase(&s); }
  const std::unordered_set<frame_sender*>& connections() const { return connections_; }

  /// Changes of anything the state file keeps.
  std::uint64_t revision() const { return revision_; }
  void count_change() { ++revision_; }
  /// For restoring only.
  matching_engine& engine_to_restore() { return engine_; }

 private:
  void on_order(const paper_order&, order_change, const execution*) override;
  void on_balances(account_number, instrument_number) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_level(instrument_number, side, decimal price, decimal quantity) override;
  void on_recorded_depth(instrument_number, const depth_diff&) override;
  void on_recorded_top(instrument_number, const top_of_book&) override;
  void on_recorded_trade(instrument_number, const market_trade&) override;
  result<void> add_instrument(const std::string& text, const std::vector<recording_player::source>&);
  /// Publishes tops of books that changed in the operation that just ended.
  void publish_tops();
  void follow_maintenance() { engine_.set_trading(!faults_.in_maintenance()); }

  paper_config config_;
  const clock& clock_;
  random_source& random_;
  matching_engine engine_;
  market_data data_;
  market_generator generator_;
  recording_player player_;
  account_directory accounts_;
  fault_plan faults_;
  std::vector<venue_listener*> listeners_;
  std::unordered_set<frame_sender*> connections_;
  std::vector<decimal> first_prices_;
  std::vector<top_of_book> published_tops_;
  std::vector<bool> book_changed_;
  bool paused_ = false;
  std::uint64_t revision_ = 0;
};

/// Reads "BTC/USDT=60000" into an instrument with rules that fit such a price, and the price.
result<std::pair<exchanges::instrument, decimal>> parse_instrument(std::string_view text);

}  // namespace drover::exchanges::paper
