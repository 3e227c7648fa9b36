#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/ids.hpp"

namespace drover::web {

/// What each user was told last, for the time while the database is away. Holds at most `limit` rows of all users together; who asked
/// longest ago is forgotten first. Web thread.
template <class Rows>
class last_told {
public:
  explicit last_told(std::size_t limit) : limit_(limit) {}

  void keep(user_id user, Rows rows) {
    forget(user);
    const auto size = rows.size() + 1;
    if (size > limit_) return;
    while (held_ + size > limit_) forget(by_age_.begin()->second);
    held_ += size;
    by_age_.emplace(++count_, user);
    users_.emplace(user, entry{std::make_shared<const Rows>(std::move(rows)), count_});
  }
  /// Null: nothing is known.
  std::shared_ptr<const Rows> find(user_id user) const {
    const auto at = users_.find(user);
    return at == users_.end() ? nullptr : at->second.rows;
  }

private:
  struct entry {
    std::shared_ptr<const Rows> rows;
    std::uint64_t age = 0;
  };
  void forget(user_id user) {
    const auto at = users_.find(user);
    if (at == users_.end()) return;
    held_ -= at->second.rows->size() + 1;
    by_age_.erase(at->second.age);
    users_.erase(at);
  }

  std::size_t limit_, held_ = 0;
  std::uint64_t count_ = 0;
  std::unordered_map<user_id, entry> users_;
  std::map<std::uint64_t, user_id> by_age_;
};

}  // namespace drover::web
