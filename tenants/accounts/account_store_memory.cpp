#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tenants/accounts/account_decisions.hpp"
#include "tenants/accounts/account_store.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t page_limit = 1000;

std::size_t limit_of(account_page page) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(page.limit, 1)), 1, page_limit);
}

struct stored_account {
  tenants::account account;
  sealed_credentials sealed;
  std::string fingerprint;
  user_id decided_by;
};

class memory_account_store final : public account_store {
public:
  memory_account_store(const clock& time, memory_account_users users) : clock_(time), users_(std::move(users)) {}

  task<result<account_id>> reserve_id() override {
    std::lock_guard lock(mutex_);
    co_return account_id(++last_id_);
  }

  task<result<std::optional<data_key_row>>> find_data_key(user_id user) override {
    std::lock_guard lock(mutex_);
    auto found = keys_.find(user);
    co_return found == keys_.end() ? std::nullopt : std::optional(found->second);
  }

  task<result<data_key_row>> ensure_data_key(user_id user, data_key_row key) override {
    std::lock_guard lock(mutex_);
    auto [at, is_new] = keys_.try_emplace(user, std::move(key));
    co_return at->second;
  }

  task<result<account>> create(new_account fresh, sealed_credentials sealed) override {
    std::lock_guard lock(mutex_);
    if (is_connected(fresh.key_fingerprint, {}))
      co_return fail(tenant_errc::duplicate, "api_key: is connected already");
    account created{.id = sealed.account,
                    .user = fresh.user,
                    .exchange_name = std::move(fresh.exchange_name),
                    .region = sealed.region,
                    .label = std::move(fresh.label),
                    .api_key_mask = std::move(fresh.api_key_mask),
                    .credential_version = sealed.version,
                    .created_at = clock_.wall_now(),
                    .updated_at = clock_.wall_now(),
                    .probe = std::move(fresh.probe)};
    by_fingerprint_[fresh.key_fingerprint] = created.id;
    accounts_[created.id] = {created, std::move(sealed), std::move(fresh.key_fingerprint), {}};
    co_return created;
  }

  task<result<std::vector<account>>> list(user_id user, account_page page) override {
    std::lock_guard lock(mutex_);
    std::vector<account> found;
    for (auto at = accounts_.upper_bound(account_id(page.after_id)); at != accounts_.end(); ++at) {
      if (found.size() == limit_of(page)) break;
      if (at->second.account.user == user) found.push_back(at->second.account);
    }
    co_return found;
  }

