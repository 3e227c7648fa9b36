#pragma once

// For the parse files of the venues only, as json_fields_detail.hpp.
#include <array>
#include <charconv>
#include <cstddef>
#include <span>

#include "exchanges/json_fields_detail.hpp"

namespace drover::exchanges {

/// Lists of lists ("[["92100","1"],…]"): book levels, candles. Cells are the raw tokens of numbers, or texts; what lies behind the
/// limit of a row is skipped.
inline constexpr std::size_t row_cell_limit = 12;
using row_cells = std::span<const std::string_view>;

/// Empty for anything but a number or a text.
inline std::string_view cell_text(sj::value value) {
  sj::json_type type;
  if (value.type().get(type)) return {};
  std::string_view out;
  if (type == sj::json_type::string) return value.get_string().get(out) ? std::string_view{} : out;
  if (type != sj::json_type::number) return {};
  out = value.raw_json_token();
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n' || out.back() == '\r' || out.back() == '\t')) out.remove_suffix(1);
  return out;
}

template <class Each>
void read_row(json_fields& reporter, sj::array row, std::string_view key, Each each) {
  std::array<std::string_view, row_cell_limit> cells;
  std::size_t count = 0;
  for (auto cell : row) {
    sj::value value;
    if (cell.get(value)) return reporter.note(key);
    // Lists within a row (an "options" cell) count as empty cells.
    auto text = cell_text(value);
    if (count < cells.size()) cells[count++] = text;
  }
  each(row_cells(cells.data(), count));
}

/// Calls `each(row_cells)` row by row until something is noted in `reporter`.
template <class Each>
void for_rows(json_fields& reporter, sj::array rows, std::string_view key, Each each) {
  for (auto element : rows) {
    sj::array row;
    if (element.get_array().get(row)) return reporter.note(key);
    read_row(reporter, row, key, each);
    if (!reporter.ok()) return;
  }
}

/// A price or quantity in a cell; a bad or negative one is noted.
inline decimal cell_amount(json_fields& reporter, row_cells row, std::size_t index, std::string_view key) {
  auto parsed = index < row.size() ? decimal::parse(row[index]) : fail(errc::malformed);
  if (parsed && !parsed->is_negative()) return *parsed;
  reporter.note(key);
  return {};
}

inline std::int64_t whole_number(json_fields& reporter, std::string_view text, std::string_view key) {
  std::int64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) reporter.note(key);
  return value;
}

/// Times that a stranger sent: from 1970 to 2199, else noted.
inline wall_time checked_ms(json_fields& reporter, std::int64_t ms, std::string_view key) {
  constexpr std::int64_t latest_ms = 7'258'118'400'000;
  if (ms >= 0 && ms < latest_ms) return wall_time::from_ms(ms);
  reporter.note(key);
  return {};
}

/// Sums and products of what a stranger sent: one that does not fit is noted.
template <class Compute>
decimal within_range(json_fields& reporter, std::string_view key, Compute compute) {
  try {
    return compute();
  } catch (const decimal_overflow&) {
    reporter.note(key);
    return {};
  }
}

}  // namespace drover::exchanges
