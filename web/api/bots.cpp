#include <algorithm>
#include <iterator>
#include <limits>
#include <span>

#include "engine/bots/bot_service.hpp"
#include "web/api/bot_json.hpp"
#include "web/api/handlers.hpp"
#include "web/api/history_query.hpp"
#include "web/body_reader.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

using engine::bot;
using engine::desired_state;

constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t name_limit = engine::bot_service::name_limit, word_limit = 64;
constexpr std::size_t parameters_limit = 16'384;
constexpr int store_page = 1'000;
/// Of one user; more are not shown.
constexpr std::size_t scan_limit = 100'000;

net::http_response respond_with(int status, const bot& b, services& s) {
  json_writer w(1024);
  write_bot(w, b, describe_bot(b, s.parts.board));
  return json_response(status, w.take());
}

/// Only the row is old: what the bot does is known here.
net::http_response respond_with_stale(const bot& b, services& s) {
  auto response = respond_with(200, b, s);
  mark_stale(response);
  return response;
}

net::http_response respond_with_new(const bot& b, services& s) {
  auto response = respond_with(201, b, s);
  response.headers.emplace_back("Location", "/api/bots/" + std::to_string(b.id.value));
  return response;
}

struct bot_filter {
  engine::bot_page page;
  std::optional<engine::bot_state> state;
  list_form form;
  std::int64_t after_id = 0;
};

bot_filter read_filter(query_reader& query, const request& r) {
  bot_filter filter;
  filter.form = read_form(query, r);
  filter.after_id = query.integer("cursor", 0, 0, any_id);
  filter.page.account = account_id(query.integer("account", 0, 0, any_id));
  filter.page.strategy = query.text("strategy", word_limit).value_or("");
  auto state = query.text("state", word_limit);
  if (state) filter.state = engine::parse_bot_state(*state);
  if (state && !filter.state) query.complain("state", "is no state of a bot");
  return filter;
}

struct shown_bot {
  engine::bot row;
  engine::bot_status status;
};

struct bot_list {
  std::vector<shown_bot> bots;
  /// The database is away: rows as they were told last, with what the bots do now.
  bool stale = false;
};

task<result<std::vector<bot>>> read_rows(user_id user, engine::bot_page page, services& s) {
  std::vector<bot> found;
  page.limit = store_page;
  while (found.size() < scan_limit) {
    auto rows = co_await s.parts.bots->store().list(user, page);
    if (!rows) co_return std::unexpected(rows.error());
    const bool last = rows->size() < static_cast<std::size_t>(store_page);
    if (!rows->empty()) page.after_id = rows->back().id.value;
    std::ranges::move(*rows, std::back_inserter(found));
    if (last) break;
  }
  co_return found;
}

/// All that the filter lets through: what a bot does is only known here, so the store cannot count them.
task<result<bot_list>> find_bots(user_id user, bot_filter filter, services& s) {
  const auto& page = filter.page;
  const auto told = s.last_bots.find(user);
  bot_list found{.stale = told && s.is_stale()};
  result<std::vector<bot>> rows;
  if (!found.stale) rows = co_await read_rows(user, page, s);
  if (!rows && told && is_unavailable(rows.error())) found.stale = true;
  if (!rows && !found.stale) co_return std::unexpected(rows.error());
  if (found.stale) rows = *told;
  if (!found.stale && !page.account.valid() && page.strategy.empty()) s.last_bots.keep(user, *rows);
  for (auto& row : *rows) {
    if (page.account.valid() && row.account != page.account) continue;
    if (!page.strategy.empty() && row.strategy != page.strategy) continue;
    auto status = describe_bot(row, s.parts.board);
    if (!filter.state || status.state == *filter.state) found.bots.push_back({std::move(row), std::move(status)});
  }
  co_return found;
}

csv_writer make_csv(std::span<const shown_bot> bots) {
  csv_writer csv;
  for (const auto* title : {"id", "account_id", "name", "strategy", "symbol", "desired", "resume", "state", "reason", "since", "open_orders",
                            "restarts", "created_at", "updated_at"})
    csv.value(title);
  csv.end_row();
  for (const auto& [b, status] : bots) {
    csv.value(b.id).value(b.account).value(b.name).value(b.strategy).value(b.symbol).value(to_string(b.desired)).value(to_string(b.resume));
    csv.value(to_string(status.state)).value(status.reason).value(status.since).value(status.open_orders).value(status.restarts);
    csv.value(b.created_at).value(b.updated_at).end_row();
  }
  return csv;
}

task<answer> switch_bot(request& r, services& s, desired_state wanted) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto changed = co_await s.parts.bots->set_desired(r.caller_id(), bot_id(*id), wanted);
  if (!changed) co_return refuse(changed.error());
  co_return respond_with(200, *changed, s);
}

}  // namespace

