#include <limits>

#include "tenants/audit/audit_store.hpp"
#include "web/api/handlers.hpp"
#include "web/api/history_query.hpp"

namespace drover::web::api {

namespace {

using tenants::audit_record;

constexpr std::size_t word_limit = 100;

struct audit_query {
  tenants::audit_filter filter;
  tenants::audit_page page;
  list_form form;
};

std::expected<audit_query, problem> read_query(request& r) {
  query_reader query(r);
  audit_query q;
  if (const auto actor = query.optional_integer("actor", 0, std::numeric_limits<std::int64_t>::max()))
    q.filter.actor = user_id(*actor);
  q.filter.action = query.text("action", word_limit).value_or("");
  q.filter.object = query.text("subject", word_limit).value_or("");
  read_span(query, q.filter.from, q.filter.to);
  q.form = read_form(query, r);
  q.page.after = read_audit_cursor(query);
  if (auto wrong = query.finish()) return refuse(std::move(*wrong));
  return q;
}

void write_event(json_writer& w, const audit_record& row) {
  w.begin_object().member("seq", row.seq).member("at", row.at).key("actor");
  if (row.actor.valid())
    w.value(row.actor.value);
  else
    w.null();
  w.member("action", row.action).member("subject", row.object).member("detail", row.detail).end_object();
}

void write_titles(csv_writer& csv) {
  for (const auto* title : {"seq", "at", "actor", "action", "subject", "detail"}) csv.value(title);
  csv.end_row();
}

void write_row(csv_writer& csv, const audit_record& row) {
  csv.value(row.seq).value(row.at).value(row.actor).value(row.action).value(row.object).value(row.detail).end_row();
}

}  // namespace

/// GET /admin/audit: who did what, newest first.
task<answer> handle_list_audit(request& r, services& s) {
  auto query = read_query(r);
  if (!query) co_return refuse(std::move(query.error()));
  if (s.parts.audit == nullptr) co_return refuse(make_http_problem(503, "This engine keeps no audit trail."));
  auto& q = *query;
  csv_writer csv;
  json_writer w(4096);
  write_titles(csv);
  w.begin_object().key("items").begin_array();
  auto read = [&](const tenants::audit_page& page) { return s.parts.audit->list(q.filter, page); };
  auto write = [&](const audit_record& row) { q.form.csv ? write_row(csv, row) : write_event(w, row); };
  auto next = co_await read_list(q.form.limit, q.page, read, write);
  if (!next) co_return refuse(next.error());
  if (q.form.csv) co_return csv_response(std::move(csv), "audit", *next);
  auto total = co_await s.parts.audit->count(q.filter);
  if (!total) co_return refuse(total.error());
  w.end_array();
  co_return finish_page(w, *next, *total);
}

}  // namespace drover::web::api
