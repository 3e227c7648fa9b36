#include "exchanges/market_data_hub.hpp"

#include <utility>

namespace drover::exchanges {

/// One subscriber; only marked when it leaves during a fan-out, since its own callback may be the one running.
struct market_data_hub::subscriber {
  callback on_ticker;
  bool live = true;
  /// Has not been given a ticker yet.
  bool fresh = true;
};

struct market_data_hub::topic {
  market_data_hub* hub = nullptr;
  std::string symbol;
  ticker last;
  std::vector<std::shared_ptr<subscriber>> subscribers;
  std::size_t live = 0;
  int fan_outs = 0;
  bool replay_scheduled = false;

  void call(const ticker& value, bool fresh_only) {
    ++fan_outs;
    // Who comes during the fan-out waits for the next one; the vector may grow under this loop.
    const auto count = subscribers.size();
    for (std::size_t i = 0; i < count; ++i) {
      auto* s = subscribers[i].get();
      if (!s->live || (fresh_only && !s->fresh)) continue;
      s->fresh = false;
      s->on_ticker(value);
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
      s.on_ticker = nullptr;
      // One sweep for many leavers keeps the end of thousands of subscriptions linear.
      if (subscribers.size() > 2 * live + 16) sweep();
    }
    if (live == 0 && hub) hub->drop_topic(symbol);
  }
};

class market_data_hub::handle final : public market_subscription {
 public:
  handle(std::shared_ptr<topic> t, std::shared_ptr<subscriber> s) : topic_(std::move(t)), subscriber_(std::move(s)) {}
  ~handle() override { topic_->leave(*subscriber_); }

 private:
  std::shared_ptr<topic> topic_;
  std::shared_ptr<subscriber> subscriber_;
};

market_data_hub::market_data_hub(task_scope& scope, interest on_interest)
    : scope_(scope), on_interest_(std::move(on_interest)) {}

market_data_hub::~market_data_hub() {
  for (auto& [symbol, t] : topics_) t->hub = nullptr;
}

std::unique_ptr<market_subscription> market_data_hub::subscribe(const std::string& symbol, callback on_ticker) {
  auto& t = topics_[symbol];
  bool first = !t;
  if (first) {
    t = std::make_shared<topic>();
    t->hub = this;
    t->symbol = symbol;
  }
  auto kept = t;
  auto s = std::make_shared<subscriber>();
  s->on_ticker = std::move(on_ticker);
  kept->subscribers.push_back(s);
  ++kept->live;
  if (kept->last) schedule_replay(kept);
  if (first) on_interest_(symbol, true);
  return std::make_unique<handle>(kept, std::move(s));
}

void market_data_hub::schedule_replay(const std::shared_ptr<topic>& t) {
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

void market_data_hub::publish(const ticker& value) {
  auto found = topics_.find(value->symbol);
  if (found == topics_.end()) return;
  auto t = found->second;
  t->last = value;
  t->call(value, false);
}

void market_data_hub::forget(std::string_view symbol) {
  for (auto& [name, t] : topics_)
    if (symbol.empty() || name == symbol) t->last.reset();
}

std::size_t market_data_hub::subscribers(const std::string& symbol) const {
  auto found = topics_.find(symbol);
  return found == topics_.end() ? 0 : found->second->live;
}

void market_data_hub::drop_topic(const std::string& symbol) {
  std::string name = symbol;
  auto found = topics_.find(name);
  if (found == topics_.end()) return;
  // A fan-out may be running over it: it keeps a reference of its own.
  found->second->hub = nullptr;
  topics_.erase(found);
  on_interest_(name, false);
}

}  // namespace drover::exchanges
