#include "tenants/users/attempt_throttle.hpp"

#include <algorithm>

namespace drover::tenants {
namespace {

/// A sweep looks at every key, so it is worth its cost once in a while only.
constexpr nanoseconds sweep_interval = 1s;
/// More cannot be told apart: the wait has long reached its ceiling, and this many are soon forgotten again.
constexpr int failures_beyond_free = 20;

}  // namespace

attempt_throttle::attempt_throttle(throttle_pace pace, std::size_t tracked_keys)
    : pace_(pace), tracked_keys_(std::max<std::size_t>(tracked_keys, 1)) {}

std::optional<milliseconds> attempt_throttle::wait_of(const std::string& key, steady_time now) const {
  const auto at = keys_.find(key);
  if (at == keys_.end() || at->second.blocked_until <= now) return std::nullopt;
  return std::chrono::ceil<milliseconds>(at->second.blocked_until - now);
}

void attempt_throttle::count(const std::string& key, steady_time now) {
  auto at = keys_.find(key);
  if (at == keys_.end()) {
    if (keys_.size() >= tracked_keys_) make_room(now);
    at = keys_.emplace(key, entry{.since = now, .blocked_until = now}).first;
  }
  auto& e = at->second;
  e = forget(e, now);
  if (e.failures == 0) e.since = now;
  e.failures = std::min(e.failures + 1, pace_.free + failures_beyond_free);
  e.blocked_until = std::max(e.blocked_until, now + wait_after(e.failures));
}

void attempt_throttle::give_back(const std::string& key, steady_time now) {
  const auto at = keys_.find(key);
  if (at == keys_.end() || at->second.failures == 0) return;
  auto& e = at->second;
  e.blocked_until = std::max(now, e.blocked_until - wait_after(e.failures));
  --e.failures;
}

attempt_throttle::entry attempt_throttle::forget(entry e, steady_time now) const {
  const auto forgotten = (now - e.since) / pace_.forgets_every;
  e.failures = static_cast<int>(std::max<std::int64_t>(0, e.failures - forgotten));
  e.since = e.since + forgotten * pace_.forgets_every;
  return e;
}

milliseconds attempt_throttle::wait_after(int failures) const {
  if (failures <= pace_.free) return {};
  auto wait = pace_.first;
  for (int i = pace_.free + 1; i < failures && wait < pace_.longest; ++i) wait *= 2;
  return std::min(wait, pace_.longest);
}

void attempt_throttle::make_room(steady_time now) {
  if (now >= next_sweep_) {
    std::erase_if(keys_, [&](const auto& item) {
      return forget(item.second, now).failures == 0 && item.second.blocked_until <= now;
    });
    next_sweep_ = now + sweep_interval;
  }
  if (keys_.size() >= tracked_keys_) keys_.erase(keys_.begin());
}

}  // namespace drover::tenants
