#include <algorithm>
#include <cmath>

#include "bench/benches.hpp"

namespace drover::bench {

latencies::latencies(std::vector<nanoseconds> all) : sorted(std::move(all)) { std::sort(sorted.begin(), sorted.end()); }

nanoseconds latencies::at(double share) const {
  if (sorted.empty()) return {};
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace drover::bench
