#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "crypto/tokens.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {

/// Who a request comes from.
struct principal {
  user_id user;
  tenants::role role = role::tenant;
  std::string session_id;
  wall_time expires_at;
  /// The user's epoch when the token was checked; sessions of earlier epochs are ended.
  std::int64_t epoch = 1;
};

/// Authorises bearer tokens without a table read: holds every user's epoch, role and status, loaded at start and
/// followed through NOTIFY users_changed. Any thread; listeners are added before the first use.
class user_directory {
public:
  user_directory(user_store&, const crypto::token_signer&, const clock&);

  /// Everybody; also after notifications may have been missed. Tells listeners of those whose facts changed.
  task<result<void>> load();
  /// After a notification for one user.
  task<result<void>> refresh(user_id);
  /// token_errc, tenant_errc::banned, or tenant_errc::unavailable until the first load() has succeeded.
  result<principal> authenticate(std::string_view token) const;
  /// Is this principal still good (epoch, ban, expiry)? For open sockets.
  bool still_valid(const principal&) const;
  /// Ends one session until its tokens would have expired anyway (in this process). At most 100,000 are remembered;
  /// past that, the one that would expire first makes room.
  void revoke_session(const std::string& session_id, wall_time until);
  std::optional<user_auth_facts> find(user_id) const;
  std::size_t size() const;
  /// Called after any change, on the thread that made it.
  void on_change(std::function<void(user_id)> listener);

private:
  bool is_revoked(const std::string& session_id) const;
  std::unexpected<error> refusal(std::string_view token, const user_auth_facts&, const error&) const;
  void make_room_for_session();
  void tell(const std::vector<user_id>& changed) const;

  user_store& store_;
  const crypto::token_signer& signer_;
  const clock& clock_;
  std::atomic<bool> loaded_ = false;
  mutable std::shared_mutex mutex_;
  std::unordered_map<user_id, user_auth_facts> users_;
  std::unordered_map<std::string, wall_time> revoked_sessions_;
  std::vector<std::function<void(user_id)>> listeners_;
};

}  // namespace drover::tenants
