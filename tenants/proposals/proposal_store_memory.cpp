#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "tenants/errors.hpp"
#include "tenants/proposals/proposal_store.hpp"

namespace drover::tenants {
namespace {

bool lives(const proposal& p, wall_time now) {
  return (p.state == proposal_state::open || p.state == proposal_state::confirmed) && p.expires_at > now;
}

class memory_proposal_store final : public proposal_store {
public:
  explicit memory_proposal_store(std::function<int()> administrators) : administrators_(std::move(administrators)) {}

  task<result<proposal>> create(new_proposal fresh) override {
    std::lock_guard lock(mutex_);
    auto digest = digest_of(fresh.content);
    for (auto& [id, p] : rows_) {
      const bool is_same_thing = p.kind == fresh.kind && p.subject == fresh.subject;
      if (!is_same_thing || (p.state != proposal_state::open && p.state != proposal_state::confirmed)) continue;
      if (lives(p, fresh.created_at) && p.digest == digest) co_return p;
      decide(p, proposal_state::withdrawn, fresh.proposed_by, fresh.created_at);
    }
    proposal made{.id = ++last_id_,
                  .kind = fresh.kind,
                  .subject = std::move(fresh.subject),
                  .content = std::move(fresh.content),
                  .digest = std::move(digest),
                  .reason = std::move(fresh.reason),
                  .proposed_by = fresh.proposed_by,
                  .created_at = fresh.created_at,
                  .expires_at = fresh.expires_at,
                  .decided_by = {},
                  .decided_at = {}};
    rows_[made.id] = made;
    co_return made;
  }

  task<result<proposal>> get(std::int64_t id) override {
    std::lock_guard lock(mutex_);
    auto* found = find(id);
    if (!found) co_return fail(tenant_errc::not_found);
    co_return *found;
  }

  task<result<std::vector<proposal>>> list(bool living, wall_time now, int limit) override {
    std::lock_guard lock(mutex_);
    std::vector<proposal> out;
    for (auto at = rows_.rbegin(); at != rows_.rend() && std::cmp_less(out.size(), limit); ++at)
      if (!living || lives(at->second, now)) out.push_back(at->second);
    co_return out;
  }

  task<result<proposal>> confirm(std::int64_t id, user_id by, std::string digest, wall_time now) override {
    std::lock_guard lock(mutex_);
    auto* found = find(id);
    if (!found) co_return fail(tenant_errc::not_found);
    if (auto allowed = check_confirmation(*found, by, digest, now); !allowed)
      co_return std::unexpected(allowed.error());
    decide(*found, proposal_state::confirmed, by, now);
    co_return *found;
  }

  task<result<proposal>> finish(std::int64_t id) override {
    std::lock_guard lock(mutex_);
    auto* found = find(id);
    if (!found || found->state != proposal_state::confirmed) co_return fail(tenant_errc::not_found);
    found->state = proposal_state::done;
    co_return *found;
  }

  task<result<proposal>> withdraw(std::int64_t id, user_id by, wall_time now) override {
    std::lock_guard lock(mutex_);
    auto* found = find(id);
    if (!found) co_return fail(tenant_errc::not_found);
    if (auto allowed = check_withdrawal(*found, now); !allowed) co_return std::unexpected(allowed.error());
    decide(*found, proposal_state::withdrawn, by, now);
    co_return *found;
  }

  task<result<std::optional<proposal>>> find_confirmed(proposal_kind kind, std::string subject,
                                                       wall_time now) override {
    std::lock_guard lock(mutex_);
    for (auto& [id, p] : rows_) {
      if (p.kind == kind && p.subject == subject && p.state == proposal_state::confirmed && p.expires_at > now)
        co_return p;
    }
    co_return std::nullopt;
  }

  task<result<wall_time>> two_administrators_at(wall_time now) override {
    std::lock_guard lock(mutex_);
    if (administrators_() >= 2) two_at_ = now;
    co_return two_at_;
  }

private:
  proposal* find(std::int64_t id) {
    const auto found = rows_.find(id);
    return found == rows_.end() ? nullptr : &found->second;
  }
  static void decide(proposal& p, proposal_state state, user_id by, wall_time now) {
    p.state = state;
    p.decided_by = by;
    p.decided_at = now;
  }

  std::function<int()> administrators_;
  std::mutex mutex_;
  std::map<std::int64_t, proposal> rows_;
  std::int64_t last_id_ = 0;
  wall_time two_at_;
};

}  // namespace

std::unique_ptr<proposal_store> make_memory_proposal_store(std::function<int()> administrators) {
  return std::make_unique<memory_proposal_store>(std::move(administrators));
}

}  // namespace drover::tenants
