#include "engine/formatted/number_ranges.hpp"

#include <algorithm>
#include <iterator>

namespace drover::engine {

void number_ranges::add(std::int64_t first, std::int64_t last) {
  if (last < first) return;
  auto at = ranges_.upper_bound(first);
  if (at != ranges_.begin() && std::prev(at)->second >= first - 1) --at;
  while (at != ranges_.end() && at->first <= last + 1) {
    first = std::min(first, at->first);
    last = std::max(last, at->second);
    at = ranges_.erase(at);
  }
  ranges_.emplace(first, last);
}

std::uint64_t number_ranges::count() const {
  std::uint64_t sum = 0;
  for (const auto& [first, last] : ranges_) sum += static_cast<std::uint64_t>(last - first + 1);
  return sum;
}

std::uint64_t number_ranges::count_within(std::int64_t from, std::int64_t to) const {
  std::uint64_t sum = 0;
  for (const auto& [first, last] : ranges_) {
    const auto low = std::max(first, from), high = std::min(last, to);
    if (high >= low) sum += static_cast<std::uint64_t>(high - low + 1);
  }
  return sum;
}

std::int64_t number_ranges::first_absent(std::int64_t from) const {
  auto at = ranges_.upper_bound(from);
  if (at == ranges_.begin()) return from;
  --at;
  return at->second >= from ? at->second + 1 : from;
}

std::vector<std::pair<std::int64_t, std::int64_t>> number_ranges::holes() const {
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  for (auto at = ranges_.begin(); at != ranges_.end() && std::next(at) != ranges_.end(); ++at)
    out.emplace_back(at->second + 1, std::next(at)->first - 1);
  return out;
}

}  // namespace drover::engine
