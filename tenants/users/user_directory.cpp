#include "tenants/users/user_directory.hpp"

#include <algorithm>
#include <mutex>

#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t revoked_sessions_limit = 100'000;
/// How many ended epochs are told apart from forged tokens.
constexpr std::int64_t ended_epochs_known = 3;

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
      // A refresh may have overtaken this slower read; epochs only grow.
      bool is_older = known != users_.end() && known->second.epoch > facts.epoch;
      const auto& newest = is_older ? known->second : facts;
      if (known == users_.end() || known->second != newest) changed.push_back(facts.id);
      fresh.emplace(facts.id, newest);
    }
    for (const auto& [id, facts] : users_)
      if (!fresh.contains(id)) changed.push_back(id);
    users_ = std::move(fresh);
  }
  loaded_ = true;
  tell(changed);
  co_return result<void>();
}

task<result<void>> user_directory::refresh(user_id id) {
  auto facts = co_await store_.load_auth_facts(id);
  if (!facts) co_return std::unexpected(facts.error());
  {
    std::unique_lock lock(mutex_);
    if (*facts)
      users_.insert_or_assign(id, **facts);
    else
      users_.erase(id);
  }
  tell({id});
  co_return result<void>();
}

result<principal> user_directory::authenticate(std::string_view token) const {
  if (!loaded_) return fail(tenant_errc::unavailable);
  auto claims = signer_.parse(token);
  if (!claims) return std::unexpected(claims.error());
  auto facts = find(claims->user);
  if (!facts) return fail(crypto::token_errc::invalid);
  auto genuine = signer_.verify(token, facts->epoch, clock_.wall_now());
  if (!genuine) return refusal(token, *facts, genuine.error());
  if (is_revoked(genuine->session_id)) return fail(crypto::token_errc::revoked);
  if (facts->status != user_status::active) return fail(tenant_errc::banned);
  return principal{.user = facts->id,
                   .role = facts->role,
                   .session_id = std::move(genuine->session_id),
                   .expires_at = genuine->issued_at + signer_.life(),
                   .epoch = facts->epoch};
}

std::unexpected<error> user_directory::refusal(std::string_view token, const user_auth_facts& facts,
                                               const error& first) const {
  if (first.code != crypto::token_errc::invalid) return std::unexpected(first);
  auto oldest = std::max<std::int64_t>(1, facts.epoch - ended_epochs_known);
  for (auto epoch = facts.epoch - 1; epoch >= oldest; --epoch) {
    auto ended = signer_.verify(token, epoch, clock_.wall_now());
    if (!ended) continue;
    if (facts.status != user_status::active) return fail(tenant_errc::banned);
    return fail(crypto::token_errc::revoked);
  }
  return std::unexpected(first);
}

bool user_directory::still_valid(const principal& p) const {
  if (clock_.wall_now() >= p.expires_at || is_revoked(p.session_id)) return false;
  auto facts = find(p.user);
  return facts && facts->status == user_status::active && facts->role == p.role && facts->epoch == p.epoch;
}

bool user_directory::is_revoked(const std::string& session_id) const {
  std::shared_lock lock(mutex_);
  return revoked_sessions_.contains(session_id);
}

void user_directory::revoke_session(const std::string& session_id, wall_time until) {
  std::unique_lock lock(mutex_);
  if (revoked_sessions_.size() >= revoked_sessions_limit) make_room_for_session();
  revoked_sessions_.insert_or_assign(session_id, until);
}

void user_directory::make_room_for_session() {
  auto now = clock_.wall_now();
  std::erase_if(revoked_sessions_, [&](const auto& entry) { return entry.second <= now; });
  if (revoked_sessions_.size() < revoked_sessions_limit) return;
  revoked_sessions_.erase(
      std::ranges::min_element(revoked_sessions_, {}, [](const auto& entry) { return entry.second; }));
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
