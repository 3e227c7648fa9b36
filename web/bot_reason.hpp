#pragma once

#include "engine/bots/bot_status.hpp"
#include "tenants/accounts/account.hpp"

namespace drover::web {

/// What the account's bot is doing, and when it does nothing, why, and what would change that. The bot's own word
/// counts while it has one; the account's state explains the rest.
engine::bot_status describe_bot(const tenants::account&, const engine::bot_board&);

}  // namespace drover::web
