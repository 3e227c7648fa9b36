#include <algorithm>
#include <map>
#include <mutex>

#include "engine/control/control_store.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;

constexpr int page_limit = 200;

class memory_control_store final : public control_store {
 public:
  explicit memory_control_store(memory_control_facts facts) : facts_(std::move(facts)) {}

  task<result<kill>> add_kill(kill fresh) override {
    std::lock_guard lock(mutex_);
    const auto same = [&fresh](const kill& k) {
      if (k.id == fresh.id || (!fresh.key.empty() && k.by == fresh.by && k.key == fresh.key)) return true;
      return k.state != kill_state::released && k.verb == fresh.verb && k.scope == fresh.scope && k.by_admin == fresh.by_admin;
    };
    auto at = std::ranges::find_if(kills_, same);
    if (at != kills_.end()) co_return *at;
    fresh.saved = true;
    kills_.push_back(fresh);
    co_return fresh;
  }

  task<result<void>> update_kill(uuid id, kill_state state, kill_receipt receipt) override {
    std::lock_guard lock(mutex_);
    auto* found = find(id);
    if (found == nullptr || found->state == kill_state::released) co_return result<void>();
    found->state = state;
    found->receipt = std::move(receipt);
    co_return result<void>();
  }

  task<result<void>> release_kill(uuid id, user_id by, wall_time at) override {
    std::lock_guard lock(mutex_);
    auto* found = find(id);
    if (found == nullptr || found->state == kill_state::released) co_return result<void>();
    found->state = kill_state::released;
    found->released_by = by;
    found->released_at = at;
    co_return result<void>();
  }

  task<result<kill>> get_kill(uuid id) override {
    std::lock_guard lock(mutex_);
    auto* found = find(id);
    if (found == nullptr) co_return fail(tenant_errc::not_found);
    co_return *found;
  }

  task<result<std::vector<kill>>> list_kills(kill_page page) override {
    std::lock_guard lock(mutex_);
    std::vector<kill> out;
    const auto limit = static_cast<std::size_t>(std::clamp(page.limit, 1, page_limit));
    for (auto at = kills_.rbegin(); at != kills_.rend() && out.size() < limit; ++at) {
      if (page.owner.valid() && at->owner != page.owner) continue;
      if (page.active_only && at->state == kill_state::released) continue;
      out.push_back(*at);
    }
    co_return out;
  }

  task<result<std::vector<kill>>> load_active() override {
    std::lock_guard lock(mutex_);
    auto out = kills_;
    std::erase_if(out, [](const kill& k) { return k.state == kill_state::released; });
    co_return out;
  }

  task<result<void>> set_lock(lock_state state) override {
    std::lock_guard lock(mutex_);
    state.saved = true;
    locks_.insert_or_assign(state.name, std::move(state));
    co_return result<void>();
  }

  task<result<std::vector<lock_state>>> load_locks() override {
    std::lock_guard lock(mutex_);
    std::vector<lock_state> out;
    for (const auto& [name, state] : locks_) out.push_back(state);
    co_return out;
  }

  task<result<std::optional<user_id>>> find_owner(halt_scope scope) override {
    co_return facts_.owner_of ? facts_.owner_of(scope) : std::nullopt;
  }

  task<result<void>> set_limits(limits_row row, user_id) override {
    std::lock_guard lock(mutex_);
    limits_.insert_or_assign({row.account, row.by_owner}, row);
    co_return result<void>();
  }

  task<result<std::vector<limits_row>>> load_limits() override {
    std::lock_guard lock(mutex_);
    std::vector<limits_row> out;
    for (const auto& [key, row] : limits_) out.push_back(row);
    co_return out;
  }

  task<result<void>> clear_loss(account_id account, user_id, wall_time at) override {
    std::lock_guard lock(mutex_);
    cleared_.insert_or_assign(account, at);
    co_return result<void>();
  }

  task<result<std::vector<realised_row>>> load_realised(wall_time midnight) override {
    co_return facts_.realised_since ? facts_.realised_since(midnight) : std::vector<realised_row>();
  }

 private:
  kill* find(const uuid& id) {
    auto at = std::ranges::find(kills_, id, &kill::id);
    return at == kills_.end() ? nullptr : &*at;
  }

  std::mutex mutex_;
  memory_control_facts facts_;
  std::vector<kill> kills_;
  std::map<engine_lock, lock_state> locks_;
  std::map<std::pair<account_id, bool>, limits_row> limits_;
  std::map<account_id, wall_time> cleared_;
};

}  // namespace

std::unique_ptr<control_store> make_memory_control_store(memory_control_facts facts) {
  return std::make_unique<memory_control_store>(std::move(facts));
}

}  // namespace drover::engine
