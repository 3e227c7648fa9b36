#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/ids.hpp"
#include "engine/bots/bot.hpp"
#include "engine/strategies/strategy.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

using room_id = strong_id<struct room_tag>;
using invitation_id = strong_id<struct invitation_tag>;
using member_id = strong_id<struct member_tag>;

enum class room_state { open, closed };
std::string_view to_string(room_state);

/// A lead trader whose fills on one account are followed.
struct room {
  room_id id;
  user_id lead;
  /// Whose fills are followed; only the lead sees it.
  account_id account;
  std::string name;
  /// "BTC/USDT"; empty: every market of the account.
  std::vector<std::string> symbols;
  room_state state = room_state::open;
  /// Why it was closed; fit for everybody in it.
  std::string reason;
  /// Memberships at the same time.
  int max_followers = 0;
  /// Largest `ratio` and `order_notional` that a follower may join with; zero = no bound.
  decimal max_ratio, max_order_notional;
  wall_time created_at, updated_at;
  std::optional<wall_time> closed_at;

  bool covers(std::string_view symbol) const;
};

/// What a user has to do with a room.
enum class room_role { lead, member, former, invited };
std::string_view to_string(room_role);
std::optional<room_role> parse_room_role(std::string_view);

struct room_view {
  engine::room room;
  room_role role = room_role::invited;
  std::string lead_name;
  int followers = 0;
};

/// How somebody may come in: with a code, or because the name was invited.
struct invitation {
  invitation_id id;
  engine::room_id room;
  /// Empty: whoever has the code.
  std::string username;
  int uses_limit = 1, uses = 0;
  /// Open only while the lead has a dashboard open.
  bool while_connected = false;
  bool revoked = false;
  wall_time created_at, expires_at;

  bool is_open(wall_time now) const { return !revoked && uses < uses_limit && now < expires_at; }
};

enum class member_state {
  joined,
  /// By the follower.
  left,
  /// By the lead.
  removed,
  /// The room was closed, or one of the two lost account or access.
  ended,
};
std::string_view to_string(member_state);
std::optional<member_state> parse_member_state(std::string_view);

/// One account of a follower on one market of a room, with the bot that follows there.
struct member {
  member_id id;
  engine::room_id room;
  user_id user;
  /// The follower's trading name.
  std::string name;
  account_id account;
  bot_id bot;
  std::string symbol;
  member_state state = member_state::joined;
  std::string reason;
  wall_time joined_at;
  std::optional<wall_time> ended_at;
  /// How far the position is from what all signals add up to: 0 = exactly as them, 1 = nothing of it. Nothing before
  /// the bot has saved anything.
  std::optional<decimal> drift;
};

/// A signal is a fill of the lead in a room: durable with the fill, and the same however often it is derived.
struct signal_key {
  room_id room;
  fill_id fill;
  friend auto operator<=>(const signal_key&, const signal_key&) = default;
};
/// "12.345": what strategies know it by.
std::string to_signal_id(signal_key);
std::optional<signal_key> parse_signal_id(std::string_view);
/// "room:12": what a following bot's parameters name.
std::string to_signal_source(room_id);

struct room_signal {
  signal_key key;
  std::string symbol;
  exchanges::side side = exchanges::side::buy;
  decimal price, quantity;
  /// When the exchange says that the lead traded.
  wall_time at;
  /// Who follows is decided by this moment.
  wall_time created_at;
  /// Every follower has a receipt.
  bool completed = false;
};

/// What became of a signal at one follower.
struct receipt {
  signal_key key;
  account_id account;
  member_id member;
  signal_outcome outcome = signal_outcome::skipped;
  std::string reason;
  decimal quantity;
  /// Of the order that follows; nil without one.
  uuid order;
  wall_time judged_at;
  /// From the lead's fill in the books to the verdict.
  nanoseconds latency{};
};
std::string_view to_string(signal_outcome);
std::optional<signal_outcome> parse_signal_outcome(std::string_view);

/// A receipt as it is shown, with what its order has done since.
struct receipt_view {
  engine::receipt receipt;
  std::string name, symbol;
  exchanges::side side = exchanges::side::buy;
  decimal signal_price;
  /// Empty without an order.
  std::string order_state;
  decimal filled_quantity;
  /// How much worse than the lead traded, as a share; negative = better. Nothing before something filled.
  std::optional<decimal> slippage;
};
std::optional<decimal> slippage_of(exchanges::side, decimal signal_price, decimal filled_price);

/// Reads "drift" from what a following bot has saved; nothing when it says nothing of it.
std::optional<decimal> find_drift(const std::string& state_json);

}  // namespace drover::engine

template <>
struct std::hash<drover::engine::signal_key> {
  std::size_t operator()(const drover::engine::signal_key& k) const noexcept {
    return std::hash<std::int64_t>{}(k.fill.value * 31 + k.room.value);
  }
};
