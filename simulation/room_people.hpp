#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "simulation/setting.hpp"

namespace drover::simulation {

/// Who may not order any more, and whose engines were not told, does not after this: a reload comes every five minutes.
inline constexpr nanoseconds unheard_limit = std::chrono::minutes(9);

/// Leads and followers: rooms are opened and closed, people are invited, join, leave, are removed and come back. The first
/// accounts of a setting lead, the others follow; an account that follows has no other bots.
class room_people {
public:
  struct listeners {
    /// Something about an account changed.
    std::function<void(const model_account&, std::string what)> changed;
    /// NOTIFY rooms_changed.
    std::function<void(engine::room_id)> room_changed;
    /// Notifications were missed and the engines know it: they read everything anew.
    std::function<void()> reload;
  };
  room_people(setting&, listeners);

  bool follows(const model_account&) const;
  /// With which it follows now.
  std::optional<engine::bot> find_bot(const model_account&);
  /// Others of the same kind, under which its signals pass the same guards.
  std::string draw_parameters(const engine::bot&);
  /// Before the first engine: all rooms are open, everybody is in.
  void move_in();
  /// Who is out comes back, sooner or later; `restless`: somebody leaves, is removed, or closes.
  void pass_minute(bool restless);
  /// From now on everybody stays.
  void settle_down() { move_in(); }
  /// A change that engines did not hear of is found by reading everything, within a minute.
  void miss_notification();

private:
  std::optional<engine::room> find_room(const model_account& lead);
  std::optional<engine::member> find_membership(const model_account&);
  void open_room(const model_account& lead);
  void join(const model_account& follower);
  void somebody_goes();
  void look();
  nanoseconds on_member(const engine::member&);
  void tell(engine::room_id);
  const model_account* account_of(account_id) const;

  setting& around_;
  listeners listeners_;
  /// The last that each lead opened.
  std::map<account_id, engine::room_id> rooms_;
};

}  // namespace drover::simulation
