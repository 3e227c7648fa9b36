#include <algorithm>
#include <limits>

#include "web/api/handlers.hpp"
#include "web/api/history_query.hpp"
#include "web/api/order_json.hpp"
#include "web/ask_trading.hpp"

namespace drover::web::api {

namespace {

using engine::external_order;
using engine::order_filter;
using engine::order_page;
using engine::order_record;

constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();
/// Fills of one order that are shown with it.
constexpr int life_fill_limit = engine::history_store::page_limit;

struct order_query {
  user_id owner;
  order_filter filter;
  order_page page;
  list_form form;
  bool external = false;
};

std::expected<order_query, problem> read_query(request& r) {
  query_reader query(r);
  order_query q;
  const owner_choice owner(query, r);
  q.owner = owner.value();
  q.filter.account = account_id(query.integer("account_id", 0, 1, any_id));
  q.filter.bot = bot_id(query.integer("bot_id", 0, 1, any_id));
  q.filter.symbol = query.text("symbol", symbol_limit).value_or("");
  q.filter.side = read_side(query);
  const auto state = query.text("state", 16);
  q.external = state == external_state;
  if (state && !q.external) q.filter.state = engine::parse_intent_state(*state);
  if (state && !q.external && !q.filter.state)
    query.complain("state", "must be intended, accepted, unknown, refused, not_placed, closed or external");
  read_span(query, q.filter.from, q.filter.to);
  q.form = read_form(query, r);
  q.page.oldest_first = read_oldest_first(query, "created_at");
  q.page.after = read_order_cursor(query);
  if (auto wrong = query.finish()) return refuse(std::move(*wrong));
  if (auto refused = owner.refusal()) return refuse(std::move(*refused));
  return q;
}

task<answer> list_ours(order_query q, services& s) {
  auto& history = *s.parts.history;
  csv_writer csv;
  json_writer w(4096);
  write_order_titles(csv);
  w.begin_object().key("items").begin_array();
  auto read = [&](const order_page& page) { return history.orders(q.owner, q.filter, page); };
  auto write = [&](const order_record& row) { q.form.csv ? write_row(csv, row) : write_order(w, row); };
  auto next = co_await read_list(q.form.limit, q.page, read, write);
  if (!next) co_return refuse(next.error());
  if (q.form.csv) co_return csv_response(std::move(csv), "orders", *next);
  auto total = co_await history.count_orders(q.owner, q.filter);
  if (!total) co_return refuse(total.error());
  w.end_array();
  co_return finish_page(w, *next, *total);
}

bool is_wanted(const external_order& e, const order_filter& f) {
  return (!f.bot.valid() || e.bot == f.bot) && (f.symbol.empty() || e.order.symbol == f.symbol) && (!f.side || e.order.side == *f.side) &&
         (!f.from || e.order.updated_at >= *f.from) && (!f.to || e.order.updated_at < *f.to);
}

/// They are few, and live in the bots: one page holds them all, whatever its limit.
task<answer> list_external(order_query q, services& s) {
  using found_orders = std::vector<external_order>;
  std::shared_ptr<const found_orders> known;
  if (s.parts.external_orders) {
    std::function<void(answer_sink<found_orders>)> ask = [&s, owner = q.owner, account = q.filter.account](auto done) {
      s.parts.external_orders(owner, account, std::move(done));
    };
    known = co_await ask_trading<found_orders>(s, std::move(ask));
    if (!known) co_return refuse(make_http_problem(503, "The bots are busy and did not say which orders are not theirs; try again."));
  }
  csv_writer csv;
  write_order_titles(csv);
  json_writer w(1024);
  w.begin_object().key("items").begin_array();
  int total = 0;
  for (const auto& e : known ? *known : found_orders()) {
    if (!is_wanted(e, q.filter)) continue;
    ++total;
    q.form.csv ? write_row(csv, e) : write_external_order(w, e);
  }
  if (q.form.csv) co_return csv_response(std::move(csv), "orders", {});
  w.end_array();
  co_return finish_page(w, {}, total);
}

}  // namespace

/// GET /api/orders: the caller's orders, newest first; `state=external`: open orders at the exchanges that are not ours.
task<answer> handle_list_orders(request& r, services& s) {
  auto query = read_query(r);
  if (!query) co_return refuse(std::move(query.error()));
  if (query->external) co_return co_await list_external(std::move(*query), s);
  if (s.parts.history == nullptr) co_return refuse(make_no_history());
  co_return co_await list_ours(std::move(*query), s);
}

/// GET /api/orders/{id}: one order with its fills and its life.
task<answer> handle_get_order(request& r, services& s) {
  query_reader query(r);
  const owner_choice owner(query, r);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  if (auto refused = owner.refusal()) co_return refuse(std::move(*refused));
  const auto id = uuid::parse(r.parameters[0]);
  if (!id) co_return refuse(make_not_found());
  if (s.parts.history == nullptr) co_return refuse(make_no_history());
  auto found = co_await s.parts.history->get_order(owner.value(), *id);
  if (!found) co_return refuse(found.error());
  engine::fill_filter of_order;
  of_order.order = *id;
  engine::fill_page page{.oldest_first = true, .limit = life_fill_limit};
  auto fills = co_await s.parts.history->fills(owner.value(), of_order, page);
  if (!fills) co_return refuse(fills.error());
  const auto life = engine::describe_life(*found, *fills);
  json_writer w(2048 + fills->size() * 512);
  write_order(w, *found, false);
  w.key("events");
  write_life(w, life);
  w.key("fills").begin_array();
  for (const auto& f : *fills) write_fill(w, f);
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api
