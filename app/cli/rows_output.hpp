#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace drover::app {

/// A column of a printed list and where its value is in a row, as a JSON pointer ("/status/state").
struct row_column {
  std::string_view title, pointer;
};

/// Prints a JSON array of objects to standard output as "table", "csv" (with the columns' titles) or "json" (whole rows).
void print_rows(const json& rows, std::span<const row_column>, const std::string& output);
/// One object: "json", or one line for each column; as "csv" a list of one.
void print_row(const json& row, std::span<const row_column>, const std::string& output);

}  // namespace drover::app
