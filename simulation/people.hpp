#pragma once

#include <functional>
#include <map>
#include <optional>

#include "simulation/room_people.hpp"

namespace drover::simulation {

/// Everybody who is not a program: they order at the venue's own page, switch accounts, pause, stop, change and replace
/// bots, replace keys; admins ban and approve. An engine hears of a change (NOTIFY), or finds out by itself. What must
/// not happen any more after a change is told to the oracle when its time is up.
class people {
public:
  /// How all engines hear of what people do.
  struct messengers {
    std::function<void(account_id)> account_changed;
    std::function<void(engine::room_id)> room_changed;
    std::function<void()> reload_rooms;
  };
  people(setting&, messengers);

  /// Before the first engine.
  void move_in();
  void pass_minute();
  /// A quiet stretch: bots are stopped, and started again when it is over.
  void go_to_bed();
  void get_up();
  /// From now on nobody changes anything: everybody is welcome and every account has a bot that is to run.
  void settle_down();

private:
  struct off_watch {
    bool off = false;
    std::uint64_t change = 0;
  };
  void trade_by_hand();
  void switch_account(const model_account&);
  void ban(const model_account&);
  void replace_key(const model_account&);
  void approve_later(const model_account&);
  void change_bot(const model_account&);
  void change_parameters(const model_account&, const engine::bot&);
  void replace_bot(const model_account&, const engine::bot&);
  void set_desired(const model_account&, const engine::bot&, engine::desired_state);
  std::optional<engine::bot> find_bot(const model_account&);
  bool may_order(const model_account&);
  void changed(const model_account&, std::string what);
  bool follows(const model_account& account) const { return rooms_ && rooms_->follows(account); }
  const model_account& pick();
  std::string draw_parameters(const model_account&, const engine::bot&);

  setting& around_;
  messengers tell_;
  /// Nothing where nobody follows anybody.
  std::optional<room_people> rooms_;
  std::map<account_id, off_watch> watches_;
  std::uint64_t last_change_ = 0;
  int by_hand_ = 0;
  bool settled_ = false;
};

}  // namespace drover::simulation
