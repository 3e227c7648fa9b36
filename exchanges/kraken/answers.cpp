#include "exchanges/kraken/answers.hpp"

#include <algorithm>

#include "exchanges/kraken/endpoints.hpp"
#include "exchanges/kraken/errors.hpp"
#include "exchanges/kraken/parse_detail.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::kraken {

namespace {

json_source& source() {
  thread_local json_source kept;
  return kept;
}

venue_call next_step(const venue_call& call, std::string cursor) {
  auto next = call;
  ++next.step;
  next.cursor = std::move(cursor);
  return next;
}

std::vector<order> read_orders(json_fields& result, std::string_view list, const instrument_table& table) {
  std::vector<order> out;
  auto orders = result.optional_object(list);
  if (!orders) {
    result.note(list);
    return out;
  }
  for_members(result, *orders, [&](const std::string& txid, json_fields& f) { out.push_back(read_order(f, txid, table)); });
  return out;
}

venue_reply read_created(json_fields& result, const venue_call& call) {
  const auto& asked = call.order;
  order o;
  o.symbol = asked.symbol;
  o.client_order_id = asked.client_order_id;
  o.side = asked.side;
  o.type = asked.type;
  o.price = asked.price;
  o.quantity = asked.quantity;
  o.complete = false;
  if (auto ids = result.optional_array("txid"))
    for (auto entry : *ids) {
      std::string_view id;
      if (entry.get_string().get(id)) result.note("txid");
      o.venue_order_id = id;
      break;
    }
  if (o.venue_order_id.empty()) result.note("txid");
  return {std::move(o), {}};
}

venue_reply read_cancelled(const venue_call& call) {
  order o;
  o.symbol = call.of.symbol;
  o.client_order_id = call.of.client_order_id;
  o.venue_order_id = call.of.venue_order_id;
  o.complete = false;
  return {std::move(o), {}};
}

/// The orders of the symbol, then batch after batch.
venue_reply read_cancel_all(json_fields& result, const venue_call& call, const instrument_table& table) {
  if (call.symbol.empty()) return {nothing{}, {}};
  std::string left;
  if (call.step == 0) {
    for (const auto& o : read_orders(result, "open", table))
      if (o.symbol == call.symbol) left += (left.empty() ? "" : ",") + o.venue_order_id;
  } else {
    std::string_view rest = call.cursor;
    for (std::size_t i = 0; i < cancel_batch && !rest.empty(); ++i) {
      const auto comma = rest.find(',');
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    left = rest;
  }
  if (left.empty() || call.step + 1 >= page_limit) return {nothing{}, {}};
  return {nothing{}, next_step(call, std::move(left))};
}

result<venue_reply> find_by_client_id(json_fields& result, const venue_call& call, const instrument_table& table) {
  const auto orders = read_orders(result, call.step == 0 ? "open" : "closed", table);
  // The latest of them when ids were used again; a venue that ignored the filter answers others.
  const order* found = nullptr;
  for (const auto& o : orders)
    if (o.client_order_id == call.of.client_order_id && (!found || o.updated_at > found->updated_at)) found = &o;
  if (!result.ok()) return venue_reply{};
  if (found) return venue_reply{*found, {}};
  if (call.step == 0) return venue_reply{nothing{}, next_step(call, {})};
  return fail(exchange_errc::order_not_found, "neither among the open nor among the closed orders");
}

/// The venue lists the newest first: pages are gathered, then turned round.
venue_reply gather_fills(json_fields& result, const venue_call& call, const instrument_table& table) {
  std::vector<fill> all;
  if (call.earlier)
    if (const auto* before = std::get_if<std::vector<fill>>(call.earlier.get())) all = *before;
  const auto count = result.integer("count");
  std::int64_t seen = 0;
  bool reached = false;
  auto trades = result.optional_object("trades");
  if (!trades) result.note("trades");
  if (trades)
    for_members(result, *trades, [&](const std::string& txid, json_fields& f) {
      ++seen;
      auto one = read_fill(f, txid, table);
      reached = reached || txid == call.after;
      // New trades push the list along between two pages: the same one may come twice.
      const bool again = std::ranges::any_of(all, [&](const fill& known) { return known.trade_id == one.trade_id; });
      if (!reached && !again && (call.symbol.empty() || one.symbol == call.symbol)) all.push_back(std::move(one));
    });
  std::int64_t offset = 0;
  if (!call.cursor.empty()) offset = whole_number(result, call.cursor, "cursor");
  offset += seen;
  const bool more = result.ok() && !reached && seen > 0 && offset < count && call.step + 1 < page_limit;
  if (more && call.limit == 0) {
    auto next = next_step(call, std::to_string(offset));
    next.earlier = std::make_shared<const venue_answer>(std::move(all));
    return {nothing{}, std::move(next)};
  }
  std::ranges::reverse(all);
  return {std::move(all), {}};
}

venue_reply read_open_orders(json_fields& result, const venue_call& call, const instrument_table& table) {
  auto orders = read_orders(result, "open", table);
  if (!call.symbol.empty()) std::erase_if(orders, [&](const order& o) { return o.symbol != call.symbol; });
  return {std::move(orders), {}};
}

venue_reply read_access(json_fields& result) {
  auto out = std::make_shared<stream_access>();
  // Good for 15 minutes until it is used, then as long as the connection: nothing to prolong.
  out->token = secret(result.text("token"));
  if (out->token.empty()) result.note("token");
  return {std::shared_ptr<const stream_access>(std::move(out)), {}};
}

/// The answers whose "result" is read member by member.
std::optional<venue_reply> read_members(json_fields& top, const venue_call& call) {
  switch (call.op) {
    case operation::instruments: return venue_reply{read_instruments(top), {}};
    case operation::ticker: return venue_reply{read_ticker(top, call), {}};
    case operation::trades: return venue_reply{read_trades(top, call), {}};
    case operation::book: return venue_reply{read_book(top, call), {}};
    case operation::candles: return venue_reply{read_candles(top, call), {}};
    case operation::balances: return venue_reply{read_balances(top), {}};
    case operation::set_dead_man: return venue_reply{nothing{}, {}};
    default: return std::nullopt;
  }
}

result<venue_reply> read_result(json_fields& result, const venue_call& call, const instrument_table& table) {
  switch (call.op) {
    case operation::server_time: return venue_reply{read_server_time(result), {}};
    case operation::permissions: return venue_reply{read_permissions(result), {}};
    case operation::create_order: return read_created(result, call);
    case operation::cancel_order: return read_cancelled(call);
    case operation::cancel_all_orders: return read_cancel_all(result, call, table);
    case operation::find_order: return find_by_client_id(result, call, table);
    case operation::open_orders: return read_open_orders(result, call, table);
    case operation::fills: return gather_fills(result, call, table);
    case operation::stream_access: return read_access(result);
    default: break;
  }
  result.note("operation");
  return venue_reply{};
}

result<venue_reply> read_by_venue_id(json_fields& top, const venue_call& call, const instrument_table& table) {
  auto orders = top.optional_object("result");
  std::optional<order> found;
  if (orders)
    for_members(top, *orders, [&](const std::string& txid, json_fields& f) {
      if (txid == call.of.venue_order_id) found = read_order(f, txid, table);
    });
  if (top.ok() && !found) return fail(exchange_errc::order_not_found, "the venue answered without the order");
  return venue_reply{found ? venue_answer(std::move(*found)) : venue_answer(nothing{}), {}};
}

/// The first entry that is an error; warnings ("W…") are none.
std::optional<std::string> find_error(json_fields& top) {
  auto list = top.optional_array("error");
  if (!list) {
    top.note("error");
    return std::nullopt;
  }
  std::optional<std::string> out;
  for (auto entry : *list) {
    std::string_view text;
    if (entry.get_string().get(text)) {
      top.note("error");
      return std::nullopt;
    }
    if (!out && !text.starts_with('W')) out = text;
  }
  return out;
}

result<venue_reply> read_success(json_fields& top, const venue_call& call, const instrument_table& table) {
  if (auto out = read_members(top, call)) return std::move(*out);
  if (call.op == operation::find_order && !call.of.venue_order_id.empty()) return read_by_venue_id(top, call, table);
  auto object = top.optional_object("result");
  if (!object) {
    top.note("result");
    return venue_reply{};
  }
  json_fields fields(*object);
  auto out = read_result(fields, call, table);
  top.take_problem(fields);
  return out;
}

}  // namespace

result<venue_reply> read_venue_answer(const venue_call& call, const client_response& answer, const instrument_table& table) {
  const bool failed = answer.status < 200 || answer.status > 299;
  auto unreadable = [&](std::string_view what) -> std::unexpected<error> {
    if (failed) return std::unexpected(make_venue_refusal(call.op, answer.status, {}));
    return std::unexpected(make_unreadable(call.op, what));
  };
  if (!source().load(answer.body)) return unreadable("bytes");
  json_fields top(source().document().get_object());
  const auto refusal = top.ok() ? find_error(top) : std::nullopt;
  if (!top.ok()) return unreadable(top.problem());
  if (refusal || failed) return std::unexpected(make_venue_refusal(call.op, answer.status, refusal.value_or("")));
  auto out = read_success(top, call, table);
  if (!top.ok()) return std::unexpected(make_unreadable(call.op, top.problem()));
  return out;
}

}  // namespace drover::exchanges::kraken
