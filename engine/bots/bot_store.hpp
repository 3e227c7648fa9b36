#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "engine/bots/bot.hpp"

namespace drover::engine {

/// What only bots can be refused for; everything else is tenants::tenant_errc.
enum class bot_errc {
  /// Another bot of the account works on this market.
  market_taken = 1,
  /// The user has as many bots as one may have.
  too_many,
};
std::error_code make_error_code(bot_errc);

struct new_bot {
  user_id user;
  account_id account;
  std::string name, strategy, parameters, symbol;
  desired_state desired = desired_state::stopped;
  resume_contract resume = resume_contract::resume;
};

/// Fields to change; absent = leave.
struct bot_patch {
  std::optional<std::string> name, parameters;
  std::optional<resume_contract> resume;
};

struct bot_page {
  /// At most 1,000.
  int limit = 200;
  std::int64_t after_id = 0;
  /// Filters; not valid or empty = all.
  account_id account{};
  std::string strategy{};
};

/// The bot that an account gets which never had one.
struct default_bot {
  std::string strategy, parameters, symbol;
};
struct account_owner {
  account_id account;
  user_id user;
};

/// Bots in PostgreSQL or in memory; one contract suite covers both. Errors are tenant_errc and bot_errc. Tenant-owned calls
/// take the user first and answer not_found for other users' ids. In PostgreSQL every change notifies `bots_changed` (payload:
/// the account) and is audited in the same transaction.
class bot_store {
 public:
  virtual ~bot_store() = default;

  /// not_found when the account is not the user's. `limit`: bots that the user may have, this one included.
  virtual task<result<bot>> create(new_bot, int limit) = 0;
  /// By id.
  virtual task<result<std::vector<bot>>> list(user_id, bot_page) = 0;
  virtual task<result<bot>> get(user_id, bot_id) = 0;
  virtual task<result<bot>> update(user_id, bot_id, bot_patch) = 0;
  /// market_taken when it is to work while another one works there. Nothing changes, and nobody is told, when it is so already.
  virtual task<result<bot>> set_desired(user_id, bot_id, desired_state) = 0;
  /// Stops it and hides it; orders and fills stay.
  virtual task<result<void>> remove(user_id, bot_id) = 0;

  /// For the bot manager: bots that are to work, and stopped ones whose contract has not been carried out. By id.
  virtual task<result<std::vector<bot>>> load_runnable() = 0;
  virtual task<result<std::vector<bot>>> load_runnable(account_id) = 0;
  /// Gives the default bot to those of the accounts that never had a bot, in one statement; answers the new ones. No
  /// notification: who asks knows.
  virtual task<result<std::vector<bot>>> add_default_bots(default_bot, std::vector<account_owner>) = 0;
  /// The strategy has done what it was for: stopped and at rest.
  virtual task<result<void>> finish(bot_id, std::string reason) = 0;
  /// What a stopped bot's contract asks for was done; `reason` says what was left: empty leaves why it was stopped. Nothing
  /// happens to a bot that was started again meanwhile.
  virtual task<result<void>> mark_at_rest(bot_id, std::string reason) = 0;
};

std::unique_ptr<bot_store> make_postgres_bot_store(database&);

/// `owner_of` stands in for the accounts table: nothing for unknown accounts. Any thread; no audit, no notification.
struct memory_bot_accounts {
  std::function<std::optional<user_id>(account_id)> owner_of;
};
std::unique_ptr<bot_store> make_memory_bot_store(const clock&, memory_bot_accounts);

}  // namespace drover::engine

template <>
struct std::is_error_code_enum<drover::engine::bot_errc> : std::true_type {};
