#include "web/api/paging.hpp"

#include <fmt/format.h>

#include <limits>

namespace drover::web::api {

tenants::account_page read_page(query_reader& query) {
  tenants::account_page page;
  page.limit = static_cast<int>(query.integer("limit", page.limit, 1, 200));
  page.after_id = query.integer("after_id", 0, 0, std::numeric_limits<std::int64_t>::max());
  return page;
}

void add_paging_headers(net::http_response& response, std::string_view path, std::string_view filter,
                        const tenants::account_page& page, std::size_t count, std::int64_t last_id) {
  if (count >= static_cast<std::size_t>(page.limit)) {
    auto link = fmt::format("<{}?{}{}limit={}&after_id={}>; rel=\"next\"", path, filter, filter.empty() ? "" : "&",
                            page.limit, last_id);
    response.headers.emplace_back("Link", std::move(link));
  } else if (page.after_id == 0) {
    response.headers.emplace_back("X-Total-Count", std::to_string(count));
  }
}

}  // namespace drover::web::api
