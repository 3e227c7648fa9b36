#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "engine/copy/copy_store.hpp"

namespace drover::engine {

struct room_limits {
  int rooms_per_lead = 20;
  int open_invitations_per_room = 1'000;
  int bots_per_user = 100;
};

struct invitation_request {
  /// Empty: a code is made.
  std::string username;
  seconds life{7 * 24 * 3600};
  int uses = 1;
  bool while_connected = false;
};
struct made_invitation {
  engine::invitation invitation;
  /// Shown this once; only its hash is kept. Empty when a name was invited.
  std::string code;
};

struct join_form {
  /// A code, or the room in which the user's name was invited.
  std::string code;
  room_id room;
  account_id account;
  /// May be empty when the room has one market.
  std::string symbol;
  /// Of the bot; empty: named after the room.
  std::string name;
  /// JSON object of signal following's own parameters, without symbol and source.
  std::string parameters = "{}";
  resume_contract resume = resume_contract::resume;
};

/// Rules of rooms. Errors are tenant_errc, bot_errc and copy_errc; an invalid one names its field.
class room_service {
public:
  static constexpr std::size_t name_limit = 100, symbol_limit = 20, symbol_length_limit = 40, reason_limit = 200;
  static constexpr int followers_limit = 10'000, uses_limit = 10'000;
  static constexpr seconds longest_invitation{90 * 24 * 3600};
  /// How long an invitation outlasts the lead's last dashboard; short enough that an invitation ends, long enough for a
  /// dropped connection to come back.
  static constexpr seconds connected_life{120};

  room_service(copy_store&, random_source&, const clock&, room_limits);

  task<result<room>> create(new_room);
  task<result<room>> update(user_id lead, room_id, room_patch);
  /// `why`: the lead's own words, shown to the followers; may be empty.
  task<result<room>> close(user_id lead, room_id, std::string why);
  task<result<made_invitation>> invite(user_id lead, room_id, invitation_request);
  task<result<member>> join(user_id, join_form);

  copy_store& store() { return store_; }

private:
  copy_store& store_;
  random_source& random_;
  const clock& clock_;
  room_limits limits_;
};

}  // namespace drover::engine
