#include "base/life_signs.hpp"

#include <algorithm>
#include <utility>

namespace drover {

nanoseconds life_sign::silent_for(steady_time now) const {
  return std::max(nanoseconds::zero(), now.since_start - nanoseconds(last_beat_.load(std::memory_order_relaxed)));
}

bool life_round::has_beaten(std::size_t part) const {
  return signs_.parts()[part].beats() != (part < seen_.size() ? seen_[part] : 0);
}

bool life_round::take() {
  for (std::size_t i = 0; i < signs_.parts().size(); ++i)
    if (!has_beaten(i)) return false;
  seen_.clear();
  for (const auto& part : signs_.parts()) seen_.push_back(part.beats());
  return true;
}

std::string life_round::describe_missing(steady_time now) const {
  std::string out;
  for (std::size_t i = 0; i < signs_.parts().size(); ++i) {
    if (has_beaten(i)) continue;
    const auto& part = signs_.parts()[i];
    const auto silent = std::chrono::duration_cast<milliseconds>(part.silent_for(now));
    out += (out.empty() ? "" : ", ") + part.name() + " (silent for " + std::to_string(silent.count()) + " ms)";
  }
  return out;
}

heart::heart(timer_queue& timers, life_sign& sign, std::function<void(steady_time)> at_each_beat)
    : timers_(timers), sign_(sign), at_each_beat_(std::move(at_each_beat)) {}

void heart::start() {
  due_ = timers_.get_clock().now() + interval;
  timer_ = timers_.call_at(due_, [this] { on_time(); });
}

void heart::stop() {
  if (auto timer = std::exchange(timer_, std::nullopt)) timers_.cancel(*timer);
}

void heart::on_time() {
  const auto now = timers_.get_clock().now();
  timer_.reset();
  if (now - due_ <= lateness_limit) {
    sign_.beat(now);
    if (at_each_beat_) at_each_beat_(now);
  }
  start();
}

}  // namespace drover
