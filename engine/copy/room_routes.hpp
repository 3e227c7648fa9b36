#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/copy/copy_store.hpp"

namespace drover::engine {

/// Who follows which account where, in memory. Trading thread only.
class room_routes {
public:
  using followers = std::shared_ptr<const std::vector<follower>>;
  struct target {
    room_id room;
    /// Never null; whoever holds it keeps the followers of that moment.
    followers who;
  };

  void replace_all(std::vector<room_route>);
  /// Nothing in `now`: the room is not open any more.
  void replace(room_id, std::vector<room_route> now);

  /// Where a fill of the account on the market goes. One look-up for accounts that lead nobody.
  std::vector<target> find(account_id lead, const std::string& symbol) const;
  /// Rooms that the account leads or follows.
  std::vector<room_id> rooms_of(account_id) const;
  std::size_t rooms() const { return rooms_.size(); }
  std::size_t members() const;

private:
  struct entry {
    account_id lead;
    std::unordered_map<std::string, followers> markets;
    std::unordered_set<account_id> accounts;
  };
  void add(room_route);
  void remove(room_id);

  std::unordered_map<room_id, entry> rooms_;
  std::unordered_map<account_id, std::vector<room_id>> led_, followed_;
};

}  // namespace drover::engine
