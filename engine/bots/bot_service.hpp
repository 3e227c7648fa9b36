#pragma once

#include <optional>
#include <string>

#include "engine/bots/bot_store.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::engine {

struct bot_request {
  account_id account;
  /// Empty: named after strategy and market.
  std::string name;
  std::string strategy;
  /// JSON object.
  std::string parameters = "{}";
  resume_contract resume = resume_contract::resume;
  /// Started right away.
  bool start = false;
};

/// Rules of making and changing bots. Errors are tenant_errc and bot_errc; an invalid one names its field, those of
/// parameters as "parameters.levels: …".
class bot_service {
 public:
  static constexpr std::size_t name_limit = 100;

  bot_service(bot_store&, int bots_per_user, const strategy_kind* (*find_kind)(std::string_view) = find_strategy_kind);

  task<result<bot>> create(user_id, bot_request);
  /// New parameters are checked against the bot's strategy; its market stays.
  task<result<bot>> update(user_id, bot_id, bot_patch);
  /// Absent: as the original.
  struct clone_request {
    std::optional<account_id> account;
    std::optional<std::string> name, symbol;
  };
  /// A stopped bot with the same strategy, parameters and contract, and nothing to remember.
  task<result<bot>> clone(user_id, bot_id, clone_request);
  task<result<bot>> set_desired(user_id, bot_id, desired_state);

  bot_store& store() { return store_; }
  /// Bots that one user may have from now on; those there are stay.
  void set_limit(int bots_per_user) { bots_per_user_ = bots_per_user; }

 private:
  bot_store& store_;
  int bots_per_user_;
  const strategy_kind* (*find_kind_)(std::string_view);
};

}  // namespace drover::engine
