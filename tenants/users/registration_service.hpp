#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "tenants/users/attempt_guard.hpp"
#include "tenants/users/password_hasher.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {

/// Who may make a user for themselves.
enum class registration_mode { open, invite, off };

struct registration {
  std::string username, email;
  secret password;
  /// The invitation's code, or the bootstrap secret.
  secret code;
  /// Of the peer.
  std::string address;
};

/// How users come to be while the engine runs: registration, invitations, and the first administrator. One thread.
class registration_service {
public:
  registration_service(user_store&, password_hasher&, attempt_guard&, const clock&, random_source&, registration_mode);

  registration_mode mode() const { return mode_; }
  void set_mode(registration_mode mode) { mode_ = mode; }

  /// A tenant. Answers the same, after the same work, whether the name was free or not: who registered finds out by
  /// logging in (SEC-27). registration_closed; invitation_refused; invalid; overloaded before any hashing.
  task<result<void>> register_user(registration);

  struct issued_invitation {
    invitation stored;
    /// Shown once.
    std::string code;
  };
  task<result<issued_invitation>> invite(user_id admin, std::string note, seconds life);

  /// A secret with which the first administrator can be made, once, within `bootstrap_life`; an earlier one is void.
  /// bootstrap_refused when there is an administrator already (SEC-30).
  task<result<secret>> make_bootstrap_secret();
  /// bootstrap_refused for a wrong, used or old secret, and when there is an administrator already.
  task<result<user>> create_first_admin(registration);

  static constexpr seconds bootstrap_life{900};
  static constexpr seconds longest_invitation{30 * 24 * 3600};

private:
  result<void> check(registration&) const;

  user_store& store_;
  password_hasher& hasher_;
  attempt_guard& guard_;
  const clock& clock_;
  random_source& random_;
  registration_mode mode_;
  struct bootstrap {
    std::string hash;
    steady_time ends;
  };
  std::optional<bootstrap> bootstrap_;
};

}  // namespace drover::tenants
