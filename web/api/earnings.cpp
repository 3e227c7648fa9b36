#include <algorithm>
#include <array>
#include <limits>

#include "base/encoding.hpp"
#include "web/api/handlers.hpp"
#include "web/json_writer.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

constexpr auto id_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::array<std::string_view, 4> sources{"trading", "network", "referral", "bonus"};

struct chart_range {
  std::string_view name;
  seconds length, bucket;
};
/// Few enough points for a screen, on round times.
constexpr std::array<chart_range, 4> chart_ranges{{
    {"1h", std::chrono::hours(1), seconds(60)},
    {"24h", std::chrono::hours(24), seconds(300)},
    {"7d", std::chrono::hours(7 * 24), seconds(3600)},
    {"30d", std::chrono::hours(30 * 24), seconds(4 * 3600)},
}};

tenants::earnings_filter read_filter(query_reader& query) {
  tenants::earnings_filter filter;
  if (auto account = query.optional_integer("account_id", 1, id_limit)) filter.account = account_id(*account);
  filter.source = query.text("source", 20);
  if (filter.source && std::find(sources.begin(), sources.end(), *filter.source) == sources.end())
    query.complain("source", "must be trading, network, referral or bonus");
  filter.from = query.time("from");
  filter.to = query.time("to");
  if (filter.from && filter.to && *filter.to < *filter.from) query.complain("to", "must not be before from");
  filter.limit = static_cast<int>(query.integer("limit", filter.limit, 1, 200));
  filter.before_id = query.integer("before_id", 0, 0, id_limit);
  return filter;
}

/// The same list, from after its last item.
std::string make_next_link(const tenants::earnings_filter& f, std::int64_t last_id) {
  std::string link = "</api/earnings?limit=" + std::to_string(f.limit) + "&before_id=" + std::to_string(last_id);
  if (f.account) link += "&account_id=" + std::to_string(f.account->value);
  if (f.source) link += "&source=" + *f.source;
  if (f.from) link += "&from=" + percent_encode(to_rfc3339(*f.from));
  if (f.to) link += "&to=" + percent_encode(to_rfc3339(*f.to));
  return link + ">; rel=\"next\"";
}

void write_earning(json_writer& w, const tenants::earning& e) {
  w.begin_object();
  w.member("id", e.id).member("user_id", e.user).member("account_id", e.account).member("source", e.source);
  w.member("asset", e.asset).member("amount", e.amount).member("at", e.at);
  w.member("cause_kind", e.cause_kind).member("cause_id", e.cause_id);
  w.end_object();
}

const chart_range* find_range(std::string_view name) {
  auto found = std::find_if(chart_ranges.begin(), chart_ranges.end(), [&](const auto& c) { return c.name == name; });
  return found == chart_ranges.end() ? nullptr : &*found;
}

bool is_asset(std::string_view text) {
  return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

}  // namespace

/// GET /api/earnings: the caller's earnings, newest first.
task<answer> handle_list_earnings(request& r, services& s) {
  query_reader query(r);
  auto filter = read_filter(query);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.earnings.list(r.caller_id(), filter);
  if (!found) co_return refuse(found.error());
  json_writer w(64 + found->size() * 224);
  w.begin_array();
  for (const auto& e : *found) write_earning(w, e);
  w.end_array();
  auto response = json_response(200, w.take());
  if (found->size() >= static_cast<std::size_t>(filter.limit))
    response.headers.emplace_back("Link", make_next_link(filter, found->back().id));
  co_return response;
}

/// GET /api/earnings/summary: totals by source and asset.
task<answer> handle_sum_earnings(request& r, services& s) {
  query_reader query(r);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  const auto told = s.last_totals.find(r.caller_id());
  bool stale = told && s.is_stale();
  result<std::vector<tenants::earnings_total>> totals;
  if (!stale) totals = co_await s.parts.earnings.totals(r.caller_id());
  if (!totals && told && is_unavailable(totals.error())) stale = true;
  if (!totals && !stale) co_return refuse(totals.error());
  if (stale)
    totals = *told;
  else
    s.last_totals.keep(r.caller_id(), *totals);
  json_writer w;
  w.begin_array();
  for (const auto& t : *totals) {
    w.begin_object().member("source", t.source).member("asset", t.asset).member("amount", t.amount);
    w.member("count", t.count).end_object();
  }
  w.end_array();
  auto response = json_response(200, w.take());
  if (stale) mark_stale(response);
  co_return response;
}

/// GET /api/earnings/series?asset=&range=: what a chart draws; empty buckets are left out.
task<answer> handle_chart_earnings(request& r, services& s) {
  query_reader query(r);
  auto asset = query.required_text("asset", 20);
  auto name = query.text("range", 8).value_or("24h");
  const auto* range = find_range(name);
  if (!asset.empty() && !is_asset(asset)) query.complain("asset", "must be an asset such as USDT");
  if (!range) query.complain("range", "must be 1h, 24h, 7d or 30d");
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto start = s.parts.wall.wall_now() - range->length;
  wall_time from{start.since_epoch - start.since_epoch % range->bucket};
  auto points = co_await s.parts.earnings.series(r.caller_id(), asset, from, range->bucket);
  if (!points) co_return refuse(points.error());
  json_writer w(128 + points->size() * 96);
  w.begin_array();
  for (const auto& p : *points)
    w.begin_object().member("at", p.at).member("amount", p.amount).member("total", p.total).end_object();
  w.end_array();
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api
