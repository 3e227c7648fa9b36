#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "crypto/plain_tokens.hpp"
#include "crypto/tokens.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {

/// Who a request comes from.
struct principal {
  user_id user;
  tenants::role role = role::tenant;
  /// Empty: an API token, a public key, or a token of an older system.
  std::string session_id;
  /// When the password was entered; never, where there is no session.
  wall_time signed_in_at;
  wall_time expires_at;
  /// The user's epoch when the token was checked; sessions of earlier epochs are ended.
  std::int64_t epoch = 1;
  /// What the session's token was signed with, and how it is written.
  std::string key_id;
  crypto::token_form form = crypto::token_form::three_fields;
  /// The session has a refresh token.
  bool renewable = false;
  /// An API token, which has no session; 0: a session, which may do whatever its user may.
  std::int64_t api_token = 0;
  /// A public key, whose holder has proved to be; 0: none, and a token instead. It may look, and has no session either.
  std::int64_t public_key = 0;
  token_scope scope = token_scope::admin;
};

/// Authorises bearer tokens without a table read: holds every user's epoch, role, status and living sessions, loaded at
/// start and followed through NOTIFY users_changed. Any thread; listeners are added before the first use.
class user_directory {
public:
  user_directory(user_store&, const crypto::token_signer&, const clock&);
  /// Tokens of an older system count too, until anything ends the user's sessions (epoch 1): they name none that could be ended.
  /// Before the first use.
  void accept(crypto::plain_tokens);

  /// Everybody; also after notifications may have been missed. Tells listeners of those whose facts changed.
  task<result<void>> load();
  /// After a change of one user: what was stored before this call is in force when it has answered.
  task<result<void>> refresh(user_id);
  /// Takes over what was read of one user, unless something newer is known already; tells listeners.
  void learn(user_auth_facts);
  /// token_errc, tenant_errc::banned, or tenant_errc::unavailable until the first load() has succeeded.
  /// Session tokens and API tokens; those of the latter that are bound to addresses need the caller's.
  result<principal> authenticate(std::string_view token, std::string_view address = {}) const;
  /// Whose living key this is (64 hex digits, lower case), for as long as a token would live; whoever sent it has proved to hold
  /// it. token_errc::invalid, tenant_errc::banned or unavailable.
  result<principal> identify(std::string_view public_key) const;
  /// API tokens and public keys that were used since this was asked last, and when.
  using uses = std::vector<std::pair<std::int64_t, wall_time>>;
  uses take_used_tokens();
  uses take_used_keys();
  /// Is this principal still good (session, epoch, role, ban, expiry)? For open sockets.
  bool still_valid(const principal&) const;
  std::optional<user_auth_facts> find(user_id) const;
  std::size_t size() const;
  /// Called after any change, on the thread that made it.
  void on_change(std::function<void(user_id)> listener);

private:
  void forget(user_id);
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  /// What is known of a user, as far as one session needs it.
  struct standing {
    tenants::role role = role::tenant;
    user_status status = user_status::active;
    std::int64_t epoch = 1;
    bool has_session = false;
    wall_time session_expires_at{}, signed_in_at{};
    bool renewable = false;
  };
  result<principal> authenticate_plain(std::string_view token) const;
  result<principal> authenticate_api_token(std::string_view token, std::string_view address) const;
  bool is_api_token_valid(const principal&) const;
  bool is_public_key_valid(const principal&) const;
  /// The index of keys follows what is known of users. Under the lock.
  void index_keys(const user_auth_facts&);
  void drop_keys(const user_auth_facts&);
  std::optional<standing> find_standing(user_id, std::string_view session_id) const;
  std::unexpected<error> refusal(std::string_view token, const standing&, const error&) const;
  void tell(const std::vector<user_id>& changed) const;

  user_store& store_;
  const crypto::token_signer& signer_;
  const clock& clock_;
  std::optional<crypto::plain_tokens> plain_tokens_;
  std::atomic<bool> loaded_ = false;
  mutable std::shared_mutex mutex_;
  std::unordered_map<user_id, user_auth_facts> users_;
  std::unordered_map<std::string, user_id, text_hash, std::equal_to<>> key_owners_;
  mutable std::mutex used_mutex_;
  mutable std::unordered_map<std::int64_t, wall_time> used_tokens_, used_keys_;
  std::vector<std::function<void(user_id)>> listeners_;
};

}  // namespace drover::tenants
