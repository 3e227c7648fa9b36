#include "web/api/history_query.hpp"

#include <charconv>
#include <limits>

#include "base/encoding.hpp"

namespace drover::web::api {

namespace {

constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t cursor_limit = 128;

std::string time_text(wall_time at) {
  return std::to_string(std::chrono::floor<std::chrono::microseconds>(at.since_epoch).count());
}

/// Both parts of "<microseconds> <id>".
struct cursor_parts {
  wall_time at;
  std::string id;
};

std::optional<cursor_parts> parse_cursor(const std::string& text) {
  constexpr std::int64_t latest_us = std::numeric_limits<std::int64_t>::max() / 1'000;
  const auto decoded = from_base64url(text);
  if (!decoded) return std::nullopt;
  const auto space = decoded->find(' ');
  if (space == std::string::npos) return std::nullopt;
  const auto us = read_number(std::string_view(*decoded).substr(0, space));
  if (!us || *us > latest_us) return std::nullopt;
  return cursor_parts{{std::chrono::microseconds(*us)}, decoded->substr(space + 1)};
}

}  // namespace

std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

void complain_of_cursor(query_reader& query) {
  query.complain("cursor", "is not one that this list gave; start again without it");
}

namespace {

bool names_csv_first(std::string_view accept) {
  const auto csv = accept.find("text/csv");
  return csv != std::string_view::npos && csv < accept.find("application/json");
}

}  // namespace

bool read_format(query_reader& query, const request& r) {
  const auto wanted = query.text("format", 8);
  if (!wanted) return names_csv_first(find_header(r.http.headers, "Accept"));
  if (*wanted != "csv" && *wanted != "json") query.complain("format", "must be json or csv");
  return *wanted == "csv";
}

list_form read_form(query_reader& query, const request& r) {
  list_form form;
  form.csv = read_format(query, r);
  const int most = form.csv ? csv_row_limit : 200;
  form.limit = static_cast<int>(query.integer("limit", form.csv ? csv_row_limit : 50, 1, most));
  return form;
}

bool read_oldest_first(query_reader& query, std::string_view key) {
  const auto sort = query.text("sort", 32);
  if (!sort || *sort == "-" + std::string(key)) return false;
  if (*sort != key) query.complain("sort", "must be " + std::string(key) + " or -" + std::string(key));
  return true;
}

void read_span(query_reader& query, std::optional<wall_time>& from, std::optional<wall_time>& to) {
  from = query.time("from");
  to = query.time("to");
  if (from && to && *to < *from) query.complain("to", "must not be before from");
}

std::optional<exchanges::side> read_side(query_reader& query) {
  const auto text = query.text("side", 8);
  if (!text) return std::nullopt;
  const auto side = exchanges::parse_side(*text);
  if (side) return *side;
  query.complain("side", "must be buy or sell");
  return std::nullopt;
}

owner_choice::owner_choice(query_reader& query, const request& r) : wanted_(r.caller_id()) {
  const auto other = query.optional_integer("user_id", 1, any_id);
  if (!other || user_id(*other) == wanted_) return;
  wanted_ = user_id(*other);
  allowed_ = r.caller && r.caller->role == tenants::role::admin;
}

std::optional<problem> owner_choice::refusal() const {
  if (allowed_) return std::nullopt;
  return make_http_problem(403, "Only administrators may read what belongs to other users; leave user_id out.");
}

std::string to_cursor(const engine::order_place& p) { return to_base64url(time_text(p.created_at) + " " + p.id.to_hex()); }
std::string to_cursor(const engine::fill_place& p) { return to_base64url(time_text(p.at) + " " + std::to_string(p.id.value)); }

std::string to_cursor(const tenants::audit_place& p) { return to_base64url("audit " + std::to_string(p.id)); }

std::optional<engine::order_place> read_order_cursor(query_reader& query) {
  const auto text = query.text("cursor", cursor_limit);
  if (!text) return std::nullopt;
  const auto parts = parse_cursor(*text);
  const auto id = parts ? uuid::parse(parts->id) : result<uuid>(fail(errc::malformed));
  if (id) return engine::order_place{parts->at, *id};
  complain_of_cursor(query);
  return std::nullopt;
}

std::optional<engine::fill_place> read_fill_cursor(query_reader& query) {
  const auto text = query.text("cursor", cursor_limit);
  if (!text) return std::nullopt;
  const auto parts = parse_cursor(*text);
  const auto id = parts ? read_number(parts->id) : std::nullopt;
  if (id) return engine::fill_place{parts->at, fill_id(*id)};
  complain_of_cursor(query);
  return std::nullopt;
}

std::optional<tenants::audit_place> read_audit_cursor(query_reader& query) {
  constexpr std::string_view kind = "audit ";
  const auto text = query.text("cursor", cursor_limit);
  if (!text) return std::nullopt;
  const auto decoded = from_base64url(*text);
  const auto id = decoded && decoded->starts_with(kind) ? read_number(std::string_view(*decoded).substr(kind.size())) : std::nullopt;
  if (id) return tenants::audit_place{*id};
  complain_of_cursor(query);
  return std::nullopt;
}

net::http_response finish_page(json_writer& w, const std::string& next, std::int64_t total) {
  w.key("next_cursor");
  if (next.empty())
    w.null();
  else
    w.value(next);
  w.member("total", total).end_object();
  return json_response(200, w.take());
}

net::http_response csv_response(csv_writer csv, std::string_view name, const std::string& next) {
  auto response = json_response(200, csv.take());
  response.headers.front().second = "text/csv; charset=utf-8";
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + std::string(name) + ".csv\"");
  if (!next.empty()) response.headers.emplace_back("X-Next-Cursor", next);
  return response;
}

problem make_no_history() { return make_http_problem(503, "This engine keeps no history of orders."); }

}  // namespace drover::web::api
