#include "engine/bots/connection_report.hpp"

namespace drover::engine {

std::optional<bot_failure> judge_probe(const result<exchanges::permissions>& rights, bool withdraw_waived) {
  if (!rights) {
    auto failure = to_bot_failure(rights.error());
    // An exchange that is away says nothing about the key.
    if (failure.how != bot_failure::kind::permanent) return std::nullopt;
    return failure;
  }
  if (rights->withdraw == exchanges::tristate::yes && !withdraw_waived)
    return bot_failure{bot_failure::kind::permanent,
                       "The key may withdraw funds now; take that right away at the exchange, or connect another key",
                       std::nullopt, true};
  if (rights->trade == exchanges::tristate::no)
    return bot_failure{bot_failure::kind::permanent, "The key may not trade any more; allow trading at the exchange",
                       std::nullopt, true};
  if (rights->read == exchanges::tristate::no)
    return bot_failure{bot_failure::kind::permanent,
                       "The key may not read the account any more; allow it at the exchange", std::nullopt, true};
  return std::nullopt;
}

}  // namespace drover::engine
