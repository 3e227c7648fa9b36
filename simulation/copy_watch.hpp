#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/copy/copy_store.hpp"
#include "simulation/oracle.hpp"

namespace drover::simulation {

/// How a membership is held against the orders of its bot: as it joined.
struct follower_guards {
  seconds max_age{};
  decimal max_slippage;
};

/// Sees every signal, follower's order and receipt at the moment of its commit, and says what must not be.
class copy_watch {
public:
  copy_watch(world& w, oracle& judge) : world_(w), judge_(judge) {}

  void joined(const engine::member&, follower_guards);
  /// From `over_at` on nothing may follow a signal under this membership.
  void ended(const engine::member&, steady_time over_at);
  void signal_booked(const engine::room_signal&);
  void order_committed(int engine, const engine::order_intent&);
  void receipts_committed(const std::vector<engine::receipt>&);
  /// How old a signal is this engine cannot tell.
  void clock_is_wrong(int engine) { wrong_clocks_.insert(engine); }

  /// Once nothing goes wrong any more: who of a signal's members has no receipt, or which receipt and order do not belong
  /// together. Empty when all is well.
  std::string find_unanswered() const;
  std::uint64_t signals() const { return signals_.size(); }
  std::uint64_t receipts() const { return receipt_count_; }

private:
  struct membership {
    engine::member member;
    follower_guards guards;
    bool over = false;
    steady_time over_at;
  };
  struct signal_facts {
    engine::room_signal signal;
    /// In the room at its moment.
    std::vector<engine::member_id> who;
    std::map<account_id, engine::order_intent> orders;
    std::map<account_id, engine::receipt> receipts;
  };
  const membership* find(bot_id) const;
  void check_guards(int engine, const engine::order_intent&, const engine::room_signal&, const membership&);
  std::string find_unanswered(const signal_facts&) const;
  std::string check_receipt(const signal_facts&, const engine::receipt&) const;

  world& world_;
  oracle& judge_;
  std::map<engine::member_id, membership> members_;
  std::map<bot_id, engine::member_id> of_bot_;
  std::map<engine::signal_key, signal_facts> signals_;
  std::set<int> wrong_clocks_;
  std::uint64_t receipt_count_ = 0;
};

}  // namespace drover::simulation
