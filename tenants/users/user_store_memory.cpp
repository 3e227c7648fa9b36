#include <map>
#include <mutex>

#include "tenants/errors.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t email_most = 254;

class memory_user_store final : public user_store {
public:
  explicit memory_user_store(const clock& time) : clock_(time) {}

  task<result<user>> create(new_user fresh) override {
    std::lock_guard lock(mutex_);
    if (!is_username(fresh.username))
      co_return fail(tenant_errc::invalid, "username: must have 3 to 32 characters of a-z, 0-9, _ . -");
    if (fresh.email.size() > email_most)
      co_return fail(tenant_errc::invalid, "email: must have at most 254 characters");
    if (find(fresh.username)) co_return fail(tenant_errc::name_taken, "username: is taken");
    user created{.id = user_id(++last_id_),
                 .username = std::move(fresh.username),
                 .email = std::move(fresh.email),
                 .role = fresh.role,
                 .created_at = clock_.wall_now()};
    users_[created.id] = {.user = created, .password_hash = std::move(fresh.password_hash)};
    co_return created;
  }

  task<result<std::optional<login_record>>> find_login(std::string username) override {
    std::lock_guard lock(mutex_);
    auto* found = find(username);
    co_return found ? std::optional(*found) : std::nullopt;
  }

  task<result<user>> get(user_id id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    co_return found->second.user;
  }

  task<result<std::vector<user>>> list() override {
    std::lock_guard lock(mutex_);
    std::vector<user> all;
    for (const auto& [id, record] : users_) all.push_back(record.user);
    co_return all;
  }

  task<result<void>> set_password(user_id id, std::string password_hash) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    found->second.password_hash = std::move(password_hash);
    ++found->second.user.epoch;
    co_return result<void>();
  }

  task<result<user>> set_status(std::string username, user_status status, user_id) override {
    std::lock_guard lock(mutex_);
    auto* found = find(username);
    if (!found) co_return fail(tenant_errc::not_found);
    found->user.status = status;
    ++found->user.epoch;
    co_return found->user;
  }

  task<result<void>> record_login(user_id id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    found->second.user.last_login_at = clock_.wall_now();
    co_return result<void>();
  }

  task<result<void>> end_sessions(user_id id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    ++found->second.user.epoch;
    co_return result<void>();
  }

  task<result<std::vector<user_auth_facts>>> load_auth_facts() override {
    std::lock_guard lock(mutex_);
    std::vector<user_auth_facts> all;
    for (const auto& [id, record] : users_) all.push_back(facts_of(record.user));
    co_return all;
  }

  task<result<std::optional<user_auth_facts>>> load_auth_facts(user_id id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return std::nullopt;
    co_return facts_of(found->second.user);
  }

private:
  static user_auth_facts facts_of(const user& u) {
    return {.id = u.id, .role = u.role, .status = u.status, .epoch = u.epoch};
  }
  login_record* find(const std::string& username) {
    for (auto& [id, record] : users_)
      if (record.user.username == username) return &record;
    return nullptr;
  }

  const clock& clock_;
  std::mutex mutex_;
  std::map<user_id, login_record> users_;
  std::int64_t last_id_ = 0;
};

}  // namespace

std::unique_ptr<user_store> make_memory_user_store(const clock& time) {
  return std::make_unique<memory_user_store>(time);
}

}  // namespace drover::tenants
