#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
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

/// What a dialect publishes. Called during the operation that causes it; must not call the venue back (use
/// simulated_venue::later for that).
class venue_listener {
 public:
  virtual ~venue_listener() = default;
  /// Of the accounts of its venue only. `e` is set for order_change::traded; its fill is already in the account's list.
  virtual void on_order(const paper_order&, order_change, const execution*) {}
  /// The balances of the instrument's two assets changed; once per operation and account, after its orders' events.
  virtual void on_balances(account_number, instrument_number) {}
  virtual void on_trade(instrument_number, const market_trade&) {}
  virtual void on_top(instrument_number, const top_of_book&) {}
  /// Every 100 ms, when something changed: levels with their new quantity (0 = gone) and the update ids they stand for.
  virtual void on_depth(instrument_number, const depth_diff&) {}
  /// The fault sequence_gap: this update must not be sent, but counts where the dialect numbers its frames itself.
  virtual void on_depth_lost(instrument_number, const depth_diff&) {}
  /// Once a second: candles, daily figures, heartbeats are due.
  virtual void on_second() {}
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
  /// Before any account of that venue is opened; both outlive the venue's work. The first one is the default venue.
  void add_venue(const venue_habits&, venue_listener&);
  /// nullptr when no such venue was added.
  const venue_habits* find_habits(std::string_view venue) const;
  void set_default_venue(std::string name) { default_venue_ = std::move(name); }
  const std::string& default_venue() const { return default_venue_; }

  const matching_engine& engine() const { return engine_; }
  const market_data& data() const { return data_; }
  account_directory& accounts() { return accounts_; }
  const account_directory& accounts() const { return accounts_; }
  fault_plan& faults() { return faults_; }
  const fault_plan& faults() const { return faults_; }
  random_source& random() { return random_; }
  const paper_config& config() const { return config_; }
  /// The exchange's own clock, faults included.
  wall_time now() const { return clock_.wall_now() + faults_.clock_offset(); }

  /// errc::malformed when the api key is taken, errc::not_found when there is no such venue, or the reason why the given
  /// secret does not do. Amounts are checked by the caller: not negative, at most `credit_limit`.
  static constexpr std::int64_t credit_limit = 1'000'000'000'000;
  result<const api_account*> open_account(const account_request&);
  /// The same for a saved account, whose venue need not be running.
  result<api_account*> restore_account(const account_request&);
  void credit(account_number, std::string_view asset, decimal amount);

  std::expected<placement, refusal> place(const order_ticket&);
  std::optional<refusal> check(const order_ticket&) const;
  const paper_order* cancel(account_number, order_number);
  /// For venues that answer before they look: the order exists at once, rejected; the listener hears order_change::rejected.
  const paper_order& reject(const order_ticket&, refusal);

  /// Work that nobody has caused by a request: answers that come later, events after an acknowledgement, heartbeats. Runs
  /// once `delay` has passed, at the earliest after the request in hand was answered. It may find that sessions are gone:
  /// capture ids and look them up. Dropped when `later_limit` wait.
  static constexpr std::size_t later_limit = 1'000'000;
  void later(milliseconds delay, std::function<void()> work);
  /// What is due. The server calls it; tests without one call it themselves.
  void run_due();
  std::optional<steady_time> next_due() const;
  /// Told when next_due() comes nearer.
  void on_earlier_work(std::function<void()> wake) { wake_ = std::move(wake); }

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
  venue_listener* listener_of(account_number n) const { return to_index(n) < owner_listeners_.size() ? owner_listeners_[to_index(n)] : nullptr; }
  void publish_diff(instrument_number, const depth_diff&);
  /// A quiet market still has a pulse: at least one book update a second.
  void stir_quiet_markets();
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
  struct venue_entry {
    venue_habits habits;
    venue_listener* listener = nullptr;
  };
  /// Addresses of habits are handed out.
  std::deque<venue_entry> venues_;
  /// By account number; nullptr when the account's venue is not running.
  std::vector<venue_listener*> owner_listeners_;
  std::string default_venue_;
  std::multimap<steady_time, std::function<void()>> later_;
  std::function<void()> wake_;
  std::unordered_set<frame_sender*> connections_;
  std::vector<decimal> first_prices_;
  std::vector<top_of_book> published_tops_;
  std::vector<bool> book_changed_;
  /// Depth was published since the last second.
  std::vector<bool> depth_published_;
  bool paused_ = false;
  std::uint64_t revision_ = 0;
};

/// Reads "BTC/USDT=60000" into an instrument with rules that fit such a price, and the price.
result<std::pair<exchanges::instrument, decimal>> parse_instrument(std::string_view text);

}  // namespace drover::exchanges::paper
