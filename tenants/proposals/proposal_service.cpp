#include "tenants/proposals/proposal_service.hpp"

#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr int list_limit = 200;

}  // namespace

task<result<bool>> proposal_service::in_force() {
  if (mode_ != four_eyes_mode::automatic) co_return mode_ == four_eyes_mode::required;
  const auto now = wall_.wall_now();
  auto at = co_await store_.two_administrators_at(now);
  if (!at) co_return std::unexpected(at.error());
  co_return *at != wall_time{} && now - *at <= memory;
}

task<result<proposal>> proposal_service::propose(user_id by, proposal_kind kind, std::string subject,
                                                 std::string content, std::string reason) {
  const auto now = wall_.wall_now();
  new_proposal fresh{.kind = kind,
                     .subject = std::move(subject),
                     .content = std::move(content),
                     .reason = std::move(reason),
                     .proposed_by = by,
                     .created_at = now,
                     .expires_at = now + life};
  auto made = co_await store_.create(std::move(fresh));
  co_return made;
}

task<result<proposal>> proposal_service::confirm(proposal known, user_id by, std::string digest, std::string current) {
  const auto now = wall_.wall_now();
  if (auto allowed = check_confirmation(known, by, digest, now); !allowed) co_return std::unexpected(allowed.error());
  if (digest_of(current) != known.digest)
    co_return fail(tenant_errc::already_decided,
                   "what proposal " + std::to_string(known.id) + " is about has changed since; propose it again");
  auto confirmed = co_await store_.confirm(known.id, by, std::move(digest), now);
  co_return confirmed;
}

task<result<proposal>> proposal_service::withdraw(std::int64_t id, user_id by) {
  return store_.withdraw(id, by, wall_.wall_now());
}

task<result<std::vector<proposal>>> proposal_service::list(bool living) {
  return store_.list(living, wall_.wall_now(), list_limit);
}

task<result<std::optional<proposal>>> proposal_service::find_confirmed(proposal_kind kind, std::string subject) {
  return store_.find_confirmed(kind, std::move(subject), wall_.wall_now());
}

}  // namespace drover::tenants
