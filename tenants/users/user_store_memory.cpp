#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "tenants/errors.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t email_most = 254;
constexpr auto email_too_long = "email: must have at most 254 characters";
constexpr auto too_many_public_keys = "public_key: there are as many as may be; revoke one first";

class memory_user_store final : public user_store {
public:
  explicit memory_user_store(const clock& time) : clock_(time) {}

  task<result<user>> create(new_user fresh) override {
    std::lock_guard lock(mutex_);
    co_return add(std::move(fresh));
  }

  task<result<user>> create_first_admin(new_user fresh) override {
    std::lock_guard lock(mutex_);
    if (count_admins() > 0) co_return fail(tenant_errc::bootstrap_refused, "there is an administrator already");
    fresh.role = role::admin;
    co_return add(std::move(fresh));
  }

  task<result<bool>> has_admin() override {
    std::lock_guard lock(mutex_);
    co_return count_admins() > 0;
  }

  task<result<std::optional<login_record>>> find_login(std::string username) override {
    std::lock_guard lock(mutex_);
    auto* found = find(username);
    co_return found ? std::optional(found->login) : std::nullopt;
  }

  task<result<user>> get(user_id id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    co_return found->second.login.user;
  }

  task<result<std::vector<user>>> list() override {
    std::lock_guard lock(mutex_);
    std::vector<user> all;
    for (const auto& [id, record] : users_) all.push_back(record.login.user);
    co_return all;
  }

  task<result<std::vector<user>>> list_page(user_id after, int limit) override {
    std::lock_guard lock(mutex_);
    std::vector<user> page;
    for (auto at = users_.upper_bound(after); at != users_.end() && std::cmp_less(page.size(), limit); ++at)
      page.push_back(at->second.login.user);
    co_return page;
  }

