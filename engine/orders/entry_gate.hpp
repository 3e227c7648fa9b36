#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"

namespace drover::engine {

/// Whose an order is.
struct order_owner {
  user_id user;
  account_id account;
  std::string exchange;
  bot_id bot;
};

/// How far a halt goes; each does what those before it do, too.
enum class halt_verb {
  /// No new orders.
  halt,
  /// Resting orders are cancelled.
  cancel,
  /// Positions are closed.
  flatten,
};
std::string_view to_string(halt_verb);
std::optional<halt_verb> parse_halt_verb(std::string_view);

/// What a halt is about.
struct halt_scope {
  enum class kind { bot, account, user, exchange, all };
  kind what = kind::all;
  /// Of bot, account and user.
  std::int64_t id = 0;
  /// Of an exchange.
  std::string name{};
  friend auto operator<=>(const halt_scope&, const halt_scope&) = default;
};
std::string_view to_string(halt_scope::kind);
std::optional<halt_scope::kind> parse_halt_kind(std::string_view);
/// "bot 17", "exchange binance", "all trading"
std::string describe(const halt_scope&);
bool covers(const halt_scope&, const order_owner&);

struct halt {
  /// Names it: a kill's id, "lock", "loss:17".
  std::string key;
  halt_verb verb = halt_verb::halt;
  halt_scope scope;
  /// For a person: why nothing new leaves.
  std::string reason;
};

/// What no new order may pass. Every desk asks it when an order is wanted, before its intent is stored, and in the very turn in
/// which the request's first byte would leave; so when close() has returned, nothing that it covers leaves any more. Closing
/// orders of a flatten and cancels are not asked. Trading thread only. While it is open, asking costs one comparison.
class entry_gate {
 public:
  /// One of the same key is replaced.
  void close(halt);
  /// Unknown keys are ignored.
  void open(std::string_view key);
  /// Of the halts that cover it the one that goes farthest; null when it may order. Valid until close() or open().
  const halt* find(const order_owner&) const;
  std::size_t size() const { return size_; }

 private:
  std::map<halt_scope, std::vector<halt>> halts_;
  std::size_t size_ = 0;
};

}  // namespace drover::engine
