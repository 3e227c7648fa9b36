#include "base/life_signs.hpp"

#include <algorithm>
#include <utility>

namespace drover {

nanoseconds life_sign::silent_for(steady_time now) const {
  return std::max(nanoseconds::zero(), now.since_start - nanoseconds(last_beat_.load(std::memory_order_relaxed)));
}

life_sign& life_signs::add(std::string name, steady_time now) {
  return parts_.emplace_back(std::move(name), now).sign;
}

bool life_signs::take_round() {
  if (!std::ranges::all_of(parts_, &watched::has_beaten)) return false;
  for (auto& part : parts_) part.seen = part.sign.beats();
  return true;
}

std::string life_signs::describe_missing(steady_time now) const {
  std::string out;
  for (const auto& part : parts_) {
    if (part.has_beaten()) continue;
    const auto silent = std::chrono::duration_cast<milliseconds>(part.sign.silent_for(now));
    out += (out.empty() ? "" : ", ") + part.sign.name() + " (silent for " + std::to_string(silent.count()) + " ms)";
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
