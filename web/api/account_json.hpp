#pragma once

#include "engine/bots/bot_status.hpp"
#include "tenants/accounts/account.hpp"
#include "web/json_writer.hpp"

namespace drover::web::api {

/// An account with the state of its bot, as GET /user/exchanges/ shows it.
void write_account(json_writer&, const tenants::account&, const engine::bot_board&);
/// The same with the names of the bot manager's clients, as GET /api/accounts shows it.
void write_account_info(json_writer&, const tenants::account&, const engine::bot_board&);
/// An account as the administrator's lists show it, with its owner.
void write_pending_account(json_writer&, const tenants::pending_account&);

}  // namespace drover::web::api
