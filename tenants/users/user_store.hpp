#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "tenants/users/api_token.hpp"
#include "tenants/users/invitation.hpp"
#include "tenants/users/public_key.hpp"
#include "tenants/users/refresh_token.hpp"
#include "tenants/users/session.hpp"
#include "tenants/users/user.hpp"

namespace drover::tenants {

struct new_user {
  std::string username, email, password_hash;
  tenants::role role = role::tenant;
  /// Hash of the invitation's code, used up in the same transaction; empty: none is needed.
  std::string invitation;
};

/// A living session, as far as it authorises.
struct session_facts {
  std::string id;
  wall_time expires_at;
  /// When the password was entered.
  wall_time signed_in_at{};
  /// Its tokens are short-lived.
  bool renewable = false;
  friend bool operator==(const session_facts&, const session_facts&) = default;
};

/// Facts that authorise a request, kept in memory for every user.
struct user_auth_facts {
  user_id id;
  tenants::role role = role::tenant;
  user_status status = user_status::active;
  std::int64_t epoch = 1;
  /// Counted up with every change of the others: tells the newer of two reads.
  std::int64_t version = 1;
  /// By id; those that have not expired, under their previous ids too as long as these are good.
  std::vector<session_facts> sessions;
  std::vector<api_token_facts> api_tokens;
  /// By id; those that are not revoked.
  std::vector<public_key_facts> public_keys{};
  friend bool operator==(const user_auth_facts&, const user_auth_facts&) = default;
};

/// Users in PostgreSQL or in memory; one contract suite covers both. Errors are tenant_errc. In PostgreSQL every change
/// is audited in the same transaction, and changes of auth facts notify `users_changed` (payload: the id).
class user_store {
public:
  virtual ~user_store() = default;
  /// name_taken; invalid for a name that is not 3–32 characters [a-z0-9_.-]; invitation_refused.
  virtual task<result<user>> create(new_user) = 0;
  /// bootstrap_refused when there is an administrator.
  virtual task<result<user>> create_first_admin(new_user) = 0;
  virtual task<result<bool>> has_admin() = 0;
  struct login_record {
    tenants::user user;
    std::string password_hash;
  };
  virtual task<result<std::optional<login_record>>> find_login(std::string username) = 0;
  virtual task<result<user>> get(user_id) = 0;
  virtual task<result<std::vector<user>>> list() = 0;
  /// By id, those after `after`.
  virtual task<result<std::vector<user>>> list_page(user_id after, int limit) = 0;
  /// Also ends all sessions (epoch + 1).
  virtual task<result<void>> set_password(user_id, std::string password_hash) = 0;
  /// The same password hashed anew; nothing when the hash is not `before` any more. Sessions go on.
  virtual task<result<void>> upgrade_password(user_id, std::string before, std::string password_hash) = 0;
  /// invalid for one that is too long. Sessions go on.
  virtual task<result<user>> set_email(user_id, std::string email) = 0;
  /// Also ends all sessions (epoch + 1). `actor` invalid = the operator at the command line. Unknown name: not_found.
  /// last_admin: an administrator may not ban the last active one.
  virtual task<result<user>> set_status(std::string username, user_status, user_id actor) = 0;
  /// Also ends all sessions (epoch + 1), unless it is their role already. last_admin: one active administrator stays.
  virtual task<result<user>> set_role(user_id, tenants::role, user_id actor) = 0;
  /// After a login that was checked at `epoch`. The user's oldest sessions make room. bad_login when the user was banned
  /// or changed otherwise meanwhile.
  virtual task<result<void>> open_session(session, std::int64_t epoch) = 0;
  /// Living ones, the newest first.
  virtual task<result<std::vector<session>>> list_sessions(user_id) = 0;
  /// The session's next id and refresh token. refresh_refused when no living session is of this family; refresh_reused when
  /// the token is not the latest of its session, which is ended then.
  virtual task<result<renewed_session>> renew_session(session_renewal) = 0;
  /// By its id or a previous one that is still good. not_found also for another user's.
  virtual task<result<void>> end_session(user_id, std::string session_id) = 0;
  /// Ends all sessions of the user (logout everywhere): epoch + 1.
  virtual task<result<void>> end_sessions(user_id) = 0;
  /// invalid when the user has as many living ones as they may have. Of those that have expired as many are kept.
  virtual task<result<api_token>> create_api_token(new_api_token) = 0;
  /// By id, also those that have expired.
  virtual task<result<std::vector<api_token>>> list_api_tokens(user_id) = 0;
  /// not_found also for another user's.
  virtual task<result<void>> revoke_api_token(user_id, std::int64_t id) = 0;
  /// When tokens were used last; neither audited nor notified.
  virtual task<result<void>> touch_api_tokens(std::vector<std::pair<std::int64_t, wall_time>>) = 0;

  /// key_taken: by anybody, or revoked; invalid when the user has as many as they may have.
  virtual task<result<public_key>> create_public_key(new_public_key) = 0;
  /// By id, those after `after_id`.
  virtual task<result<std::vector<public_key>>> list_public_keys(user_id, public_key_page) = 0;
  /// not_found also for another user's and for one that is revoked.
  virtual task<result<void>> revoke_public_key(user_id, std::int64_t id) = 0;
  /// When keys were used last; neither audited nor notified.
  virtual task<result<void>> touch_public_keys(std::vector<std::pair<std::int64_t, wall_time>>) = 0;

  virtual task<result<invitation>> create_invitation(new_invitation) = 0;
  /// The newest first.
  virtual task<result<std::vector<invitation>>> list_invitations(int limit) = 0;
  /// not_found also when it was used or revoked.
  virtual task<result<void>> revoke_invitation(std::int64_t id, user_id actor) = 0;
  virtual task<result<bool>> is_invitation_open(std::string code_hash) = 0;

  virtual task<result<std::vector<user_auth_facts>>> load_auth_facts() = 0;
  virtual task<result<std::optional<user_auth_facts>>> load_auth_facts(user_id) = 0;
};

std::unique_ptr<user_store> make_postgres_user_store(database&);
/// Any thread; no audit and no notification.
std::unique_ptr<user_store> make_memory_user_store(const clock&);

}  // namespace drover::tenants
