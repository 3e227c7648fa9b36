#pragma once

#include <string>

#include "tenants/proposals/proposal_store.hpp"

namespace drover::tenants {

/// When what no administrator should do alone needs another one (`auth.four_eyes`).
enum class four_eyes_mode {
  /// As soon as there are two active administrators, and for proposal_service::memory after there were.
  automatic,
  required,
  off,
};

/// Proposals of one administrator that another one confirms. Errors are tenant_errc. One thread.
class proposal_service {
public:
  /// A proposal that was not carried out by then is over.
  static constexpr seconds life{3'600};
  /// Who bans or demotes the other administrator is not alone at once.
  static constexpr seconds memory{86'400};

  proposal_service(proposal_store& store, const clock& wall, four_eyes_mode mode)
      : store_(store), wall_(wall), mode_(mode) {}
  void set_mode(four_eyes_mode mode) { mode_ = mode; }
  four_eyes_mode mode() const { return mode_; }

  /// Also to be asked before an administrator goes: it remembers that there were two.
  task<result<bool>> in_force();
  task<result<proposal>> propose(user_id by, proposal_kind, std::string subject, std::string content,
                                 std::string reason);
  /// `current`: the content as it would be proposed now; already_decided when it is not what was proposed any more.
  task<result<proposal>> confirm(proposal, user_id by, std::string digest, std::string current);
  task<result<proposal>> withdraw(std::int64_t id, user_id by);
  task<result<std::vector<proposal>>> list(bool living);
  task<result<std::optional<proposal>>> find_confirmed(proposal_kind, std::string subject);
  proposal_store& store() { return store_; }

private:
  proposal_store& store_;
  const clock& wall_;
  four_eyes_mode mode_;
};

}  // namespace drover::tenants
