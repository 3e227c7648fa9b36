#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "exchanges/types.hpp"

namespace drover::engine {

/// The name of a grid's order slot, "buy:3".
struct grid_tag {
  exchanges::side side = exchanges::side::buy;
  std::size_t cell = 0;
};

inline std::string to_grid_tag(const grid_tag& t) {
  return (t.side == exchanges::side::buy ? "buy:" : "sell:") + std::to_string(t.cell);
}

inline std::optional<grid_tag> parse_grid_tag(std::string_view text) {
  grid_tag out;
  if (text.starts_with("buy:")) {
    text.remove_prefix(4);
  } else if (text.starts_with("sell:")) {
    text.remove_prefix(5);
    out.side = exchanges::side::sell;
  } else {
    return std::nullopt;
  }
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out.cell);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace drover::engine
