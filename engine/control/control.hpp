#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "engine/orders/entry_gate.hpp"

namespace drover::engine {

/// Locks of the whole engine (SPEC D7).
enum class engine_lock {
  /// Nobody but administrators logs in.
  login,
  /// No new opening order leaves.
  trading,
  /// Both, and the API answers administrators only.
  lockdown,
};
inline constexpr engine_lock all_locks[] = {engine_lock::login, engine_lock::trading, engine_lock::lockdown};
std::string_view to_string(engine_lock);
std::optional<engine_lock> parse_engine_lock(std::string_view);

struct lock_state {
  engine_lock name = engine_lock::trading;
  bool locked = false;
  std::string reason;
  /// Not valid: the operator of the machine, or nobody yet.
  user_id by;
  wall_time at;
  /// False while the database is away; it holds all the same.
  bool saved = true;
  /// Not saved, but on this machine's disk.
  bool noted = false;
  bool survives_restart() const { return saved || noted; }
  friend bool operator==(const lock_state&, const lock_state&) = default;
};

/// Who asks for something. An operator has no id and may do everything.
struct control_caller {
  user_id user;
  bool is_admin = false;
  /// "api", "signal SIGUSR1"
  std::string through = "api";
};

struct kill_request {
  halt_verb verb = halt_verb::halt;
  halt_scope scope;
  std::string reason{};
  /// The same one of the same caller again is the same kill; at most 64 characters.
  std::string key{};
};

/// What one account still holds on one market.
struct residual_exposure {
  account_id account;
  bot_id bot;
  std::string exchange, symbol;
  int open_orders = 0;
  /// In the base asset; its worth at the last price, in the quote asset, when there is one.
  decimal position;
  std::optional<decimal> notional;
  /// Why it could not be done, for a person; empty when nothing is left to do.
  std::string problem;
  friend bool operator==(const residual_exposure&, const residual_exposure&) = default;
};

struct kill_receipt {
  wall_time entries_halted_since;
  int bots = 0;
  int orders_cancelled = 0;
  int orders_open = 0;
  /// Everything that its verb asks for has been done.
  bool complete = false;
  /// Markets with orders or a position left, or with a problem; at most residual_limit of them.
  std::vector<residual_exposure> residual;
  friend bool operator==(const kill_receipt&, const kill_receipt&) = default;
};
inline constexpr std::size_t residual_limit = 1'000;

enum class kill_state {
  /// It holds; orders are still being cancelled or positions closed.
  working,
  /// It holds; what could be done is done.
  done,
  released,
};
std::string_view to_string(kill_state);
std::optional<kill_state> parse_kill_state(std::string_view);

/// An emergency stop: verb × scope, with a receipt. It holds from the moment it is asked for until it is released.
struct kill {
  uuid id;
  halt_verb verb = halt_verb::halt;
  halt_scope scope;
  /// Whose bots are stopped; not valid: those of many.
  user_id owner;
  /// Not valid: the operator of the machine.
  user_id by;
  bool by_admin = false;
  std::string through, key, reason;
  wall_time at;
  kill_state state = kill_state::working;
  kill_receipt receipt;
  user_id released_by{};
  std::optional<wall_time> released_at{};
  /// False while the database does not have its last change; it holds all the same.
  bool saved = true;
  /// Not saved, but on this machine's disk.
  bool noted = false;
  bool survives_restart() const { return saved || noted; }
  friend bool operator==(const kill&, const kill&) = default;
};

/// For the receipt's column and for answers.
std::string to_json(const kill_receipt&);
result<kill_receipt> parse_receipt(const std::string& json);

enum class control_errc {
  /// Only administrators may stop an exchange or everything; the detail says so.
  admins_only = 1,
  /// An administrator's stop is released by an administrator.
  not_yours,
  /// A limit that is looser than what the administrator allows; the detail names it.
  too_loose,
};
std::error_code make_error_code(control_errc);

}  // namespace drover::engine

template <>
struct std::is_error_code_enum<drover::engine::control_errc> : std::true_type {};
