#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "engine/bots/bot_store.hpp"
#include "engine/copy/room.hpp"

namespace drover::engine {

/// What only rooms can be refused for; everything else is tenants::tenant_errc and bot_errc.
enum class copy_errc {
  /// The room is closed: nobody comes in any more.
  room_closed = 1,
  /// It has as many followers as it may have.
  room_full,
  /// The invitation has expired, was revoked or is used up.
  invitation_over,
  /// The account follows on this market of the room already.
  already_member,
  /// An account that leads may not follow, and one that follows may not lead: signals would go in circles.
  would_chain,
  /// The user leads, or the room has handed out, as many as one may.
  too_many,
};
std::error_code make_error_code(copy_errc);

struct new_room {
  user_id lead;
  account_id account;
  std::string name;
  std::vector<std::string> symbols;
  int max_followers = 0;
  decimal max_ratio, max_order_notional;
};
/// Fields to change; absent = leave.
struct room_patch {
  std::optional<std::string> name;
  std::optional<int> max_followers;
  std::optional<decimal> max_ratio, max_order_notional;
};
struct room_page {
  /// At most 200.
  int limit = 50;
  std::int64_t after_id = 0;
  std::optional<room_role> role{};
};

struct new_invitation {
  room_id room;
  /// SHA-256 of the code, hex; empty when a name is invited. The code itself is stored nowhere.
  std::string code_hash;
  std::string username;
  int uses_limit = 1;
  bool while_connected = false;
  wall_time expires_at;
};

/// By which invitation: the one with this code, or the one that names the user in this room.
struct entrance {
  std::string code_hash;
  room_id room;
};
struct join_request {
  user_id user;
  entrance by;
  new_bot bot;
};

/// One follower as the fan-out needs it.
struct follower {
  member_id member;
  user_id user;
  account_id account;
  bot_id bot;
  /// Older signals are not delivered.
  seconds max_age{10};
  /// Sizes by the lead's worth.
  bool needs_worth = false;
};
/// Where an open room's signals go.
struct room_route {
  room_id room;
  account_id account;
  struct market {
    std::string symbol;
    std::vector<follower> followers;
  };
  std::vector<market> markets;
};

/// A follower of a signal that has no receipt yet.
struct missing_receipt {
  engine::follower follower;
  /// The membership goes on.
  bool joined = true;
  /// The order that follows the signal already, from the journal; nil = none.
  uuid order;
  decimal quantity;
};
struct unfinished_signal {
  room_signal signal;
  /// Whose fill it is; not valid for orders from before bots had ids.
  bot_id lead_bot;
  std::vector<missing_receipt> missing;
};

struct feed_page {
  /// At most 200.
  int limit = 50;
  /// Newest fill first, those older than this one; 0 = from the newest. Receipts of this very fill follow where their
  /// account is after `after_account`.
  std::int64_t before_fill = 0;
  account_id after_account{std::numeric_limits<std::int64_t>::max()};
  /// Only of this fill; 0 = all.
  std::int64_t of_fill = 0;
};

/// Rooms, invitations, memberships, signals and receipts in PostgreSQL or in memory; one contract suite covers both.
/// Errors are tenant_errc, bot_errc and copy_errc. The user comes first: what is not theirs is not_found. In PostgreSQL
/// every change of a room or membership notifies `rooms_changed` (payload: the room) and is audited in the same
/// transaction; the signal is written by the transaction that books the fill (order_journal::record_fill).
class copy_store {
public:
  virtual ~copy_store() = default;

  /// `limit`: open rooms that the lead may have, this one included.
  virtual task<result<room>> create_room(new_room, int limit) = 0;
  virtual task<result<room>> update_room(user_id lead, room_id, room_patch) = 0;
  /// Ends invitations and memberships; the followers' bots stop by their contracts. Nothing changes when it is closed.
  virtual task<result<room>> close_room(user_id lead, room_id, std::string reason) = 0;
  /// Of its lead, of everybody who is or was a member, and of those with an open invitation by name.
  virtual task<result<room_view>> get_room(user_id, room_id) = 0;
  /// By id.
  virtual task<result<std::vector<room_view>>> list_rooms(user_id, room_page) = 0;

