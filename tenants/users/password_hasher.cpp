#include "tenants/users/password_hasher.hpp"

#include "tenants/errors.hpp"

namespace drover::tenants {

password_hasher::password_hasher(worker_pool& pool, random_source& random, crypto::password_cost cost)
    : pool_(pool), random_(random), cost_(cost), dummy_(crypto::make_dummy_hash(random, cost)) {}

task<result<bool>> password_hasher::matches(secret password, std::string hash) {
  std::move_only_function<bool()> work = [password = std::move(password), hash = std::move(hash)] {
    return crypto::verify_password(password, hash);
  };
  auto matches = co_await pool_.run<bool>(std::move(work));
  if (!matches) co_return std::unexpected(from_database_error(matches.error()));
  co_return *matches;
}

task<result<std::string>> password_hasher::hash(secret password) {
  if (auto rules = crypto::check_password_rules(password); !rules)
    co_return fail(tenant_errc::invalid, rules.error().detail);
  auto hashed = co_await rehash(std::move(password));
  co_return hashed;
}

task<result<std::string>> password_hasher::rehash(secret password) {
  std::move_only_function<result<std::string>()> work = [this, password = std::move(password)] {
    return crypto::hash_password(password, random_, cost_);
  };
  auto ran = co_await pool_.run<result<std::string>>(std::move(work));
  if (!ran) co_return std::unexpected(from_database_error(ran.error()));
  if (!*ran) co_return fail(tenant_errc::internal, ran->error().to_string());
  co_return std::move(**ran);
}

bool password_hasher::is_outdated(const std::string& hash) const {
  return crypto::is_weaker_than(hash, cost_);
}

}  // namespace drover::tenants
