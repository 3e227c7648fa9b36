#include <algorithm>
#include <memory>
#include <tuple>

#include "exchanges/gate/errors.hpp"
#include "exchanges/gate/names.hpp"
#include "exchanges/gate/parse.hpp"
#include "exchanges/gate/parse_detail.hpp"
#include "exchanges/gate/requests.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::gate {

namespace {

json_source& source() {
  thread_local json_source kept;
  return kept;
}

std::unexpected<error> unreadable(const venue_call& call, std::string_view what) {
  return std::unexpected(make_unreadable(call.op, what));
}

venue_call next_step(const venue_call& call) {
  auto next = call;
  ++next.step;
  return next;
}

/// A list of objects; the venue's error when it is an object with a label.
template <class Each>
result<void> read_rows(const venue_call& call, const client_response& answer, Each each) {
  if (!source().load(answer.body)) return unreadable(call, "bytes");
  sj::json_type type;
  if (source().document().type().get(type)) return unreadable(call, "bytes");
  if (type == sj::json_type::object) return std::unexpected(read_refusal(call.op, answer));
  std::string problem;
  if (!for_each_object(source(), problem, each)) return unreadable(call, problem);
  return {};
}

result<venue_reply> read_order_answer(const venue_call& call, const client_response& answer) {
  if (!source().load(answer.body)) return unreadable(call, "bytes");
  json_fields f(source().document().get_object());
  venue_words words{std::string(f.optional_text("label")), std::string(f.optional_text("message"))};
  if (f.ok() && !words.label.empty()) return std::unexpected(make_labelled_refusal(call.op, answer.status, words));
  auto o = read_order(f);
  if (!f.ok()) return unreadable(call, f.problem());
  return venue_reply{std::move(o), {}};
}

result<std::vector<order>> read_order_rows(const venue_call& call, const client_response& answer) {
  std::vector<order> out;
  auto done = read_rows(call, answer, [&](json_fields& f) { out.push_back(read_order(f)); });
  if (!done) return std::unexpected(done.error());
  return out;
}

/// Finished orders are known by their own id only: by a client id they have to be looked for.
result<venue_reply> read_finished_page(const venue_call& call, const client_response& answer) {
  auto page = read_order_rows(call, answer);
  if (!page) return std::unexpected(page.error());
  for (auto& o : *page)
    if (o.client_order_id == call.of.client_order_id) return venue_reply{std::move(o), {}};
  if (page->size() < orders_per_page) return fail(exchange_errc::order_not_found, "neither open nor among the finished orders");
  if (call.step >= most_finished_pages) return fail(exchange_errc::protocol, "too many finished orders to find one by its client id");
  return venue_reply{nothing{}, next_step(call)};
}

result<venue_reply> read_found(const venue_call& call, const client_response& answer) {
  if (asks_finished_orders(call)) return read_finished_page(call, answer);
  auto found = read_order_answer(call, answer);
  const bool absent = !found && found.error().code == make_error_code(exchange_errc::order_not_found);
  if (absent && call.of.venue_order_id.empty()) return venue_reply{nothing{}, next_step(call)};
  return found;
}

result<venue_reply> read_open_orders(const venue_call& call, const client_response& answer) {
  std::vector<order> out;
  std::size_t longest = 0;
  auto done = read_rows(call, answer, [&](json_fields& f) {
    if (!call.symbol.empty()) {
      out.push_back(read_order(f));
      ++longest;
      return;
    }
    std::size_t of_pair = 0;
    f.each("orders", [&](json_fields& o) { out.push_back(read_order(o)), ++of_pair; });
    longest = std::max(longest, of_pair);
  });
  if (!done) return std::unexpected(done.error());
  venue_reply reply{std::move(out), {}};
  if (longest < orders_per_page) return reply;
  if (call.step + 1 >= most_steps) return fail(exchange_errc::protocol, "more open orders than can be listed");
  reply.next = next_step(call);
  return reply;
}

/// The list of cancelled orders. One that could not be cancelled because it ended meanwhile is as good as cancelled.
result<venue_reply> read_cancelled_all(const venue_call& call, const client_response& answer) {
  std::optional<error> refusal;
  auto done = read_rows(call, answer, [&](json_fields& f) {
    venue_words words{std::string(f.optional_text("label")), std::string(f.optional_text("message"))};
    if (words.label.empty() || f.optional_boolean("succeeded").value_or(false)) return;
    auto e = make_labelled_refusal(call.op, answer.status, words);
    if (e.code != make_error_code(exchange_errc::order_not_found)) refusal = std::move(e);
  });
  if (!done) return std::unexpected(done.error());
  // Others of the list were cancelled: a named refusal would say that nothing happened.
  if (refusal) return fail(exchange_errc::unknown_outcome, refusal->detail);
  return venue_reply{nothing{}, {}};
}

fill_window next_window(const venue_call& call, fill_window now, std::size_t rows) {
  if (rows >= fills_per_page) ++now.page;
  else now.from += fill_window_s, now.page = 1;
  if (!call.since && rows < fills_per_page) now.from = now.end + 1;
  return now;
}

result<venue_reply> read_fill_page(const venue_call& call, const client_response& answer) {
  std::vector<fill> all;
  if (call.earlier)
    if (const auto* before = std::get_if<std::vector<fill>>(call.earlier.get())) all = *before;
  std::size_t rows = 0;
  auto done = read_rows(call, answer, [&](json_fields& f) {
    ++rows;
    auto x = read_fill(f);
    const bool known = x.trade_id == call.after || (call.since && x.at < *call.since);
    if (!known) all.push_back(std::move(x));
  });
  if (!done) return std::unexpected(done.error());
  const auto window = call.cursor.empty() ? fill_window{} : parse_cursor(call.cursor);
  if (!window) return fail(exchange_errc::protocol, "no cursor of this exchange");
  const auto following = next_window(call, *window, rows);
  if (following.from <= following.end) {
    if (call.step + 1 >= most_steps) return fail(exchange_errc::protocol, "more fills than can be listed");
    auto next = next_step(call);
    next.cursor = to_cursor(following);
    next.earlier = std::make_shared<const venue_answer>(std::move(all));
    return venue_reply{nothing{}, std::move(next)};
  }
  // Pages come newest first and shift while new fills arrive; ids grow with time and have no leading zeros.
  const auto key = [](const fill& x) { return std::tuple(x.at, x.trade_id.size(), std::string_view(x.trade_id)); };
  std::ranges::sort(all, {}, key);
  const auto twice = std::ranges::unique(all, {}, &fill::trade_id);
  all.erase(twice.begin(), twice.end());
  return venue_reply{std::move(all), {}};
}

result<venue_reply> read_fills(const venue_call& call, const client_response& answer) {
  if (!asks_time_first(call)) return read_fill_page(call, answer);
  auto now = call;
  now.op = operation::server_time;
  auto told = read_market_answer(now, answer.body);
  if (!told) return std::unexpected(told.error());
  auto next = next_step(call);
  const auto end = std::get<wall_time>(told->answer).since_epoch;
  // One second more: a fill may be newer than the answer.
  next.cursor = to_cursor({std::chrono::floor<seconds>(call.since->since_epoch).count(), std::chrono::ceil<seconds>(end).count() + 1, 1});
  return venue_reply{nothing{}, std::move(next)};
}

result<venue_reply> read_balances(const venue_call& call, const client_response& answer) {
  std::vector<balance> out;
  auto done = read_rows(call, answer, [&](json_fields& f) {
    balance b;
    b.asset = f.text("currency");
    b.free = f.amount("available");
    b.locked = f.amount("locked");
    out.push_back(std::move(b));
  });
  if (!done) return std::unexpected(done.error());
  return venue_reply{std::move(out), {}};
}

result<venue_reply> read_countdown(const venue_call& call, const client_response& answer) {
  const auto words = read_words(answer.body);
  if (!words.label.empty()) return std::unexpected(make_labelled_refusal(call.op, answer.status, words));
  return venue_reply{nothing{}, {}};
}

}  // namespace

result<venue_reply> read_account_answer(const venue_call& call, const client_response& answer) {
  const bool refused = answer.status < 200 || answer.status > 299;
  if (call.op == operation::permissions) return read_permissions_answer(call, answer);
  if (refused && call.op == operation::find_order && !asks_finished_orders(call)) {
    auto e = read_refusal(call.op, answer);
    const bool absent = e.code == make_error_code(exchange_errc::order_not_found);
    if (absent && call.of.venue_order_id.empty()) return venue_reply{nothing{}, next_step(call)};
    return std::unexpected(std::move(e));
  }
  if (refused) return std::unexpected(read_refusal(call.op, answer));
  switch (call.op) {
    case operation::balances: return read_balances(call, answer);
    case operation::create_order:
    case operation::cancel_order: return read_order_answer(call, answer);
    case operation::cancel_all_orders: return read_cancelled_all(call, answer);
    case operation::find_order: return read_found(call, answer);
    case operation::open_orders: return read_open_orders(call, answer);
    case operation::fills: return read_fills(call, answer);
    case operation::set_dead_man: return read_countdown(call, answer);
    default: return fail(exchange_errc::unsupported, "the exchange has no such function");
  }
}

}  // namespace drover::exchanges::gate
