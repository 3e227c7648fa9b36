#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "crypto/keyring.hpp"
#include "tenants/accounts/account_store.hpp"
#include "tenants/users/second_factor_store.hpp"

namespace drover::tenants {

/// Codes of authenticator apps (RFC 6238), each good once, and recovery codes for when the app is lost. The key is
/// sealed as exchange credentials are. One thread.
class second_factor_service {
public:
  /// `data_keys`: the users' data keys are among its rows.
  second_factor_service(second_factor_store&, account_store& data_keys, const crypto::keyring&, const clock&,
                        random_source&);

  struct enrolment {
    /// The key in base32, and the otpauth: URI of a QR code.
    secret key, uri;
  };
  /// Counts when confirm() has been given a code of it. invalid: there is a confirmed one.
  task<result<enrolment>> begin(user_id, std::string username);
  /// The recovery codes, each good once. wrong_code; not_found when nothing was begun.
  task<result<std::vector<std::string>>> confirm(user_id, secret code);
  /// Nothing to check for a user without one. second_factor_required without a code; wrong_code.
  task<result<void>> check(user_id, secret code);
  struct state {
    bool enrolled = false;
    int recovery_codes_left = 0;
  };
  task<result<state>> describe(user_id);
  /// not_found.
  task<result<void>> remove(user_id, user_id actor);

private:
  task<result<secret>> open_key(const second_factor&);

  second_factor_store& store_;
  account_store& data_keys_;
  const crypto::keyring& keyring_;
  const clock& clock_;
  random_source& random_;
};

}  // namespace drover::tenants
