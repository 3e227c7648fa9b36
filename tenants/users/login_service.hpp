#pragma once

#include <string>

#include "base/offload.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "crypto/passwords.hpp"
#include "crypto/tokens.hpp"
#include "tenants/users/user_directory.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {

struct login_attempt {
  std::string username;
  secret password;
  /// Of the peer; and its User-Agent.
  std::string address, client;
};

struct login_result {
  tenants::user user;
  std::string token;
  seconds expires_in{};
};

/// Checks passwords on the hashing pool, opens sessions and issues their tokens. Failed attempts per name and per address are counted in
/// memory; past the limit the answer is tenant_errc::overloaded with retry_after, before any hashing (SEC-26). IPv6
/// addresses count by /64. Constructing hashes once (tens of milliseconds). One thread.
class login_service {
public:
  struct limits {
    int attempts_per_minute_per_name = 10;
    int attempts_per_minute_per_address = 60;
    std::size_t tracked_keys = 100'000;
  };
  login_service(user_store&, user_directory&, const crypto::token_signer&, worker_pool& hashing, const clock&,
                random_source&, limits);
  ~login_service();
  /// Every login is a session of its own. bad_login for a wrong password and an unknown name alike; banned only after
  /// the right password.
  task<result<login_result>> login(login_attempt);

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::tenants
