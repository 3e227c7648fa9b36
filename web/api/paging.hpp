#pragma once

#include <string>
#include <string_view>

#include "tenants/accounts/account_store.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

/// `?limit=` (1–200) and `?after_id=` of lists that go by ascending id.
tenants::account_page read_page(query_reader&);

/// Adds `Link: <…>; rel="next"` when the page is full, and X-Total-Count when it is known to be the whole list.
/// `filter` is kept in the link ("status=PENDING", or empty).
void add_paging_headers(net::http_response&, std::string_view path, std::string_view filter,
                        const tenants::account_page&, std::size_t count, std::int64_t last_id);

}  // namespace drover::web::api
