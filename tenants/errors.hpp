#pragma once

#include <system_error>

#include "base/error.hpp"

namespace drover::tenants {

/// What a tenant-facing service can refuse. web/ maps each to one HTTP status and problem type, in one place.
enum class tenant_errc {
  /// No such thing, or it belongs to somebody else: never told apart.
  not_found = 1,
  /// A field is missing or not acceptable; the detail names it: "api_key: must not be empty".
  invalid,
  /// The same API key is connected already.
  duplicate,
  /// The account is not APPROVED, so it cannot be activated; the detail says its state and what to do.
  account_not_approved,
  /// Approving or rejecting in a state that does not allow it (decided already); the detail says who decided.
  already_decided,
  /// Nobody approves their own account.
  own_account,
  /// What the exchange said of the key does not let the account be approved; the detail says what and what to do.
  key_refused,
  /// Nobody confirms what they proposed.
  own_proposal,
  /// The name is taken.
  name_taken,
  /// The user is banned.
  banned,
  /// Username and password do not match. Unknown users answer the same.
  bad_login,
  /// The password that somebody who is logged in entered again is not theirs.
  wrong_password,
  /// The password is right, and the code of the second factor is missing.
  second_factor_required,
  /// The code of the second factor is not right, or was used before.
  wrong_code,
  /// No living session is renewed with this refresh token.
  refresh_refused,
  /// The refresh token was used before: its session is ended.
  refresh_reused,
  /// The public key is somebody's, or was.
  key_taken,
  /// Nobody may register.
  registration_closed,
  /// The invitation is unknown, used, revoked or over.
  invitation_refused,
  /// The first administrator exists, or the secret is not good (any more).
  bootstrap_refused,
  /// Somebody must stay who administrates.
  last_admin,
  /// The database is away; try again.
  unavailable,
  /// Too many waiting; try again.
  overloaded,
  /// A bug or broken stored data; the detail is for logs, not for people.
  internal,
};
std::error_code make_error_code(tenant_errc);

/// The one mapping from database to tenant errors. Constraint names become field names.
error from_database_error(const error&);
/// tenant_errc::internal that says what went wrong; for errors that nothing a user does can cause.
error internal_error(const error&);

}  // namespace drover::tenants

template <>
struct std::is_error_code_enum<drover::tenants::tenant_errc> : std::true_type {};
