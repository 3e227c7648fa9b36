#pragma once

#include <string>

#include "base/offload.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "crypto/passwords.hpp"

namespace drover::tenants {

/// Passwords on the hashing pool: what is heavy never runs on the caller's thread. Errors are tenant_errc: overloaded
/// when too much is waiting, invalid for a password that breaks a rule. Constructing hashes once (tens of
/// milliseconds).
class password_hasher {
public:
  password_hasher(worker_pool&, random_source&, crypto::password_cost = {});
  task<result<bool>> matches(secret password, std::string hash);
  /// Of a new password, which must obey the rules.
  task<result<std::string>> hash(secret password);
  /// Of one that was right, however it came to be.
  task<result<std::string>> rehash(secret password);
  /// It was made at less than today's cost.
  bool is_outdated(const std::string& hash) const;
  /// Costs as much as anybody's and matches nothing.
  const std::string& dummy() const { return dummy_; }

private:
  worker_pool& pool_;
  random_source& random_;
  crypto::password_cost cost_;
  std::string dummy_;
};

}  // namespace drover::tenants
