#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/ids.hpp"
#include "exchanges/exchange.hpp"

namespace drover::engine {

/// Lets so many bots of one exchange reconcile at a time, in the order they came; an exchange that does not answer
/// holds up nobody else. Trading thread only.
class start_lanes {
 public:
  using starter = std::function<void(bot_id)>;
  start_lanes(int concurrent_starts, starter start) : limit_(concurrent_starts), start_(std::move(start)) {}

  void add(exchanges::exchange* venue, bot_id bot) {
    lanes_[venue].waiting.push_back(bot);
    ++unfinished_;
  }
  /// Starts what may start now.
  void pump() {
    for (auto& [venue, lane] : lanes_)
      while (!lane.waiting.empty() && lane.active.size() < static_cast<std::size_t>(limit_)) {
        const auto bot = lane.waiting.front();
        lane.waiting.pop_front();
        lane.active.insert(bot);
        start_(bot);
      }
  }
  /// The start ended, however it did. Idempotent.
  void done(exchanges::exchange* venue, bot_id bot) {
    auto at = lanes_.find(venue);
    if (at == lanes_.end() || at->second.active.erase(bot) == 0) return;
    --unfinished_;
    pump();
  }
  void forget(exchanges::exchange* venue, bot_id bot) {
    auto at = lanes_.find(venue);
    if (at != lanes_.end()) unfinished_ -= std::erase(at->second.waiting, bot);
    done(venue, bot);
  }
  void clear_waiting() {
    for (auto& [venue, lane] : lanes_) unfinished_ -= std::exchange(lane.waiting, {}).size();
  }
  /// Bots that wait or start. Any thread.
  std::size_t unfinished() const { return unfinished_; }

 private:
  /// Addresses differ from run to run; a simulation must not.
  struct by_name {
    bool operator()(const exchanges::exchange* a, const exchanges::exchange* b) const { return a->name() < b->name(); }
  };
  struct lane {
    std::deque<bot_id> waiting;
    std::unordered_set<bot_id> active;
  };
  int limit_;
  starter start_;
  std::map<exchanges::exchange*, lane, by_name> lanes_;
  std::atomic<std::size_t> unfinished_ = 0;
};

}  // namespace drover::engine