/// GET /api/bots?account=&state=&strategy=: the caller's bots, by id.
task<answer> handle_list_bots(request& r, services& s) {
  query_reader query(r);
  auto filter = read_filter(query, r);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await find_bots(r.caller_id(), filter, s);
  if (!found) co_return refuse(found.error());
  const auto& bots = found->bots;
  auto first = std::ranges::upper_bound(bots, bot_id(filter.after_id), {}, [](const shown_bot& b) { return b.row.id; });
  const auto count = std::min<std::ptrdiff_t>(filter.form.limit, bots.end() - first);
  const bool more = bots.end() - first > count;
  const auto next = more ? std::to_string((first + count - 1)->row.id.value) : std::string();
  if (filter.form.csv) co_return csv_response(make_csv({first, first + count}), "bots", next);
  json_writer w(256 + static_cast<std::size_t>(count) * 768);
  w.begin_object().key("items").begin_array();
  for (auto at = first; at != first + count; ++at) write_bot(w, at->row, at->status);
  w.end_array();
  if (found->stale) w.member("stale", true);
  auto response = finish_page(w, next, static_cast<std::int64_t>(bots.size()));
  if (found->stale) mark_stale(response);
  co_return response;
}

/// POST /api/bots: makes a bot on one of the caller's accounts, stopped unless `start` says otherwise.
task<answer> handle_create_bot(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  engine::bot_request wanted;
  auto account = body->optional_integer("account_id", 1, any_id);
  if (!account) body->complain("account_id", "is required");
  wanted.account = account_id(account.value_or(0));
  wanted.name = body->optional_text("name", name_limit).value_or("");
  wanted.strategy = body->required_text("strategy", word_limit);
  wanted.parameters = body->optional_object("parameters", parameters_limit).value_or("{}");
  wanted.resume = read_contract(*body).value_or(engine::resume_contract::resume);
  wanted.start = body->optional_flag("start").value_or(false);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto made = co_await s.parts.bots->create(r.caller_id(), std::move(wanted));
  if (!made) co_return refuse(made.error());
  co_return respond_with_new(*made, s);
}

/// GET /api/bots/{id}: one of the caller's bots.
task<answer> handle_get_bot(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto found = co_await s.parts.bots->store().get(r.caller_id(), bot_id(*id));
  if (found) co_return respond_with(200, *found, s);
  if (const auto told = s.last_bots.find(r.caller_id()); told && is_unavailable(found.error())) {
    const auto row = std::ranges::find(*told, bot_id(*id), &bot::id);
    if (row != told->end()) co_return respond_with_stale(*row, s);
  }
  co_return refuse(found.error());
}

/// PATCH /api/bots/{id}: name, parameters (a running bot starts again with them) or resume contract.
task<answer> handle_update_bot(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  engine::bot_patch patch;
  patch.name = body->optional_text("name", name_limit);
  patch.parameters = body->optional_object("parameters", parameters_limit);
  patch.resume = read_contract(*body);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto changed = co_await s.parts.bots->update(r.caller_id(), bot_id(*id), std::move(patch));
  if (!changed) co_return refuse(changed.error());
  co_return respond_with(200, *changed, s);
}

/// DELETE /api/bots/{id}: stops it, cancels its orders and hides it; history stays.
task<answer> handle_delete_bot(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto removed = co_await s.parts.bots->store().remove(r.caller_id(), bot_id(*id));
  if (!removed) co_return refuse(removed.error());
  co_return empty_response(204);
}

/// POST /api/bots/{id}/start: trades, again or for the first time.
task<answer> handle_start_bot(request& r, services& s) { return switch_bot(r, s, desired_state::running); }
/// POST /api/bots/{id}/pause: orders stay and are followed, no new ones.
task<answer> handle_pause_bot(request& r, services& s) { return switch_bot(r, s, desired_state::paused); }
/// POST /api/bots/{id}/stop: ends it as its resume contract says.
task<answer> handle_stop_bot(request& r, services& s) { return switch_bot(r, s, desired_state::stopped); }

/// POST /api/bots/{id}/clone: a stopped copy, perhaps on another account or market.
task<answer> handle_clone_bot(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  engine::bot_service::clone_request wanted;
  if (auto account = body->optional_integer("account_id", 1, any_id)) wanted.account = account_id(*account);
  wanted.name = body->optional_text("name", name_limit);
  wanted.symbol = body->optional_text("symbol", word_limit);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto made = co_await s.parts.bots->clone(r.caller_id(), bot_id(*id), std::move(wanted));
  if (!made) co_return refuse(made.error());
  co_return respond_with_new(*made, s);
}

}  // namespace drover::web::api
