#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/task_scope.hpp"
#include "exchanges/exchange.hpp"

namespace drover::exchanges {

/// Counts who wants which topic and hands each value to all of them: one upstream subscription, any number of subscribers.
/// Null tells them that what they know is stale. Subscribing and unsubscribing are allowed inside a callback. Trading thread
/// only.
template <class T>
class topic_hub {
 public:
  using value = std::shared_ptr<const T>;
  using callback = std::function<void(const value&)>;
  /// Called when the first subscriber of a topic comes (true) and when the last one goes (false).
  using interest = std::function<void(const std::string& topic, bool wanted)>;

  /// `scope` runs the replay of the last value to new subscribers; it and the hub die together. `replays`: new subscribers
  /// are given the last value (states, not events).
  topic_hub(task_scope& scope, bool replays, interest on_interest)
      : scope_(scope), replays_(replays), on_interest_(std::move(on_interest)) {}
  ~topic_hub() {
    for (auto& [name, t] : topics_) t->hub = nullptr;
  }
  topic_hub(const topic_hub&) = delete;
  topic_hub& operator=(const topic_hub&) = delete;

  /// The handle may outlive the hub.
  std::unique_ptr<market_subscription> subscribe(const std::string& name, callback on_value) {
    auto& place = topics_[name];
    const bool first = !place;
    if (first) {
      place = std::make_shared<topic>();
      place->hub = this;
      place->name = name;
    }
    auto kept = place;
    auto s = std::make_shared<subscriber>();
    s->on_value = std::move(on_value);
    kept->subscribers.push_back(s);
    ++kept->live;
    if (kept->last) schedule_replay(kept);
    if (first) on_interest_(name, true);
    return std::make_unique<handle>(kept, std::move(s));
  }

  /// To all subscribers of the topic, in the order they came.
  void publish(const std::string& name, const value& v) {
    auto found = topics_.find(name);
    if (found == topics_.end()) return;
    auto t = found->second;
    t->current = true;
    if (replays_) t->last = v;
    t->call(v, false);
  }
  /// What was known is stale: subscribers hear null once, new ones wait for the next value.
  void forget(const std::string& name) {
    auto found = topics_.find(name);
    if (found == topics_.end() || !found->second->current) return;
    auto t = found->second;
    t->current = false;
    t->last.reset();
    t->call(nullptr, false);
  }

  std::size_t subscribers(const std::string& name) const {
    auto found = topics_.find(name);
    return found == topics_.end() ? 0 : found->second->live;
  }

 private:
  /// Only marked when it leaves during a fan-out, since its own callback may be the one running.
  struct subscriber {
    callback on_value;
    bool live = true;
    /// Has not been given a value yet.
    bool fresh = true;
  };

  struct topic {
    topic_hub* hub = nullptr;
    std::string name;
    value last;
    std::vector<std::shared_ptr<subscriber>> subscribers;
    std::size_t live = 0;
    int fan_outs = 0;
    bool current = false;
    bool replay_scheduled = false;

    void call(const value& v, bool fresh_only) {
      ++fan_outs;
      // Who comes during the fan-out waits for the next one; the vector may grow under this loop.
      const auto count = subscribers.size();
      for (std::size_t i = 0; i < count; ++i) {
        auto* s = subscribers[i].get();
        if (!s->live || (fresh_only && !s->fresh)) continue;
        s->fresh = false;
        s->on_value(v);
      }
      if (--fan_outs == 0 && subscribers.size() != live) sweep();
    }
    void sweep() {
      std::erase_if(subscribers, [](const auto& s) { return !s->live; });
    }
    void leave(subscriber& s) {
      s.live = false;
      --live;
      if (fan_outs == 0) {
        s.on_value = nullptr;
        // One sweep for many leavers keeps the end of thousands of subscriptions linear.
        if (subscribers.size() > 2 * live + 16) sweep();
      }
      if (live == 0 && hub) hub->drop(name);
    }
  };

  class handle final : public market_subscription {
   public:
    handle(std::shared_ptr<topic> t, std::shared_ptr<subscriber> s) : topic_(std::move(t)), subscriber_(std::move(s)) {}
    ~handle() override { topic_->leave(*subscriber_); }

   private:
    std::shared_ptr<topic> topic_;
    std::shared_ptr<subscriber> subscriber_;
  };

  void schedule_replay(const std::shared_ptr<topic>& t) {
    if (t->replay_scheduled) return;
    t->replay_scheduled = true;
    scope_.post([weak = std::weak_ptr<topic>(t)] {
      auto self = weak.lock();
      if (!self) return;
      self->replay_scheduled = false;
      auto last = self->last;
      if (last && self->hub) self->call(last, true);
    });
  }

  void drop(const std::string& topic_name) {
    const std::string name = topic_name;
    auto found = topics_.find(name);
    if (found == topics_.end()) return;
    // A fan-out may be running over it: it keeps a reference of its own.
    found->second->hub = nullptr;
    topics_.erase(found);
    on_interest_(name, false);
  }

  task_scope& scope_;
  bool replays_;
  interest on_interest_;
  std::unordered_map<std::string, std::shared_ptr<topic>> topics_;
};

}  // namespace drover::exchanges
