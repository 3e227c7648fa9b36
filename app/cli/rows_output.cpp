#include "app/cli/rows_output.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "web/csv_writer.hpp"

namespace drover::app {
namespace {

std::string cell_of(const json& row, const row_column& column) {
  const json::json_pointer at{std::string(column.pointer)};
  if (!row.contains(at)) return {};
  const auto& value = row.at(at);
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// What an engine on the other side says must not steer the terminal.
std::string printable(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

void print_table(const json& rows, std::span<const row_column> columns) {
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& c : columns) lines.front().emplace_back(c.title);
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const auto& c : columns) line.push_back(printable(cell_of(row, c)));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) text += fmt::format("{:<{}}  ", line[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    fmt::print("{}\n", text);
  }
}

void print_csv(const json& rows, std::span<const row_column> columns) {
  web::csv_writer csv;
  for (const auto& c : columns) csv.value(c.title);
  csv.end_row();
  for (const auto& row : rows) {
    for (const auto& c : columns) csv.value(cell_of(row, c));
    csv.end_row();
  }
  fmt::print("{}", csv.text());
}

}  // namespace

void print_rows(const json& rows, std::span<const row_column> columns, const std::string& output) {
  if (output == "json")
    fmt::print("{}\n", rows.dump(2));
  else if (output == "csv")
    print_csv(rows, columns);
  else
    print_table(rows, columns);
}

void print_row(const json& row, std::span<const row_column> columns, const std::string& output) {
  if (output == "json") return fmt::print("{}\n", row.dump(2));
  if (output == "csv") return print_csv(json::array({row}), columns);
  for (const auto& c : columns) fmt::print("{:<14} {}\n", c.title, printable(cell_of(row, c)));
}

}  // namespace drover::app