  /// `limit`: open invitations of the room, this one included.
  virtual task<result<invitation>> invite(user_id lead, new_invitation, int limit) = 0;
  virtual task<result<std::vector<invitation>>> list_invitations(user_id lead, room_id) = 0;
  virtual task<result<void>> revoke_invitation(user_id lead, room_id, invitation_id) = 0;
  /// Leads with invitations that last while they are connected.
  virtual task<result<std::vector<user_id>>> load_waiting_leads() = 0;
  /// Those of these leads last until then.
  virtual task<result<void>> extend_invitations(std::vector<user_id> leads, wall_time until) = 0;

  /// The room behind the door, for making the bot. not_found for a code that nobody has.
  virtual task<result<room>> look_in(user_id, entrance) = 0;
  /// Uses the invitation, makes the bot and the membership, or does nothing.
  virtual task<result<member>> join(join_request, int bots_limit) = 0;
  /// By the follower: all memberships in the room, or one. not_found when there is none.
  virtual task<result<std::vector<member>>> leave(user_id, room_id, std::optional<member_id>) = 0;
  virtual task<result<member>> remove_member(user_id lead, room_id, member_id) = 0;
  /// The lead sees all, others their own. By id.
  virtual task<result<std::vector<member>>> list_members(user_id, room_id, std::int64_t after_id, int limit) = 0;
  /// Ends what has lost its ground: rooms whose lead is banned or whose account is deleted, memberships whose user is
  /// banned or whose account or bot is deleted. Answers how many.
  virtual task<result<int>> end_orphans() = 0;

  /// The lead sees all, a member those of their memberships. Newest first.
  virtual task<result<std::vector<room_signal>>> list_signals(user_id, room_id, feed_page) = 0;
  virtual task<result<std::vector<receipt_view>>> list_receipts(user_id, room_id, feed_page) = 0;

  /// For the fan-out: all open rooms, or one (nothing when it is closed).
  virtual task<result<std::vector<room_route>>> load_routes(std::optional<room_id>) = 0;
  /// Signals older than `age` that some follower has no receipt for, the oldest first; marks those complete that lack
  /// none. At most `limit` missing receipts.
  virtual task<result<std::vector<unfinished_signal>>> load_unfinished(milliseconds age, int limit) = 0;
  /// All receipts in one statement; a second one for the same signal and account changes nothing. `finished` are marked
  /// complete unless somebody is missing: then load_unfinished() tells of them.
  virtual task<result<void>> record(std::vector<receipt>, std::vector<signal_key> finished) = 0;
};

std::unique_ptr<copy_store> make_postgres_copy_store(database&);

/// What the memory store asks others for. Any thread.
struct memory_copy_world {
  std::function<std::optional<user_id>(account_id)> owner_of;
  std::function<std::string(user_id)> username;
  /// Banned users and deleted accounts are not.
  std::function<bool(user_id, account_id)> is_alive;
  /// Makes and stops the followers' bots.
  bot_store* bots = nullptr;
  /// The order with that tag, as the journal knows it.
  std::function<std::optional<std::pair<uuid, decimal>>(bot_id, const std::string& tag)> find_order;
  std::function<std::string(bot_id)> saved_state;
};
class memory_copy_store : public copy_store {
public:
  /// A fill of an order of the engine: its signals, as the PostgreSQL journal writes them.
  virtual void book(account_id, bot_id lead_bot, fill_id, const exchanges::fill&) = 0;
  /// As it is stored; nothing where the fill is no signal of the room.
  virtual std::optional<room_signal> find_signal(signal_key) const = 0;
};
std::unique_ptr<memory_copy_store> make_memory_copy_store(const clock&, memory_copy_world);

}  // namespace drover::engine

template <>
struct std::is_error_code_enum<drover::engine::copy_errc> : std::true_type {};
