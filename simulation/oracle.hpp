#pragma once

#include <functional>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "engine/orders/order_journal.hpp"
#include "simulation/api_keys.hpp"
#include "simulation/history.hpp"
#include "simulation/model_venue.hpp"

namespace drover::simulation {

/// Instead of the number of one engine.
inline constexpr int any_engine = 0;

/// Sees everything and compares it with what must hold. The first thing that must not be is kept and ends the run.
class oracle {
public:
  oracle(world&, history&);

  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  void fail(std::string what);
  void note(std::string_view line) { history_.add(world_.now(), line); }

  // From the database, at the moment of a commit.
  void lease_moved(int engine, account_id, std::int64_t epoch);
  /// No other engine has taken the account since.
  bool holds(int engine, account_id) const;
  void intent_committed(int engine, const engine::order_intent&, std::int64_t epoch);
  void outcome_committed(const engine::journal_order& before, engine::intent_state after);
  void order_updated(const engine::journal_order& before, const engine::journal_order& after);

  // From the way to the venues.
  /// The first byte of a request to place an order leaves `engine`, signed with the key of `key_of`.
  void order_sent(int engine, account_id key_of, const exchanges::order_request&);
  void request_sent(int engine, const std::string& venue);
  /// A request about the account `label` is signed with `key`.
  void request_signed(const std::string& label, const api_key& key);
  /// The engine was told to be silent for so long.
  void ban_heard(int engine, const std::string& venue, nanoseconds for_);

  // From the engine's outside: answers given to people.
  /// From here on no opening order of the account may leave this engine.
  void stop_answered(int engine, account_id);
  void start_asked(int engine, account_id);
  /// From here on no request may be signed with a key of the account before this version.
  void keys_retired(account_id, std::int64_t version);

  // From a strategy.
  /// It decides on a price that left the venue at `told_at`.
  void tick_decided(steady_time told_at);
  /// All venues have other prices from now on.
  void markets_moved();

  // From a venue.
  void order_placed(const model_venue&, account_id, const venue_order&);

  struct totals {
    std::uint64_t intents = 0, sent = 0, placed = 0, unknown = 0, not_placed = 0, refused = 0, requests = 0, fills = 0,
                  engines = 0, changes = 0;
  };
  void engine_started() { ++totals_.engines; }
  /// Somebody changed an account or a bot.
  void person_acted(std::string_view line) {
    note(line);
    ++totals_.changes;
  }
  const totals& get_totals() const { return totals_; }

private:
  struct intent_facts {
    engine::order_intent intent;
    engine::intent_state state = engine::intent_state::intended;
    steady_time committed_at;
    std::int64_t epoch = 0;
    int sent = 0;
    int placed = 0;
    /// The last one of this name that a venue has; lives as long as the venue.
    const venue_order* at_venue = nullptr;
  };
  intent_facts* find(const std::string& client_order_id);

  world& world_;
  history& history_;
  std::string failure_;
  totals totals_;
  std::map<std::string, intent_facts> intents_;
  struct lease_facts {
    int engine = 0;
    std::int64_t epoch = 0;
  };
  std::map<account_id, lease_facts> leases_;
  /// Intents that may exist and nobody has said so.
  std::map<account_id, std::set<std::string>> unresolved_;
  std::map<std::pair<int, std::string>, steady_time> banned_until_;
  std::set<std::pair<int, account_id>> stopped_;
  std::map<account_id, std::int64_t> least_key_;
  /// The last that nobody may have missed, and those since.
  std::deque<steady_time> moves_;
};

}  // namespace drover::simulation
