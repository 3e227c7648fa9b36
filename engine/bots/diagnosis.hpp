#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/bots/bot.hpp"
#include "engine/bots/bot_status.hpp"
#include "engine/bots/connection_report.hpp"
#include "tenants/accounts/account.hpp"

namespace drover::engine {

/// One link of the chain from the user to the strategy's last decision.
struct diagnosis_check {
  std::string check;
  /// Nothing: cannot be told at the moment, for the reason in `detail`.
  std::optional<bool> ok;
  /// For a person. `what_to_do` is empty when there is nothing to do.
  std::string detail, what_to_do;
};

struct diagnosis_facts {
  engine::bot bot;
  tenants::account account;
  bool user_active = true;
  std::optional<bot_status> status;
  /// Nothing while no bot of the account, or not this one, lives.
  std::optional<connection_report> connection;
  std::optional<bot_report> report;
};

/// Why a bot does not trade: what must hold for it, in the order in which it matters. The first one that does not is the
/// answer. Pure.
std::vector<diagnosis_check> diagnose(const diagnosis_facts&);

}  // namespace drover::engine
