#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/history/history_store.hpp"
#include "tenants/audit/audit_store.hpp"
#include "web/csv_writer.hpp"
#include "web/json_writer.hpp"
#include "web/query_reader.hpp"
#include "web/services.hpp"

/// What the lists of bots, orders, fills, positions and audit events have in common.
namespace drover::web::api {

/// Rows of one CSV answer; more are behind the cursor of X-Next-Cursor.
constexpr int csv_row_limit = 50'000;
/// Rows that are read at once for one.
constexpr int csv_batch = 1'000;
constexpr std::size_t symbol_limit = 40;

/// How a list is answered. `limit`: of JSON 1 to 200, 50 when absent; of CSV everything up to csv_row_limit.
struct list_form {
  bool csv = false;
  int limit = 50;
};
/// Whether CSV is wanted: ?format=json|csv, else whether Accept names text/csv before application/json.
bool read_format(query_reader&, const request&);
/// ?limit= and ?format=.
list_form read_form(query_reader&, const request&);
/// ?sort=`key`, oldest first, or -`key`.
bool read_oldest_first(query_reader&, std::string_view key);
/// ?from= and ?to=; from must not be behind to.
void read_span(query_reader&, std::optional<wall_time>& from, std::optional<wall_time>& to);
std::optional<exchanges::side> read_side(query_reader&);

/// Whose rows: the caller's, or for an administrator those of ?user_id=.
class owner_choice {
public:
  owner_choice(query_reader&, const request&);
  /// 403 when somebody else's rows are asked for; after query_reader::finish().
  std::optional<problem> refusal() const;
  user_id value() const { return wanted_; }

private:
  user_id wanted_;
  bool allowed_ = true;
};

/// Opaque texts that say where a page ended.
std::string to_cursor(const engine::order_place&);
std::string to_cursor(const engine::fill_place&);
std::string to_cursor(const tenants::audit_place&);
inline engine::order_place place_of(const engine::order_record& r) { return {r.order.intent.created_at, r.order.intent.id}; }
inline engine::fill_place place_of(const engine::fill_record& f) { return {f.fill.at, f.id}; }
inline tenants::audit_place place_of(const tenants::audit_record& r) { return {r.id}; }
void complain_of_cursor(query_reader&);
/// A whole number that is not negative.
std::optional<std::int64_t> read_number(std::string_view text);
std::optional<engine::order_place> read_order_cursor(query_reader&);
std::optional<engine::fill_place> read_fill_cursor(query_reader&);
std::optional<tenants::audit_place> read_audit_cursor(query_reader&);

/// Calls `write` with up to `limit` rows that `read` answers for pages of the store; the cursor of what is missing, empty when
/// nothing is.
template <class Page, class Read, class Write>
task<result<std::string>> read_list(int limit, Page page, Read read, Write write) {
  std::string next;
  for (int left = limit; left > 0;) {
    const int batch = std::min(left, csv_batch - 1);
    page.limit = batch + 1;
    auto work = read(page);
    auto found = co_await std::move(work);
    if (!found) co_return std::unexpected(found.error());
    const bool more = std::cmp_greater(found->size(), batch);
    if (more) found->pop_back();
    for (const auto& row : *found) write(row);
    next.clear();
    if (!more) break;
    page.after = place_of(found->back());
    next = to_cursor(*page.after);
    left -= batch;
  }
  co_return next;
}
/// Ends {"items":[…] with the cursor (empty: none) and the total.
net::http_response finish_page(json_writer&, const std::string& next, std::int64_t total);

/// text/csv as a file of that name; `next`: the cursor of what is missing, empty when nothing is.
net::http_response csv_response(csv_writer, std::string_view name, const std::string& next);

/// Without the history store there is nothing to list.
problem make_no_history();

}  // namespace drover::web::api
