#include "app/cli/api_lists.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace drover::app {
namespace {

constexpr std::int64_t page_limit = 200, csv_page_limit = 50'000;
/// However many rows there are.
constexpr std::int64_t row_limit = 100'000;

}  // namespace

void add_list_options(CLI::App& command, list_options& options) {
  command.add_option("--limit", options.limit, "At most so many rows (default: all, at most 100000)")->check(CLI::Range(std::int64_t{1}, row_limit));
}

api_result<json> fetch_all(api_client& client, const std::string& path, query_text filter, const list_options& options) {
  const std::int64_t wanted = options.limit > 0 ? options.limit : row_limit;
  json rows = json::array();
  std::string cursor;
  for (;;) {
    const auto left = wanted - static_cast<std::int64_t>(rows.size());
    auto query = filter;
    query.add("limit", std::to_string(std::min(left, page_limit))).add("cursor", cursor);
    auto page = client.call_json("GET", path + query.text());
    if (!page) return std::unexpected(std::move(page.error()));
    const auto items = page->find("items"), next = page->find("next_cursor");
    if (items == page->end() || !items->is_array() || next == page->end())
      return std::unexpected(api_failure{exit_unavailable, "the answer is not a page of a list; is this an engine?"});
    for (auto& item : *items) rows.push_back(std::move(item));
    if (!next->is_string() || static_cast<std::int64_t>(rows.size()) >= wanted) return rows;
    cursor = next->get<std::string>();
  }
}

api_result<std::string> fetch_csv(api_client& client, const std::string& path, query_text filter, const list_options& options) {
  std::int64_t left = options.limit > 0 ? options.limit : row_limit;
  std::string text, cursor;
  for (;;) {
    const auto wanted = std::min(left, csv_page_limit);
    auto query = filter;
    query.add("format", "csv").add("limit", std::to_string(wanted)).add("cursor", cursor);
    auto page = client.call("GET", path + query.text(), {}, "text/csv");
    if (!page) return std::unexpected(std::move(page.error()));
    const auto titles_end = text.empty() ? 0 : page->body.find('\n') + 1;
    text.append(page->body, titles_end);
    cursor = find_header(page->headers, "X-Next-Cursor");
    left -= wanted;
    if (cursor.empty() || left <= 0) return text;
  }
}

}  // namespace drover::app