  task<result<account>> get(user_id user, account_id id) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (!found) co_return fail(tenant_errc::not_found);
    co_return found->account;
  }

  task<result<account>> update(user_id user, account_id id, account_patch patch) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (!found) co_return fail(tenant_errc::not_found);
    if (patch.label) found->account.label = *std::move(patch.label);
    co_return touched(*found);
  }

  task<result<account>> replace_credentials(user_id user, account_id id, replacement fresh,
                                            sealed_credentials sealed) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (!found) co_return fail(tenant_errc::not_found);
    if (auto allowed = check_replacement(facts_of(*found), sealed.version); !allowed)
      co_return std::unexpected(allowed.error());
    if (is_connected(fresh.key_fingerprint, id)) co_return fail(tenant_errc::duplicate, "api_key: is connected already");
    found->account.api_key_mask = std::move(fresh.api_key_mask);
    found->account.region = sealed.region;
    found->account.probe = std::move(fresh.probe);
    found->account.withdraw_waived = false;
    found->account.credential_version = sealed.version;
    found->account.status = account_status::pending;
    found->account.is_active = false;
    found->account.error_message.reset();
    by_fingerprint_.erase(found->fingerprint);
    by_fingerprint_[fresh.key_fingerprint] = id;
    found->fingerprint = std::move(fresh.key_fingerprint);
    found->sealed = std::move(sealed);
    found->decided_by = {};
    co_return touched(*found);
  }

  task<result<account>> set_active(user_id user, account_id id, bool is_active) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (!found) co_return fail(tenant_errc::not_found);
    if (auto allowed = check_activation(facts_of(*found), is_active); !allowed)
      co_return std::unexpected(allowed.error());
    found->account.is_active = is_active;
    co_return touched(*found);
  }

  task<result<void>> remove(user_id user, account_id id) override {
    std::lock_guard lock(mutex_);
    auto* found = find(user, id);
    if (!found) co_return fail(tenant_errc::not_found);
    by_fingerprint_.erase(found->fingerprint);
    accounts_.erase(id);
    co_return result<void>();
  }

  task<result<std::vector<pending_account>>> list_for_admin(std::optional<account_status> status,
                                                            account_page page) override {
    std::lock_guard lock(mutex_);
    std::vector<pending_account> found;
    for (auto at = accounts_.upper_bound(account_id(page.after_id)); at != accounts_.end(); ++at) {
      const auto& candidate = at->second.account;
      if (found.size() == limit_of(page)) break;
      if (!status || candidate.status == *status)
        found.push_back({.account = candidate, .username = users_.username(candidate.user), .user_email = {}});
    }
    co_return found;
  }

  task<result<account>> approve(user_id admin, account_id id, std::optional<std::int64_t> reviewed_version,
                                std::string) override {
    std::lock_guard lock(mutex_);
    auto found = accounts_.find(id);
    if (found == accounts_.end()) co_return fail(tenant_errc::not_found);
    if (auto allowed = check_approval(facts_of(found->second), admin, reviewed_version); !allowed)
      co_return std::unexpected(allowed.error());
    decide(found->second, admin, account_status::approved);
    found->second.account.is_active = true;
    found->second.account.error_message.reset();
    co_return touched(found->second);
  }

  task<result<account>> reject(user_id admin, account_id id, std::string reason) override {
    std::lock_guard lock(mutex_);
    auto found = accounts_.find(id);
    if (found == accounts_.end()) co_return fail(tenant_errc::not_found);
    if (auto allowed = check_rejection(facts_of(found->second), reason); !allowed)
      co_return std::unexpected(allowed.error());
    decide(found->second, admin, account_status::rejected);
    found->second.account.is_active = false;
    found->second.account.error_message = std::move(reason);
    co_return touched(found->second);
  }

  task<result<account>> record_probe(account_id id, std::int64_t version, account_probe seen) override {
    std::lock_guard lock(mutex_);
    auto at = accounts_.find(id);
    if (at == accounts_.end() || at->second.account.credential_version != version) co_return fail(tenant_errc::not_found);
    auto& a = at->second.account;
    const auto problem = facts_of(at->second).probe_problem;
    a.probe = with_waiver(std::move(seen), a.withdraw_waived);
    const bool is_suspended = !a.probe->passed && a.status == account_status::approved;
    if (!is_suspended && (a.status != account_status::pending || problem == a.probe->reason)) co_return a;
    a.status = account_status::pending;
    a.is_active = false;
    a.error_message = a.probe->passed ? std::nullopt : std::optional(a.probe->reason);
    co_return touched(at->second);
  }

  task<result<std::vector<account_id>>> list_due_probes(wall_time before, int limit) override {
    std::lock_guard lock(mutex_);
    std::vector<std::pair<wall_time, account_id>> due;
    for (const auto& [id, s] : accounts_)
      if (s.account.status != account_status::rejected && (!s.account.probe || s.account.probe->at < before))
        due.emplace_back(s.account.probe ? s.account.probe->at : wall_time(), id);
    std::ranges::sort(due);
    std::vector<account_id> ids;
    for (const auto& [at, id] : due)
      if (std::cmp_less(ids.size(), limit)) ids.push_back(id);
    co_return ids;
  }

  task<result<account>> waive_withdrawals(user_id admin, account_id id, std::int64_t version) override {
    std::lock_guard lock(mutex_);
    auto at = accounts_.find(id);
    if (at == accounts_.end()) co_return fail(tenant_errc::not_found);
    if (auto allowed = check_waiver(facts_of(at->second), admin, version); !allowed) co_return std::unexpected(allowed.error());
    auto& a = at->second.account;
    a.withdraw_waived = true;
    const bool was_refused = a.probe && !a.probe->passed;
    if (a.probe) a.probe = with_waiver(std::move(*a.probe), true);
    if (was_refused && a.probe->passed && a.status == account_status::pending) a.error_message.reset();
    co_return touched(at->second);
  }

  task<result<runnable_account>> load_credentials(account_id id) override {
    std::lock_guard lock(mutex_);
    auto found = accounts_.find(id);
    if (found == accounts_.end()) co_return fail(tenant_errc::not_found);
    co_return runnable_of(found->second);
  }

  task<result<std::vector<runnable_account>>> load_runnable() override {
    std::lock_guard lock(mutex_);
    std::vector<runnable_account> runnable;
    for (const auto& [id, stored] : accounts_)
      if (is_runnable(stored)) runnable.push_back(runnable_of(stored));
    co_return runnable;
  }

  task<result<std::optional<runnable_account>>> load_runnable(account_id id) override {
    std::lock_guard lock(mutex_);
    auto found = accounts_.find(id);
    if (found == accounts_.end() || !is_runnable(found->second)) co_return std::nullopt;
    co_return runnable_of(found->second);
  }

  task<result<void>> report_credentials(account_id, std::string, std::string) override { co_return result<void>(); }

private:
  stored_account* find(user_id user, account_id id) {
    auto found = accounts_.find(id);
    return found != accounts_.end() && found->second.account.user == user ? &found->second : nullptr;
  }
  bool is_connected(const std::string& fingerprint, account_id besides) const {
    const auto found = by_fingerprint_.find(fingerprint);
    return found != by_fingerprint_.end() && found->second != besides;
  }
  decision_facts facts_of(const stored_account& s) const {
    return {.account = s.account.id,
            .owner = s.account.user,
            .status = s.account.status,
            .credential_version = s.account.credential_version,
            .decided_by = s.decided_by.valid() ? users_.username(s.decided_by) : std::string(),
            .error_message = s.account.error_message.value_or(""),
            .probe_problem = s.account.probe ? s.account.probe->reason : std::string(),
            .withdraw_waived = s.account.withdraw_waived};
  }
  static void decide(stored_account& s, user_id admin, account_status status) {
    s.account.status = status;
    s.decided_by = admin;
  }
  account touched(stored_account& s) const {
    s.account.updated_at = clock_.wall_now();
    return s.account;
  }
  bool is_runnable(const stored_account& s) const {
    return s.account.status == account_status::approved && s.account.is_active && keys_.contains(s.account.user) &&
           users_.is_active(s.account.user);
  }
  runnable_account runnable_of(const stored_account& s) const {
    runnable_account out{.account = s.account, .credentials = s.sealed};
    const auto& key = keys_.at(s.account.user);
    out.credentials.dek_id = key.dek_id;
    out.credentials.wrapped_dek = key.wrapped;
    out.credentials.newest_version = s.account.credential_version;
    return out;
  }

  const clock& clock_;
  memory_account_users users_;
  std::mutex mutex_;
  std::map<account_id, stored_account> accounts_;
  std::unordered_map<std::string, account_id> by_fingerprint_;
  std::map<user_id, data_key_row> keys_;
  std::int64_t last_id_ = 0;
};

}  // namespace

std::unique_ptr<account_store> make_memory_account_store(const clock& time, memory_account_users users) {
  return std::make_unique<memory_account_store>(time, std::move(users));
}

}  // namespace drover::tenants
