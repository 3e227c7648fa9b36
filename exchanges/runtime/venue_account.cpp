#include "exchanges/runtime/venue_account.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace drover::exchanges {

namespace {

/// The answer as what it should be; a list that nothing was said of is empty.
template <class T>
result<T> take(result<venue_answer> answer, operation op) {
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (auto* value = std::get_if<T>(&*answer)) return std::move(*value);
  if constexpr (requires(T list) { list.push_back({}); }) {
    if (std::holds_alternative<nothing>(*answer)) return T{};
  }
  return fail(is_write(op) ? exchange_errc::unknown_outcome : exchange_errc::protocol,
              std::string(to_string(op)) + ": unexpected kind of answer");
}

/// What an answer with ids only leaves out.
void complete_from(order& o, const order_request& r) {
  if (o.client_order_id.empty()) o.client_order_id = r.client_order_id;
  o.symbol = r.symbol;
  if (o.complete) return;
  o.side = r.side;
  o.type = r.type;
  o.price = r.price;
  o.quantity = r.quantity;
}

void complete_from(order& o, const order_ref& of) {
  o.symbol = of.symbol;
  if (o.client_order_id.empty()) o.client_order_id = of.client_order_id;
  if (o.venue_order_id.empty()) o.venue_order_id = of.venue_order_id;
}

/// Pages may overlap and come newest first: each trade once, oldest first.
void put_in_order(std::vector<fill>& fills, const fill_cursor& after) {
  std::unordered_set<std::string> seen;
  seen.reserve(fills.size() + 1);
  if (!after.trade_id.empty()) seen.insert(after.trade_id);
  std::erase_if(fills, [&seen](const fill& f) { return !seen.insert(f.trade_id).second; });
  if (std::ranges::is_sorted(fills, {}, &fill::at)) return;
  std::vector<std::pair<wall_time, std::size_t>> places;
  places.reserve(fills.size());
  for (std::size_t i = 0; i < fills.size(); ++i) places.emplace_back(fills[i].at, i);
  std::ranges::sort(places);
  std::vector<fill> sorted;
  sorted.reserve(fills.size());
  for (const auto& [at, index] : places) sorted.push_back(std::move(fills[index]));
  fills = std::move(sorted);
}

}  // namespace

venue_account::venue_account(std::shared_ptr<venue_core> core, credential_source keys, std::string label)
    : core_(std::move(core)),
      keys_(std::make_shared<key_session>(core_->parts().executor, std::move(keys), std::move(label))) {}

venue_account::~venue_account() {
  if (slot_) core_->streams().remove(*slot_);
}

venue_call venue_account::make_call(operation op) const {
  venue_call call;
  call.op = op;
  call.validity_window = core_->config().receive_window;
  return call;
}

task<result<permissions>> venue_account::fetch_permissions() {
  auto call = make_call(operation::permissions);
  auto answer = co_await core_->gateway().call(std::move(call), lane::read, keys_);
  // "Unknown" is shown as unknown and never taken for "no".
  if (!answer && answer.error().code == make_error_code(exchange_errc::unsupported)) co_return permissions{};
  co_return take<permissions>(std::move(answer), operation::permissions);
}

task<result<std::vector<balance>>> venue_account::fetch_balances(lane l) {
  auto call = make_call(operation::balances);
  auto answer = co_await core_->gateway().call(std::move(call), l, keys_);
  co_return take<std::vector<balance>>(std::move(answer), operation::balances);
}

task<result<order>> venue_account::place_order(order_request request, send_terms terms) {
  auto call = make_call(operation::create_order);
  call.order = request;
  call.validity_window = terms.validity_window;
  call.why_not = std::move(terms.why_not);
  auto answer = co_await core_->gateway().call(std::move(call), terms.lane, keys_);
  auto placed = take<order>(std::move(answer), operation::create_order);
  if (placed) complete_from(*placed, request);
  co_return placed;
}

task<result<order>> venue_account::cancel_order(order_ref of, lane l) {
  auto call = make_call(operation::cancel_order);
  call.of = of;
  auto answer = co_await core_->gateway().call(std::move(call), l, keys_);
  order cancelled;
  if (answer && std::holds_alternative<nothing>(*answer)) {
    cancelled.complete = false;
  } else {
    auto said = take<order>(std::move(answer), operation::cancel_order);
    if (!said) co_return said;
    cancelled = std::move(*said);
  }
  complete_from(cancelled, of);
  co_return cancelled;
}

task<result<order>> venue_account::find_order(order_ref of, lane l) {
  auto call = make_call(operation::find_order);
  call.of = of;
  auto answer = co_await core_->gateway().call(std::move(call), l, keys_);
  auto found = take<order>(std::move(answer), operation::find_order);
  if (found) complete_from(*found, of);
  co_return found;
}

task<result<void>> venue_account::cancel_all_orders(std::string symbol, lane l) {
  auto call = make_call(operation::cancel_all_orders);
  call.symbol = std::move(symbol);
  auto answer = co_await core_->gateway().call(std::move(call), l, keys_);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return result<void>{};
}

task<result<void>> venue_account::set_dead_man(milliseconds after) {
  auto call = make_call(operation::set_dead_man);
  call.dead_man_after = after;
  auto answer = co_await core_->gateway().call(std::move(call), lane::protective, keys_);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return result<void>{};
}

task<result<std::vector<order>>> venue_account::fetch_open_orders(std::string symbol, lane l) {
  if (symbol.empty()) {
    // Answers name instruments the venue's way: the table must be there to translate them.
    auto table = co_await core_->instruments().get();
    if (!table) co_return std::unexpected(std::move(table.error()));
  }
  auto call = make_call(operation::open_orders);
  call.symbol = symbol;
  auto answer = co_await core_->gateway().call(std::move(call), l, keys_);
  auto orders = take<std::vector<order>>(std::move(answer), operation::open_orders);
  if (orders && !symbol.empty())
    for (auto& o : *orders) o.symbol = symbol;
  co_return orders;
}

task<result<std::vector<fill>>> venue_account::fetch_fills(std::string symbol, fill_cursor after, lane l) {
  auto call = make_call(operation::fills);
  call.symbol = symbol;
  call.after = after.trade_id;
  call.since = after.at;
  auto answer = co_await core_->gateway().call(std::move(call), l, keys_);
  auto fills = take<std::vector<fill>>(std::move(answer), operation::fills);
  if (!fills) co_return fills;
  for (auto& f : *fills) f.symbol = symbol;
  put_in_order(*fills, after);
  co_return fills;
}

void venue_account::subscribe(std::function<void(const account_event&)> on_event) {
  if (slot_) core_->streams().remove(*slot_);
  slot_ = core_->streams().add(std::move(on_event), keys_);
  const auto after = core_->config().dead_man_after;
  if (!dead_man_ && after > milliseconds(0) && core_->traits().has_dead_man) dead_man_.emplace(core_, keys_, after);
}

connection_health venue_account::get_health() const { return core_->gateway().read_health(*keys_); }

}  // namespace drover::exchanges
