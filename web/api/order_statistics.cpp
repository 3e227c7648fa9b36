#include <map>

#include "web/api/handlers.hpp"
#include "web/api/history_query.hpp"

namespace drover::web::api {

namespace {

using engine::order_day;

constexpr nanoseconds default_span = std::chrono::days(30), longest_span = std::chrono::days(366);
/// Rows of one answer.
constexpr int row_limit = 10'000;

struct statistics_query {
  wall_time from, to;
  bool csv = false;
};

std::expected<statistics_query, problem> read_query(request& r, wall_time now) {
  query_reader query(r);
  std::optional<wall_time> from, to;
  read_span(query, from, to);
  const bool csv = read_format(query, r);
  if (auto wrong = query.finish()) return refuse(std::move(*wrong));
  statistics_query q{.from = {}, .to = to.value_or(now), .csv = csv};
  q.from = from.value_or(q.to - default_span);
  if (q.to < q.from) return refuse(make_validation_problem("from", "must not be in the future without to"));
  if (q.to - q.from > longest_span) return refuse(make_validation_problem("from", "must not be more than 366 days before to"));
  return q;
}

/// "2026-11-21"
std::string date_of(const order_day& d) { return to_rfc3339(d.day).substr(0, 10); }

decimal error_ratio(std::int64_t errors, std::int64_t orders) {
  if (orders == 0) return {};
  return (decimal(errors) / decimal(orders)).round_to_places(4, rounding::half_even);
}

void write_counts(json_writer& w, const order_day& d) {
  w.member("orders", d.orders()).member("intended", d.intended).member("accepted", d.accepted).member("unknown", d.unknown);
  w.member("refused", d.refused).member("not_placed", d.not_placed).member("closed", d.closed).member("errors", d.errors);
  w.member("error_ratio", error_ratio(d.errors, d.orders())).member("fills", d.fills);
}

void write_day(json_writer& w, const order_day& d) {
  w.begin_object().member("day", date_of(d)).member("exchange_name", d.exchange_name).member("symbol", d.symbol);
  w.member("quote_asset", d.quote_asset);
  write_counts(w, d);
  w.member("volume", d.volume).member("realised", d.realised).end_object();
}

void write_titles(csv_writer& csv) {
  for (const auto* title : {"day", "exchange_name", "symbol", "quote_asset", "orders", "intended", "accepted", "unknown", "refused",
                            "not_placed", "closed", "errors", "error_ratio", "fills", "volume", "realised"})
    csv.value(title);
  csv.end_row();
}

void write_row(csv_writer& csv, const order_day& d) {
  csv.value(date_of(d)).value(d.exchange_name).value(d.symbol).value(d.quote_asset).value(d.orders()).value(d.intended);
  csv.value(d.accepted).value(d.unknown).value(d.refused).value(d.not_placed).value(d.closed).value(d.errors);
  csv.value(error_ratio(d.errors, d.orders())).value(d.fills).value(d.volume).value(d.realised).end_row();
}

void add(order_day& sum, const order_day& d) {
  sum.intended += d.intended;
  sum.accepted += d.accepted;
  sum.unknown += d.unknown;
  sum.refused += d.refused;
  sum.not_placed += d.not_placed;
  sum.closed += d.closed;
  sum.errors += d.errors;
  sum.fills += d.fills;
  sum.volume += d.volume;
  sum.realised += d.realised;
}

void write_sums(json_writer& w, const std::vector<order_day>& days) {
  order_day all;
  std::map<std::string, order_day> by_asset;
  for (const auto& d : days) {
    add(all, d);
    add(by_asset[d.quote_asset], d);
  }
  w.key("sums").begin_object();
  write_counts(w, all);
  w.key("by_asset").begin_array();
  for (const auto& [asset, sum] : by_asset)
    w.begin_object().member("asset", asset).member("fills", sum.fills).member("volume", sum.volume).member("realised", sum.realised).end_object();
  w.end_array().end_object();
}

}  // namespace

/// GET /admin/statistics/orders: orders and trades over all users by day (UTC), exchange and symbol.
task<answer> handle_order_statistics(request& r, services& s) {
  auto query = read_query(r, s.parts.wall.wall_now());
  if (!query) co_return refuse(std::move(query.error()));
  if (s.parts.history == nullptr) co_return refuse(make_no_history());
  auto days = co_await s.parts.history->order_days(query->from, query->to, row_limit + 1);
  if (!days) co_return refuse(days.error());
  if (std::cmp_greater(days->size(), row_limit))
    co_return refuse(make_validation_problem("from", "that is more than 10000 rows; ask for a shorter time"));
  if (query->csv) {
    csv_writer csv;
    write_titles(csv);
    for (const auto& d : *days) write_row(csv, d);
    co_return csv_response(std::move(csv), "order-statistics", {});
  }
  json_writer w(512 + days->size() * 320);
  w.begin_object().member("from", query->from).member("to", query->to).key("items").begin_array();
  for (const auto& d : *days) write_day(w, d);
  w.end_array();
  write_sums(w, *days);
  co_return finish_page(w, {}, static_cast<std::int64_t>(days->size()));
}

}  // namespace drover::web::api