  task<result<void>> set_password(user_id id, std::string password_hash) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    found->second.login.password_hash = std::move(password_hash);
    begin_epoch(found->second);
    co_return result<void>();
  }

  task<result<void>> upgrade_password(user_id id, std::string before, std::string password_hash) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found != users_.end() && found->second.login.password_hash == before)
      found->second.login.password_hash = std::move(password_hash);
    co_return result<void>();
  }

  task<result<user>> set_email(user_id id, std::string email) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    if (email.size() > email_most) co_return fail(tenant_errc::invalid, email_too_long);
    found->second.login.user.email = std::move(email);
    co_return found->second.login.user;
  }

  task<result<user>> set_role(user_id id, tenants::role role, user_id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    auto& changed = found->second.login.user;
    if (changed.role == role) co_return changed;
    if (is_last_admin(changed)) co_return fail(tenant_errc::last_admin);
    changed.role = role;
    begin_epoch(found->second);
    co_return changed;
  }

  task<result<api_token>> create_api_token(new_api_token fresh) override {
    std::lock_guard lock(mutex_);
    const auto found = users_.find(fresh.user);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    auto& [login, sessions, api_tokens, public_keys, version] = found->second;
    const auto is_over = [now = clock_.wall_now()](const auto& t) { return t.first.expires_at <= now; };
    auto surplus = std::ranges::count_if(api_tokens, is_over) - static_cast<std::ptrdiff_t>(api_tokens_per_user);
    std::erase_if(api_tokens, [&](const auto& t) { return is_over(t) && surplus-- > 0; });
    const auto living = std::ranges::count_if(api_tokens, std::not_fn(is_over));
    if (std::cmp_greater_equal(living, api_tokens_per_user))
      co_return fail(tenant_errc::invalid, "name: there are " + std::to_string(api_tokens_per_user) + " tokens; revoke one first");
    api_token made{.id = ++last_api_token_,
                   .user = fresh.user,
                   .name = std::move(fresh.name),
                   .scope = fresh.scope,
                   .created_at = fresh.created_at,
                   .expires_at = fresh.expires_at,
                   .addresses = std::move(fresh.addresses),
                   .last_used_at = {}};
    api_tokens.emplace_back(made, std::move(fresh.hash));
    ++version;
    co_return made;
  }

  task<result<std::vector<api_token>>> list_api_tokens(user_id id) override {
    std::lock_guard lock(mutex_);
    std::vector<api_token> all;
    if (const auto found = users_.find(id); found != users_.end())
      for (const auto& [token, hash] : found->second.api_tokens) all.push_back(token);
    co_return all;
  }

  task<result<void>> revoke_api_token(user_id user, std::int64_t id) override {
    std::lock_guard lock(mutex_);
    const auto found = users_.find(user);
    if (found == users_.end() || std::erase_if(found->second.api_tokens, [id](const auto& t) { return t.first.id == id; }) == 0)
      co_return fail(tenant_errc::not_found);
    ++found->second.version;
    co_return result<void>();
  }

  task<result<void>> touch_api_tokens(std::vector<std::pair<std::int64_t, wall_time>> used) override {
    std::lock_guard lock(mutex_);
    for (auto& [user, r] : users_)
      for (auto& [token, hash] : r.api_tokens)
        for (const auto& [id, at] : used)
          if (token.id == id) token.last_used_at = std::max(token.last_used_at.value_or(at), at);
    co_return result<void>();
  }

  task<result<public_key>> create_public_key(new_public_key fresh) override {
    std::lock_guard lock(mutex_);
    const auto found = users_.find(fresh.user);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    for (const auto& [user, r] : users_)
      if (std::ranges::find(r.public_keys, fresh.key, &public_key::key) != r.public_keys.end())
        co_return fail(tenant_errc::key_taken);
    auto& keys = found->second.public_keys;
    const auto living = std::ranges::count_if(keys, [](const public_key& k) { return !k.revoked_at; });
    if (std::cmp_greater_equal(living, public_keys_per_user) || keys.size() >= public_keys_ever)
      co_return fail(tenant_errc::invalid, too_many_public_keys);
    public_key made{.id = ++last_public_key_, .user = fresh.user, .key = std::move(fresh.key), .name = std::move(fresh.name),
                    .created_at = fresh.created_at, .last_used_at = {}, .revoked_at = {}};
    keys.push_back(made);
    ++found->second.version;
    co_return made;
  }

  task<result<std::vector<public_key>>> list_public_keys(user_id id, public_key_page page) override {
    std::lock_guard lock(mutex_);
    std::vector<public_key> all;
    const auto found = users_.find(id);
    if (found == users_.end()) co_return all;
    for (const auto& k : found->second.public_keys)
      if (k.id > page.after_id && page.revoked.value_or(k.revoked_at.has_value()) == k.revoked_at.has_value() &&
          std::cmp_less(all.size(), page.limit))
        all.push_back(k);
    co_return all;
  }

  task<result<void>> revoke_public_key(user_id user, std::int64_t id) override {
    std::lock_guard lock(mutex_);
    const auto found = users_.find(user);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    for (auto& k : found->second.public_keys) {
      if (k.id != id || k.revoked_at) continue;
      k.revoked_at = clock_.wall_now();
      ++found->second.version;
      co_return result<void>();
    }
    co_return fail(tenant_errc::not_found);
  }

  task<result<void>> touch_public_keys(std::vector<std::pair<std::int64_t, wall_time>> used) override {
    std::lock_guard lock(mutex_);
    for (auto& [user, r] : users_)
      for (auto& k : r.public_keys)
        for (const auto& [id, at] : used)
          if (k.id == id) k.last_used_at = std::max(k.last_used_at.value_or(at), at);
    co_return result<void>();
  }

  task<result<invitation>> create_invitation(new_invitation fresh) override {
    std::lock_guard lock(mutex_);
    invitation made{.id = static_cast<std::int64_t>(invitations_.size()) + 1,
                    .note = std::move(fresh.note),
                    .created_by = fresh.created_by,
                    .created_at = fresh.created_at,
                    .expires_at = fresh.expires_at,
                    .revoked_at = {},
                    .used_at = {},
                    .used_by = {}};
    invitations_.emplace_back(std::move(fresh.code_hash), made);
    co_return made;
  }

  task<result<std::vector<invitation>>> list_invitations(int limit) override {
    std::lock_guard lock(mutex_);
    std::vector<invitation> all;
    for (auto at = invitations_.rbegin(); at != invitations_.rend() && std::cmp_less(all.size(), limit); ++at)
      all.push_back(at->second);
    co_return all;
  }

  task<result<void>> revoke_invitation(std::int64_t id, user_id) override {
    std::lock_guard lock(mutex_);
    for (auto& [hash, stored] : invitations_) {
      if (stored.id != id || stored.used_at || stored.revoked_at) continue;
      stored.revoked_at = clock_.wall_now();
      co_return result<void>();
    }
    co_return fail(tenant_errc::not_found);
  }

  task<result<bool>> is_invitation_open(std::string code_hash) override {
    std::lock_guard lock(mutex_);
    co_return find_open_invitation(code_hash) != nullptr;
  }

  task<result<user>> set_status(std::string username, user_status status, user_id actor) override {
    std::lock_guard lock(mutex_);
    auto* found = find(username);
    if (!found) co_return fail(tenant_errc::not_found);
    if (actor.valid() && status == user_status::banned && is_last_admin(found->login.user))
      co_return fail(tenant_errc::last_admin);
    found->login.user.status = status;
    begin_epoch(*found);
    co_return found->login.user;
  }

  task<result<void>> open_session(session fresh, std::int64_t epoch) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(fresh.user);
    if (found == users_.end()) co_return fail(tenant_errc::bad_login);
    auto& [login, sessions, api_tokens, public_keys, version] = found->second;
    if (login.user.epoch != epoch || login.user.status != user_status::active) co_return fail(tenant_errc::bad_login);
    login.user.last_login_at = fresh.created_at;
    drop_expired(sessions);
    if (sessions.size() >= sessions_per_user) sessions.pop_back();
    sessions.insert(sessions.begin(), std::move(fresh));
    ++version;
    co_return result<void>();
  }

  task<result<std::vector<session>>> list_sessions(user_id id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return std::vector<session>();
    drop_expired(found->second.sessions);
    co_return found->second.sessions;
  }

  task<result<renewed_session>> renew_session(session_renewal wanted) override {
    std::lock_guard lock(mutex_);
    const auto found = users_.find(wanted.user);
    if (found == users_.end()) co_return fail(tenant_errc::refresh_refused);
    auto& [login, sessions, api_tokens, public_keys, version] = found->second;
    drop_expired(sessions);
    const auto renewed = std::ranges::find(sessions, wanted.family_hash, &session::family_hash);
    if (wanted.family_hash.empty() || renewed == sessions.end()) co_return fail(tenant_errc::refresh_refused);
    ++version;
    if (renewed->refresh_hash != wanted.used_hash) {
      sessions.erase(renewed);
      co_return fail(tenant_errc::refresh_reused);
    }
    renewed->previous_id = std::exchange(renewed->id, std::move(wanted.fresh_id));
    renewed->previous_until = std::min(wanted.at + renewal_overlap, renewed->expires_at);
    renewed->refresh_hash = std::move(wanted.fresh_hash);
    co_return renewed_session{login.user, *renewed};
  }

  task<result<void>> end_session(user_id id, std::string session_id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    drop_expired(found->second.sessions);
    const auto is_it = [&](const session& s) {
      return s.id == session_id || (s.previous_id == session_id && s.previous_until > clock_.wall_now());
    };
    if (std::erase_if(found->second.sessions, is_it) == 0) co_return fail(tenant_errc::not_found);
    ++found->second.version;
    co_return result<void>();
  }

  task<result<void>> end_sessions(user_id id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return fail(tenant_errc::not_found);
    begin_epoch(found->second);
    co_return result<void>();
  }

  task<result<std::vector<user_auth_facts>>> load_auth_facts() override {
    std::lock_guard lock(mutex_);
    std::vector<user_auth_facts> all;
    for (auto& [id, record] : users_) all.push_back(facts_of(record));
    co_return all;
  }

  task<result<std::optional<user_auth_facts>>> load_auth_facts(user_id id) override {
    std::lock_guard lock(mutex_);
    auto found = users_.find(id);
    if (found == users_.end()) co_return std::nullopt;
    co_return facts_of(found->second);
  }

