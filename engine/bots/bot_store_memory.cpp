#include <algorithm>
#include <map>
#include <mutex>

#include "engine/bots/bot_rules.hpp"
#include "engine/bots/bot_store.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;

constexpr std::size_t page_limit = 1'000;

struct stored_bot {
  engine::bot bot;
  bool deleted = false;
};

class memory_bot_store final : public bot_store {
 public:
  memory_bot_store(const clock& time, memory_bot_accounts accounts) : clock_(time), accounts_(std::move(accounts)) {}

  task<result<bot>> create(new_bot fresh, int limit) override {
    std::lock_guard lock(mutex_);
    if (accounts_.owner_of(fresh.account) != fresh.user) co_return fail(tenant_errc::not_found, "account_id: there is no such account");
    const auto has = std::ranges::count_if(of_user_[fresh.user], [this](bot_id id) { return !bots_.at(id).deleted; });
    if (has >= limit) co_return too_many_bots(limit);
    if (fresh.desired != desired_state::stopped && is_taken(fresh.account, fresh.symbol, {})) co_return market_taken(fresh.symbol);
    co_return insert(std::move(fresh));
  }

  task<result<std::vector<bot>>> list(user_id user, bot_page page) override {
    std::lock_guard lock(mutex_);
    const auto limit = std::min(static_cast<std::size_t>(std::max(page.limit, 1)), page_limit);
    std::vector<bot> found;
    for (auto at = bots_.upper_bound(bot_id(page.after_id)); at != bots_.end() && found.size() < limit; ++at) {
      const auto& b = at->second.bot;
      if (at->second.deleted || b.user != user) continue;
      if (page.account.valid() && b.account != page.account) continue;
      if (!page.strategy.empty() && b.strategy != page.strategy) continue;
      found.push_back(b);
    }
    co_return found;
  }

  task<result<bot>> get(user_id user, bot_id id) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (found == nullptr) co_return fail(tenant_errc::not_found);
    co_return found->bot;
  }

  task<result<bot>> update(user_id user, bot_id id, bot_patch patch) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (found == nullptr) co_return fail(tenant_errc::not_found);
    auto& b = found->bot;
    if (patch.name) b.name = std::move(*patch.name);
    if (patch.parameters) b.parameters = std::move(*patch.parameters);
    if (patch.resume) b.resume = *patch.resume;
    b.updated_at = clock_.wall_now();
    co_return b;
  }

  task<result<bot>> set_desired(user_id user, bot_id id, desired_state wanted) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (found == nullptr) co_return fail(tenant_errc::not_found);
    auto& b = found->bot;
    if (b.desired == wanted) co_return b;
    if (b.desired == desired_state::stopped && is_taken(b.account, b.symbol, b.id)) co_return market_taken(b.symbol);
    want(b, wanted);
    co_return b;
  }

  task<result<void>> remove(user_id user, bot_id id) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (found == nullptr) co_return fail(tenant_errc::not_found);
    if (found->bot.desired != desired_state::stopped) want(found->bot, desired_state::stopped);
    found->deleted = true;
    found->bot.resume = std::max(found->bot.resume, resume_contract::cancel_and_wait);
    co_return result<void>();
  }

  task<result<std::vector<bot>>> load_runnable() override { co_return runnable({}); }
  task<result<std::vector<bot>>> load_runnable(account_id account) override { co_return runnable(account); }

  task<result<std::vector<bot>>> add_default_bots(default_bot wanted, std::vector<account_owner> owners) override {
    std::lock_guard lock(mutex_);
    std::vector<bot> added;
    for (const auto& owner : owners) {
      if (of_account_.contains(owner.account)) continue;
      added.push_back(insert({.user = owner.user,
                              .account = owner.account,
                              .name = wanted.strategy,
                              .strategy = wanted.strategy,
                              .parameters = wanted.parameters,
                              .symbol = wanted.symbol,
                              .desired = desired_state::running}));
    }
    co_return added;
  }

  task<result<void>> finish(bot_id id, std::string reason) override {
    std::lock_guard lock(mutex_);
    auto at = bots_.find(id);
    if (at == bots_.end()) co_return fail(tenant_errc::not_found);
    want(at->second.bot, desired_state::stopped);
    at->second.bot.at_rest = true;
    at->second.bot.reason = std::move(reason);
    co_return result<void>();
  }

  task<result<void>> mark_at_rest(bot_id id, std::string reason) override {
    std::lock_guard lock(mutex_);
    auto at = bots_.find(id);
    if (at == bots_.end() || at->second.bot.desired != desired_state::stopped) co_return result<void>();
    at->second.bot.at_rest = true;
    if (!reason.empty()) at->second.bot.reason = std::move(reason);
    co_return result<void>();
  }

 private:
  void want(bot& b, desired_state wanted) {
    b.desired = wanted;
    b.at_rest = false;
    b.reason.clear();
    b.updated_at = clock_.wall_now();
  }

  bot insert(new_bot fresh) {
    bot made{.id = bot_id(++last_id_),
             .account = fresh.account,
             .user = fresh.user,
             .name = std::move(fresh.name),
             .strategy = std::move(fresh.strategy),
             .parameters = std::move(fresh.parameters),
             .symbol = std::move(fresh.symbol),
             .desired = fresh.desired,
             .resume = fresh.resume,
             .at_rest = fresh.desired == desired_state::stopped,
             .reason = {},
             .created_at = clock_.wall_now(),
             .updated_at = clock_.wall_now()};
    bots_[made.id] = {made, false};
    of_user_[made.user].push_back(made.id);
    of_account_[made.account].push_back(made.id);
    return made;
  }

  std::vector<bot> runnable(account_id account) {
    std::lock_guard lock(mutex_);
    std::vector<bot> found;
    const auto add = [&found](const bot& b) {
      if (b.desired != desired_state::stopped || !b.at_rest) found.push_back(b);
    };
    if (account.valid())
      for (const auto id : bots_of(account)) add(bots_.at(id).bot);
    else
      for (const auto& [id, row] : bots_) add(row.bot);
    return found;
  }

  std::vector<bot_id> bots_of(account_id account) const {
    const auto at = of_account_.find(account);
    return at == of_account_.end() ? std::vector<bot_id>() : at->second;
  }

  bool is_taken(account_id account, const std::string& symbol, bot_id but) const {
    const auto all = bots_of(account);
    return std::ranges::any_of(all, [&](bot_id id) {
      const auto& [b, deleted] = bots_.at(id);
      return !deleted && id != but && b.symbol == symbol && b.desired != desired_state::stopped;
    });
  }

  stored_bot* find(user_id user, bot_id id) {
    auto at = bots_.find(id);
    return at == bots_.end() || at->second.deleted || at->second.bot.user != user ? nullptr : &at->second;
  }

  const clock& clock_;
  memory_bot_accounts accounts_;
  mutable std::mutex mutex_;
  std::map<bot_id, stored_bot> bots_;
  /// With the deleted ones.
  std::map<user_id, std::vector<bot_id>> of_user_;
  std::map<account_id, std::vector<bot_id>> of_account_;
  std::int64_t last_id_ = 0;
};

}  // namespace

std::unique_ptr<bot_store> make_memory_bot_store(const clock& time, memory_bot_accounts accounts) {
  return std::make_unique<memory_bot_store>(time, std::move(accounts));
}

}  // namespace drover::engine
