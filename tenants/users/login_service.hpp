#pragma once

#include <memory>
#include <string>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "crypto/tokens.hpp"
#include "tenants/users/attempt_guard.hpp"
#include "tenants/users/password_hasher.hpp"
#include "tenants/users/second_factor_service.hpp"
#include "tenants/users/user_directory.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {

/// Where an attempt comes from, as the session shows it.
struct login_place {
  /// Of the peer; and its User-Agent.
  std::string address, client;
};

struct login_attempt {
  std::string username;
  secret password;
  /// Of the second factor; empty where the user has none.
  secret code;
  login_place from;
  crypto::token_form form = crypto::token_form::three_fields;
  /// With a refresh token, and then tokens that live 15 minutes at most.
  bool renewable = false;
};

struct login_result {
  tenants::user user;
  std::string token;
  seconds expires_in{};
  /// Good once, within refresh_expires_in; empty where none was asked for.
  secret refresh_token{};
  seconds refresh_expires_in{};
};

struct login_parts {
  user_store& store;
  user_directory& directory;
  const crypto::token_signer& signer;
  password_hasher& hasher;
  attempt_guard& guard;
  second_factor_service& second_factor;
  const clock& time;
  random_source& random;
  /// How long a session lives that is renewed in time.
  seconds refresh_life{30 * 24 * 3600};
};

/// Checks passwords and second factors, opens sessions and issues their tokens. Every attempt passes the guard before
/// anything is hashed. All errors besides those named are of the store: unavailable, overloaded, internal. One thread.
class login_service {
public:
  explicit login_service(login_parts parts) : parts_(parts) {}

  /// Every login is a session of its own. bad_login for a wrong password and an unknown name alike; only after the
  /// right password: banned, second_factor_required, wrong_code.
  task<result<login_result>> login(login_attempt);
  /// Another token for a session, and the refresh token that takes the place of this one, which is used up. Not a login: the
  /// password was entered when it was. refresh_refused; refresh_reused, which also ends the session.
  task<result<login_result>> renew(secret refresh_token, crypto::token_form, login_place);
  /// The password entered again (SEC-29): a new session takes the place of the caller's. wrong_password,
  /// second_factor_required, wrong_code.
  task<result<login_result>> confirm(principal, secret password, secret code, login_place);
  /// Ends all of the user's sessions and opens a new one. As confirm(), and invalid for a password that breaks a rule.
  task<result<login_result>> change_password(principal, secret current, secret code, secret wanted, login_place);
  /// From here on every login needs a code: ends all of the user's sessions and opens a new one. wrong_code.
  struct enrolled {
    login_result login;
    /// Each replaces a code once; shown once.
    std::vector<std::string> recovery_codes;
  };
  task<result<enrolled>> confirm_second_factor(principal, secret code, login_place);

private:
  task<result<user>> check_again(user_id, secret password, secret code, const std::string& address);
  task<result<void>> check_code(const attempt_guard::attempt&, user_id, secret code);
  task<void> upgrade(user_id, secret password, std::string hash);
  task<result<login_result>> open_session(user, login_place, crypto::token_form, bool renewable);
  login_result make_result(user, const session&, crypto::token_form, wall_time now) const;
  login_parts parts_;
};

}  // namespace drover::tenants
