#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace drover::simulation {

/// What happened, as a hash of every line (FNV-1a, 64 bits) and the last lines to read. Lines hold values only: no
/// addresses.
class history {
public:
  /// Lines that are kept for a report.
  static constexpr std::size_t kept_lines = 400;

  /// `print`: every line goes to standard output as well.
  explicit history(bool print = false) : print_(print) {}

  void add(steady_time at, std::string_view line);
  std::uint64_t hash() const { return hash_; }
  std::uint64_t size() const { return size_; }
  const std::deque<std::string>& last_lines() const { return last_; }

private:
  void mix(std::string_view bytes);

  bool print_;
  std::uint64_t hash_ = 0xcbf29ce484222325u;
  std::uint64_t size_ = 0;
  std::deque<std::string> last_;
};

}  // namespace drover::simulation
