#include "base/backoff.hpp"

#include <algorithm>

namespace drover {

milliseconds backoff::next(random_source& random) {
  constexpr int doubling_limit = 30;
  const auto most = std::min(ceiling_, floor_ * (std::int64_t{1} << std::min(attempts_, doubling_limit)));
  if (attempts_ < doubling_limit) ++attempts_;
  const auto bound = static_cast<std::uint64_t>(std::max<std::int64_t>(most.count(), 0)) + 1;
  return std::max(milliseconds(static_cast<std::int64_t>(random.below(bound))), floor_ / 2);
}

}  // namespace drover