private:
  struct record {
    login_record login;
    /// The newest first.
    std::vector<session> sessions;
    /// With their hashes.
    std::vector<std::pair<api_token, std::string>> api_tokens;
    std::vector<public_key> public_keys;
    std::int64_t version = 1;
  };

  result<user> add(new_user fresh) {
    if (!is_username(fresh.username))
      return fail(tenant_errc::invalid, "username: must have 3 to 32 characters of a-z, 0-9, _ . -");
    if (fresh.email.size() > email_most) return fail(tenant_errc::invalid, email_too_long);
    if (find(fresh.username)) return fail(tenant_errc::name_taken, "username: is taken");
    auto* invited = find_open_invitation(fresh.invitation);
    if (!fresh.invitation.empty() && invited == nullptr) return fail(tenant_errc::invitation_refused);
    user created{.id = user_id(++last_id_),
                 .username = std::move(fresh.username),
                 .email = std::move(fresh.email),
                 .role = fresh.role,
                 .created_at = clock_.wall_now()};
    users_[created.id].login = {.user = created, .password_hash = std::move(fresh.password_hash)};
    if (invited != nullptr) {
      invited->used_at = created.created_at;
      invited->used_by = created.id;
    }
    return created;
  }
  invitation* find_open_invitation(const std::string& code_hash) {
    for (auto& [hash, stored] : invitations_)
      if (hash == code_hash && !stored.used_at && !stored.revoked_at && stored.expires_at > clock_.wall_now()) return &stored;
    return nullptr;
  }
  std::ptrdiff_t count_admins() const {
    return std::ranges::count_if(users_, [](const auto& entry) {
      return entry.second.login.user.role == role::admin && entry.second.login.user.status == user_status::active;
    });
  }
  bool is_last_admin(const user& u) const {
    return u.role == role::admin && u.status == user_status::active && count_admins() == 1;
  }

  static void begin_epoch(record& r) {
    ++r.login.user.epoch;
    ++r.version;
    r.sessions.clear();
  }
  void drop_expired(std::vector<session>& sessions) const {
    std::erase_if(sessions, [now = clock_.wall_now()](const session& s) { return s.expires_at <= now; });
  }
  user_auth_facts facts_of(record& r) const {
    drop_expired(r.sessions);
    const auto& u = r.login.user;
    user_auth_facts facts{.id = u.id, .role = u.role, .status = u.status, .epoch = u.epoch, .version = r.version, .sessions = {}, .api_tokens = {}};
    for (const auto& s : r.sessions) {
      facts.sessions.push_back({s.id, s.expires_at, s.created_at, s.is_renewable()});
      if (s.previous_until > clock_.wall_now())
        facts.sessions.push_back({s.previous_id, *s.previous_until, s.created_at, s.is_renewable()});
    }
    std::ranges::sort(facts.sessions, {}, &session_facts::id);
    for (const auto& [token, hash] : r.api_tokens)
      if (token.expires_at > clock_.wall_now())
        facts.api_tokens.push_back({token.id, hash, token.scope, token.expires_at, token.addresses});
    for (const auto& k : r.public_keys)
      if (!k.revoked_at) facts.public_keys.push_back({k.id, k.key});
    return facts;
  }
  record* find(const std::string& username) {
    for (auto& [id, r] : users_)
      if (r.login.user.username == username) return &r;
    return nullptr;
  }

  const clock& clock_;
  std::mutex mutex_;
  std::map<user_id, record> users_;
  /// By the hash of the code, in order of creation.
  std::vector<std::pair<std::string, invitation>> invitations_;
  std::int64_t last_id_ = 0, last_api_token_ = 0, last_public_key_ = 0;
};

}  // namespace

std::unique_ptr<user_store> make_memory_user_store(const clock& time) {
  return std::make_unique<memory_user_store>(time);
}

}  // namespace drover::tenants
