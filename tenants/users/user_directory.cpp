#include "tenants/users/user_directory.hpp"

#include <algorithm>
#include <mutex>

#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

/// How many ended epochs are told apart from forged tokens.
constexpr std::int64_t ended_epochs_known = 3;
/// Of a user whose sessions were never ended all at once.
constexpr std::int64_t first_epoch = 1;

}  // namespace

user_directory::user_directory(user_store& store, const crypto::token_signer& signer, const clock& time)
    : store_(store), signer_(signer), clock_(time) {}

task<result<void>> user_directory::load() {
  auto all = co_await store_.load_auth_facts();
  if (!all) co_return std::unexpected(all.error());
  std::vector<user_id> changed;
  {
    std::unique_lock lock(mutex_);
    std::unordered_map<user_id, user_auth_facts> fresh;
    fresh.reserve(all->size());
    for (const auto& facts : *all) {
      auto known = users_.find(facts.id);
      // A refresh may have overtaken this slower read.
      bool is_older = known != users_.end() && known->second.version > facts.version;
      const auto& newest = is_older ? known->second : facts;
      if (known == users_.end() || known->second != newest) changed.push_back(facts.id);
      fresh.emplace(facts.id, newest);
    }
    for (const auto& [id, facts] : users_)
      if (!fresh.contains(id)) changed.push_back(id);
    users_ = std::move(fresh);
    key_owners_.clear();
    for (const auto& [id, facts] : users_) index_keys(facts);
  }
  loaded_ = true;
  tell(changed);
  co_return result<void>();
}

task<result<void>> user_directory::refresh(user_id id) {
  auto facts = co_await store_.load_auth_facts(id);
  if (!facts) co_return std::unexpected(facts.error());
  if (*facts) {
    learn(std::move(**facts));
  } else {
    forget(id);
  }
  co_return result<void>();
}

void user_directory::learn(user_auth_facts facts) {
  const auto id = facts.id;
  {
    std::unique_lock lock(mutex_);
    auto known = users_.find(id);
    if (known == users_.end()) {
      index_keys(facts);
      users_.emplace(id, std::move(facts));
    } else if (facts.version >= known->second.version) {
      drop_keys(known->second);
      index_keys(facts);
      known->second = std::move(facts);
    }
  }
  tell({id});
}

void user_directory::forget(user_id id) {
  {
    std::unique_lock lock(mutex_);
    const auto known = users_.find(id);
    if (known != users_.end()) {
      drop_keys(known->second);
      users_.erase(known);
    }
  }
  tell({id});
}

result<principal> user_directory::authenticate(std::string_view token, std::string_view address) const {
  if (!loaded_) return fail(tenant_errc::unavailable);
  if (looks_like_api_token(token)) return authenticate_api_token(token, address);
  auto claims = signer_.parse(token);
  if (!claims && plain_tokens_) return authenticate_plain(token);
  if (!claims) return std::unexpected(claims.error());
  auto known = find_standing(claims->user, claims->session_id);
  if (!known) return fail(crypto::token_errc::invalid);
  auto genuine = signer_.verify(token, known->epoch, clock_.wall_now());
  if (!genuine) return refusal(token, *known, genuine.error());
  if (known->status != user_status::active) return fail(tenant_errc::banned);
  if (!known->has_session) return fail(crypto::token_errc::revoked);
  auto expires_at = std::min(genuine->expires_at, known->session_expires_at);
  if (known->renewable) expires_at = std::min(expires_at, genuine->issued_at + renewed_token_life);
  if (clock_.wall_now() >= expires_at) return fail(crypto::token_errc::expired);
  return principal{.user = genuine->user,
                   .role = known->role,
                   .session_id = std::move(genuine->session_id),
                   .signed_in_at = known->signed_in_at,
                   .expires_at = expires_at,
                   .epoch = known->epoch,
                   .key_id = std::move(genuine->key_id),
                   .form = genuine->form,
                   .renewable = known->renewable};
}

void user_directory::accept(crypto::plain_tokens tokens) {
  plain_tokens_.emplace(std::move(tokens));
}

result<principal> user_directory::authenticate_plain(std::string_view token) const {
  auto claims = plain_tokens_->verify(token, clock_.wall_now());
  if (!claims) return std::unexpected(claims.error());
  const auto known = find_standing(claims->user, {});
  if (!known) return fail(crypto::token_errc::invalid);
  if (known->status != user_status::active) return fail(tenant_errc::banned);
  if (known->epoch != first_epoch) return fail(crypto::token_errc::revoked);
  return principal{.user = claims->user,
                   .role = known->role,
                   .session_id = {},
                   .signed_in_at = {},
                   .expires_at = claims->expires_at,
                   .epoch = known->epoch,
                   .key_id = {}};
}

result<principal> user_directory::authenticate_api_token(std::string_view token, std::string_view address) const {
  const auto text = read_api_token(token);
  if (!text) return fail(crypto::token_errc::invalid);
  const auto hash = hash_token_secret(text->secret_part);
  const auto now = clock_.wall_now();
  std::shared_lock lock(mutex_);
  const auto user = users_.find(text->user);
  if (user == users_.end()) return fail(crypto::token_errc::invalid);
  const auto& facts = user->second;
  const auto found = std::ranges::find(facts.api_tokens, text->id, &api_token_facts::id);
  if (found == facts.api_tokens.end() || !constant_time_equal(found->hash, hash))
    return fail(crypto::token_errc::invalid);
  if (now >= found->expires_at) return fail(crypto::token_errc::expired);
  if (facts.status != user_status::active) return fail(tenant_errc::banned);
  const auto allows = [&](const std::string& network) { return is_in(network, address); };
  if (!found->addresses.empty() && std::ranges::none_of(found->addresses, allows))
    return fail(crypto::token_errc::invalid);
  {
    std::lock_guard used(used_mutex_);
    used_tokens_.insert_or_assign(found->id, now);
  }
  return principal{.user = facts.id,
                   .role = facts.role,
                   .session_id = {},
                   .signed_in_at = {},
                   .expires_at = found->expires_at,
                   .epoch = facts.epoch,
                   .key_id = {},
                   .api_token = found->id,
                   .scope = found->scope};
}

