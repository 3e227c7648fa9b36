#include <algorithm>
#include <map>
#include <mutex>

#include "tenants/errors.hpp"
#include "tenants/users/second_factor_store.hpp"

namespace drover::tenants {
namespace {

class memory_second_factor_store final : public second_factor_store {
public:
  task<result<std::optional<second_factor>>> find(user_id user) override {
    std::lock_guard lock(mutex_);
    const auto at = rows_.find(user);
    if (at == rows_.end()) co_return std::nullopt;
    auto found = at->second.factor;
    found.recovery_codes_left = static_cast<int>(at->second.recovery.size());
    co_return found;
  }

  task<result<void>> begin(user_id user, std::string sealed, std::int64_t version) override {
    std::lock_guard lock(mutex_);
    auto& r = rows_[user];
    if (r.factor.confirmed) co_return fail(tenant_errc::invalid, already_set_up);
    r = {.factor = {.user = user, .sealed = std::move(sealed), .version = version}, .recovery = {}};
    co_return result<void>();
  }

  task<result<void>> confirm(user_id user, std::int64_t version, std::int64_t step,
                             std::vector<std::string> recovery) override {
    std::lock_guard lock(mutex_);
    const auto at = rows_.find(user);
    if (at == rows_.end() || at->second.factor.confirmed || at->second.factor.version != version)
      co_return fail(tenant_errc::not_found);
    at->second.factor.confirmed = true;
    at->second.factor.last_step = step;
    at->second.recovery = std::move(recovery);
    co_return result<void>();
  }

  task<result<void>> use_step(user_id user, std::int64_t step) override {
    std::lock_guard lock(mutex_);
    const auto at = rows_.find(user);
    if (at == rows_.end() || !at->second.factor.confirmed || step <= at->second.factor.last_step)
      co_return fail(tenant_errc::wrong_code);
    at->second.factor.last_step = step;
    co_return result<void>();
  }

  task<result<void>> use_recovery_code(user_id user, std::string hash) override {
    std::lock_guard lock(mutex_);
    const auto at = rows_.find(user);
    if (at == rows_.end() || std::erase(at->second.recovery, hash) == 0) co_return fail(tenant_errc::wrong_code);
    co_return result<void>();
  }

  task<result<void>> remove(user_id user, user_id) override {
    std::lock_guard lock(mutex_);
    if (rows_.erase(user) == 0) co_return fail(tenant_errc::not_found);
    co_return result<void>();
  }

private:
  struct row {
    second_factor factor;
    std::vector<std::string> recovery;
  };
  std::mutex mutex_;
  std::map<user_id, row> rows_;
};

}  // namespace

std::unique_ptr<second_factor_store> make_memory_second_factor_store() {
  return std::make_unique<memory_second_factor_store>();
}

}  // namespace drover::tenants
