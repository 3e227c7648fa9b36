#include "base/rate_limiter.hpp"

#include <algorithm>
#include <bit>

namespace drover {

namespace {

/// Keyed FNV with a strong finish: an attacker who does not know the seed cannot aim at one set.
std::uint64_t hash_key(std::uint64_t seed, unsigned group, std::string_view key) {
  std::uint64_t h = seed ^ (0x9e3779b97f4a7c15ULL * (group + 1));
  for (unsigned char c : key) h = std::rotl((h ^ c) * 0x100000001b3ULL, 23) + seed;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ULL;
  h ^= h >> 32;
  return h ? h : 1;
}

}  // namespace

rate_limiter::rate_limiter(std::size_t capacity, std::uint64_t seed)
    : sets_(std::bit_ceil(std::max<std::size_t>(1, capacity / ways))), seed_(seed) {}

rate_limiter::slot& rate_limiter::find(std::uint64_t key) {
  auto& set = sets_[(key >> 7) & (sets_.size() - 1)];
  for (auto& s : set)
    if (s.key == key) return s;
  auto& idle = *std::min_element(set.begin(), set.end(), [](const slot& a, const slot& b) { return a.due < b.due; });
  idle = {key, 0};
  return idle;
}

rate_limiter::decision rate_limiter::count(unsigned group, std::string_view key, rate_limit limit, steady_time now) {
  auto& s = find(hash_key(seed_, group, key));
  std::int64_t at = now.since_start.count();
  std::int64_t interval = 1'000'000'000LL / std::max(1, limit.per_second);
  std::int64_t tolerance = interval * std::max(1, limit.burst);
  std::int64_t next = std::max(s.due, at) + interval;
  decision d;
  d.limit = limit.burst;
  if (next - at > tolerance) {
    d.allowed = false;
    d.retry_after = nanoseconds(next - at - tolerance);
    d.reset = nanoseconds(s.due - at);
    return d;
  }
  s.due = next;
  d.remaining = static_cast<int>((tolerance - (next - at)) / interval);
  d.reset = nanoseconds(next - at);
  return d;
}

}  // namespace drover