result<principal> user_directory::identify(std::string_view key) const {
  if (!loaded_) return fail(tenant_errc::unavailable);
  const auto now = clock_.wall_now();
  std::shared_lock lock(mutex_);
  const auto owner = key_owners_.find(key);
  if (owner == key_owners_.end()) return fail(crypto::token_errc::invalid);
  const auto& facts = users_.at(owner->second);
  if (facts.status != user_status::active) return fail(tenant_errc::banned);
  const auto found = std::ranges::find(facts.public_keys, key, &public_key_facts::key);
  {
    std::lock_guard used(used_mutex_);
    used_keys_.insert_or_assign(found->id, now);
  }
  return principal{.user = facts.id,
                   .role = facts.role,
                   .session_id = {},
                   .signed_in_at = {},
                   .expires_at = now + signer_.life(),
                   .epoch = facts.epoch,
                   .key_id = {},
                   .public_key = found->id,
                   .scope = token_scope::read};
}

void user_directory::index_keys(const user_auth_facts& facts) {
  for (const auto& known : facts.public_keys) key_owners_.insert_or_assign(known.key, facts.id);
}

void user_directory::drop_keys(const user_auth_facts& facts) {
  for (const auto& known : facts.public_keys) key_owners_.erase(known.key);
}

user_directory::uses user_directory::take_used_tokens() {
  std::lock_guard lock(used_mutex_);
  uses used(used_tokens_.begin(), used_tokens_.end());
  used_tokens_.clear();
  return used;
}

user_directory::uses user_directory::take_used_keys() {
  std::lock_guard lock(used_mutex_);
  uses used(used_keys_.begin(), used_keys_.end());
  used_keys_.clear();
  return used;
}

bool user_directory::is_public_key_valid(const principal& p) const {
  std::shared_lock lock(mutex_);
  const auto user = users_.find(p.user);
  return user != users_.end() && user->second.status == user_status::active && user->second.role == p.role &&
         std::ranges::find(user->second.public_keys, p.public_key, &public_key_facts::id) != user->second.public_keys.end();
}

bool user_directory::is_api_token_valid(const principal& p) const {
  std::shared_lock lock(mutex_);
  const auto user = users_.find(p.user);
  return user != users_.end() && user->second.status == user_status::active && user->second.role == p.role &&
         std::ranges::find(user->second.api_tokens, p.api_token, &api_token_facts::id) != user->second.api_tokens.end();
}

std::unexpected<error> user_directory::refusal(std::string_view token, const standing& known,
                                               const error& first) const {
  if (first.code != crypto::token_errc::invalid) return std::unexpected(first);
  auto oldest = std::max<std::int64_t>(1, known.epoch - ended_epochs_known);
  for (auto epoch = known.epoch - 1; epoch >= oldest; --epoch) {
    auto ended = signer_.verify(token, epoch, clock_.wall_now());
    if (!ended) continue;
    if (known.status != user_status::active) return fail(tenant_errc::banned);
    return fail(crypto::token_errc::revoked);
  }
  return std::unexpected(first);
}

bool user_directory::still_valid(const principal& p) const {
  if (clock_.wall_now() >= p.expires_at) return false;
  if (p.api_token != 0) return is_api_token_valid(p);
  if (p.public_key != 0) return is_public_key_valid(p);
  const bool is_plain = p.session_id.empty();
  if (!is_plain && !signer_.knows(p.key_id)) return false;
  auto known = find_standing(p.user, p.session_id);
  if (is_plain)
    return known && known->status == user_status::active && known->role == p.role && known->epoch == p.epoch;
  return known && known->has_session && clock_.wall_now() < known->session_expires_at && known->status == user_status::active && known->role == p.role &&
         known->epoch == p.epoch;
}

std::optional<user_directory::standing> user_directory::find_standing(user_id id, std::string_view session_id) const {
  std::shared_lock lock(mutex_);
  auto found = users_.find(id);
  if (found == users_.end()) return std::nullopt;
  const auto& facts = found->second;
  standing out{.role = facts.role, .status = facts.status, .epoch = facts.epoch};
  const auto session = std::ranges::find(facts.sessions, session_id, &session_facts::id);
  if (session == facts.sessions.end()) return out;
  out.has_session = true;
  out.session_expires_at = session->expires_at;
  out.signed_in_at = session->signed_in_at;
  out.renewable = session->renewable;
  return out;
}

std::optional<user_auth_facts> user_directory::find(user_id id) const {
  std::shared_lock lock(mutex_);
  auto found = users_.find(id);
  if (found == users_.end()) return std::nullopt;
  return found->second;
}

std::size_t user_directory::size() const {
  std::shared_lock lock(mutex_);
  return users_.size();
}

void user_directory::on_change(std::function<void(user_id)> listener) {
  listeners_.push_back(std::move(listener));
}

void user_directory::tell(const std::vector<user_id>& changed) const {
  for (auto id : changed)
    for (const auto& listener : listeners_) listener(id);
}

}  // namespace drover::tenants
