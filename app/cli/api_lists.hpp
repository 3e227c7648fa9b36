#pragma once

#include "app/cli/api_client.hpp"

namespace drover::app {

/// Of a command that prints a list.
struct list_options {
  /// Rows in all; 0 = every one.
  std::int64_t limit = 0;
};
/// Adds --limit.
void add_list_options(CLI::App&, list_options&);

/// All items of a list of the API, page after page: a JSON array.
api_result<json> fetch_all(api_client&, const std::string& path, query_text filter, const list_options&);
/// The same as the API writes it as CSV, with one line of titles.
api_result<std::string> fetch_csv(api_client&, const std::string& path, query_text filter, const list_options&);

}  // namespace drover::app
