#include <limits>

#include "web/api/handlers.hpp"
#include "web/api/history_query.hpp"
#include "web/api/order_json.hpp"

namespace drover::web::api {

namespace {

constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();

struct fill_query {
  user_id owner;
  engine::fill_filter filter;
  engine::fill_page page;
  list_form form;
};

std::optional<uuid> read_order_id(query_reader& query) {
  const auto text = query.text("order_id", 36);
  if (!text) return std::nullopt;
  const auto id = uuid::parse(*text);
  if (id) return *id;
  query.complain("order_id", "must be the id of an order");
  return std::nullopt;
}

std::expected<fill_query, problem> read_query(request& r) {
  query_reader query(r);
  fill_query q;
  const owner_choice owner(query, r);
  q.owner = owner.value();
  q.filter.account = account_id(query.integer("account_id", 0, 1, any_id));
  q.filter.bot = bot_id(query.integer("bot_id", 0, 1, any_id));
  q.filter.symbol = query.text("symbol", symbol_limit).value_or("");
  q.filter.side = read_side(query);
  q.filter.order = read_order_id(query);
  read_span(query, q.filter.from, q.filter.to);
  q.form = read_form(query, r);
  q.page.oldest_first = read_oldest_first(query, "at");
  q.page.after = read_fill_cursor(query);
  if (auto wrong = query.finish()) return refuse(std::move(*wrong));
  if (auto refused = owner.refusal()) return refuse(std::move(*refused));
  return q;
}

}  // namespace

/// GET /api/fills: trades of the caller's accounts, newest first; those of orders that are not ours are marked external.
task<answer> handle_list_fills(request& r, services& s) {
  auto query = read_query(r);
  if (!query) co_return refuse(std::move(query.error()));
  if (s.parts.history == nullptr) co_return refuse(make_no_history());
  auto& q = *query;
  csv_writer csv;
  json_writer w(4096);
  write_fill_titles(csv);
  w.begin_object().key("items").begin_array();
  auto& history = *s.parts.history;
  auto read = [&](const engine::fill_page& page) { return history.fills(q.owner, q.filter, page); };
  auto write = [&](const engine::fill_record& f) { q.form.csv ? write_row(csv, f) : write_fill(w, f); };
  auto next = co_await read_list(q.form.limit, q.page, read, write);
  if (!next) co_return refuse(next.error());
  if (q.form.csv) co_return csv_response(std::move(csv), "fills", *next);
  auto total = co_await history.count_fills(q.owner, q.filter);
  if (!total) co_return refuse(total.error());
  w.end_array();
  co_return finish_page(w, *next, *total);
}

}  // namespace drover::web::api
