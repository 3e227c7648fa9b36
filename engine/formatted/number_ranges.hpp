#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace drover::engine {

/// A set of numbers as its unbroken ranges: millions of them in a row cost one entry.
class number_ranges {
 public:
  void add(std::int64_t number) { add(number, number); }
  /// Both inclusive.
  void add(std::int64_t first, std::int64_t last);

  std::uint64_t count() const;
  /// How many of [first, last] are in the set.
  std::uint64_t count_within(std::int64_t first, std::int64_t last) const;
  /// The first number from `from` on that is not in the set.
  std::int64_t first_absent(std::int64_t from) const;
  /// What is missing between the least and the greatest number.
  std::vector<std::pair<std::int64_t, std::int64_t>> holes() const;

 private:
  /// First → last.
  std::map<std::int64_t, std::int64_t> ranges_;
};

}  // namespace drover::engine
