#pragma once

#include <string_view>

#include "engine/bots/bot_status.hpp"
#include "tenants/accounts/account.hpp"
#include "web/json_writer.hpp"
#include "web/request.hpp"
#include "web/services.hpp"

namespace drover::web::api {

/// How a list shows one account (account_json.hpp).
using account_writer = void (*)(json_writer&, const tenants::account&, const engine::bot_board&);

/// A page of the caller's accounts as a JSON array; `path` is what the headers of the page link to.
task<answer> list_accounts(request&, services&, std::string_view path, account_writer);

}  // namespace drover::web::api
