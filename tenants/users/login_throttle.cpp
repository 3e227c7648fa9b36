#include "tenants/users/login_throttle.hpp"

#include <algorithm>

namespace drover::tenants {
namespace {

constexpr nanoseconds minute = std::chrono::minutes(1);
/// A sweep looks at every key, so it is worth its cost once in a while only.
constexpr nanoseconds sweep_interval = 1s;

}  // namespace

login_throttle::login_throttle(int per_minute, std::size_t tracked_keys)
    : interval_(minute / std::max(per_minute, 1)),
      allowance_(interval_ * std::max(per_minute, 1)),
      tracked_keys_(std::max<std::size_t>(tracked_keys, 1)) {}

std::optional<milliseconds> login_throttle::take(const std::string& key, steady_time now) {
  auto at = spent_until_.find(key);
  if (at == spent_until_.end()) {
    if (spent_until_.size() >= tracked_keys_) make_room(now);
    at = spent_until_.emplace(key, now).first;
  }
  auto spent = std::max(at->second, now) + interval_;
  if (spent - now > allowance_) return std::chrono::ceil<milliseconds>(spent - now - allowance_);
  at->second = spent;
  return std::nullopt;
}

void login_throttle::give_back(const std::string& key) {
  auto at = spent_until_.find(key);
  if (at != spent_until_.end()) at->second = at->second - interval_;
}

void login_throttle::make_room(steady_time now) {
  if (now >= next_sweep_) {
    std::erase_if(spent_until_, [&](const auto& entry) { return entry.second <= now; });
    next_sweep_ = now + sweep_interval;
  }
  if (spent_until_.size() >= tracked_keys_) spent_until_.erase(spent_until_.begin());
}

}  // namespace drover::tenants
