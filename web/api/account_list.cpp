#include "web/api/account_list.hpp"

#include "web/api/paging.hpp"

namespace drover::web::api {

/// The hottest read: one store call, written straight into the body.
task<answer> list_accounts(request& r, services& s, std::string_view path, account_writer write) {
  query_reader query(r);
  auto page = read_page(query);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.accounts.store().list(r.caller_id(), page);
  if (!found) co_return refuse(found.error());
  json_writer w(64 + found->size() * 512);
  w.begin_array();
  for (const auto& a : *found) write(w, a, s.parts.board);
  w.end_array();
  auto response = json_response(200, w.take());
  add_paging_headers(response, path, "", page, found->size(), found->empty() ? 0 : found->back().id.value);
  co_return response;
}

}  // namespace drover::web::api
