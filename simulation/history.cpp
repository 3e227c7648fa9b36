#include "simulation/history.hpp"

#include <fmt/core.h>

namespace drover::simulation {

void history::mix(std::string_view bytes) {
  for (const unsigned char c : bytes) hash_ = (hash_ ^ c) * 0x100000001b3u;
}

void history::add(steady_time at, std::string_view line) {
  auto text = fmt::format("{:.6f} {}", static_cast<double>(at.since_start.count()) / 1e9, line);
  mix(text);
  mix("\n");
  ++size_;
  if (print_) fmt::print("{}\n", text);
  if (last_.size() == kept_lines) last_.pop_front();
  last_.push_back(std::move(text));
}

}  // namespace drover::simulation
