#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <unordered_set>

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
    ++waiting_;
  }
  /// Starts what may start now.
  void pump() {
    for (auto& [venue, lane] : lanes_)
      while (!lane.waiting.empty() && lane.active.size() < static_cast<std::size_t>(limit_)) {
        const auto bot = lane.waiting.front();
        lane.waiting.pop_front();
        --waiting_;
        lane.active.insert(bot);
        start_(bot);
      }
  }
  /// The start ended, however it did. Idempotent.
  void done(exchanges::exchange* venue, bot_id bot) {
    auto at = lanes_.find(venue);
    if (at != lanes_.end() && at->second.active.erase(bot) > 0) pump();
  }
  void forget(exchanges::exchange* venue, bot_id bot) {
    auto at = lanes_.find(venue);
    if (at != lanes_.end()) waiting_ -= std::erase(at->second.waiting, bot);
    done(venue, bot);
  }
  void clear_waiting() {
    for (auto& [venue, lane] : lanes_) lane.waiting.clear();
    waiting_ = 0;
  }
  /// Any thread.
  std::size_t waiting() const { return waiting_; }

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
  std::atomic<std::size_t> waiting_ = 0;
};

}  // namespace drover::engine
