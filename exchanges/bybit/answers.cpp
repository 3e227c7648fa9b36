#include <algorithm>
#include <memory>

#include "exchanges/bybit/wire.hpp"
#include "exchanges/json_rows_detail.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::bybit {

namespace {

/// Steps of one list at most.
constexpr int page_limit = 100;

venue_call next_page(const venue_call& call, std::string cursor) {
  auto next = call;
  next.cursor = std::move(cursor);
  ++next.step;
  return next;
}

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("symbol");
  i.base_asset = f.text("baseCoin");
  i.quote_asset = f.text("quoteCoin");
  i.symbol = i.base_asset + "/" + i.quote_asset;
  i.trading = f.text("status") == "Trading";
  if (auto lot = f.optional_object("lotSizeFilter")) {
    json_fields l(*lot);
    i.lot_size = l.amount("basePrecision");
    i.min_quantity = l.amount("minOrderQty");
    i.max_quantity =
        l.optional_amount("maxLimitOrderQty").value_or(l.optional_amount("maxOrderQty").value_or(decimal{}));
    i.min_notional = l.optional_amount("minOrderAmt").value_or(decimal{});
    f.take_problem(l);
  } else {
    f.note("lotSizeFilter");
  }
  if (auto price = f.optional_object("priceFilter")) {
    json_fields p(*price);
    i.tick_size = p.amount("tickSize");
    f.take_problem(p);
  } else {
    f.note("priceFilter");
  }
  return i;
}

permissions read_permissions(json_fields& f) {
  permissions p;
  p.read = tristate::yes;
  const bool read_only = f.integer("readOnly") != 0;
  bool trades = false, withdraws = false;
  const auto holds = [&](json_fields& rights, std::string_view group, std::string_view wanted) {
    bool found = false;
    auto list = rights.optional_array(group);
    if (!list) return false;
    for (auto item : *list) {
      std::string_view text;
      if (item.get_string().get(text)) return rights.note(group), false;
      found = found || text == wanted;
    }
    return found;
  };
  if (auto object = f.optional_object("permissions")) {
    json_fields rights(*object);
    trades = holds(rights, "Spot", "SpotTrade");
    if (rights.ok()) withdraws = holds(rights, "Wallet", "Withdraw");
    f.take_problem(rights);
  } else {
    f.note("permissions");
  }
  p.trade = trades && !read_only ? tristate::yes : tristate::no;
  p.withdraw = withdraws && !read_only ? tristate::yes : tristate::no;
  bool bound = false;
  if (auto list = f.optional_array("ips"))
    for (auto item : *list) {
      std::string_view text;
      if (item.get_string().get(text)) f.note("ips");
      if (!f.ok()) break;
      bound = bound || (!text.empty() && text != "*");
    }
  p.address_bound = bound ? tristate::yes : tristate::no;
  return p;
}

order make_acknowledged(const venue_call& call, json_fields& f) {
  order o;
  o.complete = false;
  o.venue_order_id = f.text("orderId");
  const bool placed = call.op == operation::create_order;
  o.symbol = placed ? call.order.symbol : call.of.symbol;
  o.client_order_id = placed ? call.order.client_order_id : call.of.client_order_id;
  if (placed)
    o.side = call.order.side, o.type = call.order.type, o.price = call.order.price, o.quantity = call.order.quantity;
  return o;
}

result<venue_reply> read_found(const venue_call& call, json_fields& f, const instrument_table& table) {
  std::optional<order> found;
  f.each("list", [&](json_fields& x) {
    auto o = read_order(x, table);
    const bool same = call.of.venue_order_id.empty() ? o.client_order_id == call.of.client_order_id
                                                     : o.venue_order_id == call.of.venue_order_id;
    if (same && !found) found = std::move(o);
  });
  if (!f.ok()) return venue_reply{};
  if (found) return venue_reply{std::move(*found), {}};
  if (call.step == 0) return venue_reply{nothing{}, next_page(call, {})};
  return fail(exchange_errc::order_not_found, "no order of the account has this id");
}

result<venue_reply> read_open_orders(const venue_call& call, json_fields& f, const instrument_table& table) {
  std::vector<order> page;
  f.each("list", [&](json_fields& x) {
    auto o = read_order(x, table);
    if (!is_terminal(o.status)) page.push_back(std::move(o));
  });
  const std::string cursor(f.optional_text("nextPageCursor"));
  const bool more = !cursor.empty() && cursor != call.cursor && call.step + 1 < page_limit;
  return venue_reply{std::move(page), more ? std::optional(next_page(call, cursor)) : std::nullopt};
}

/// Newest first on the wire: gathered page by page, cut at the trade that is known, then turned round.
result<venue_reply> read_fills(const venue_call& call, json_fields& f, const instrument_table& table) {
  std::vector<fill> gathered;
  if (call.earlier)
    if (const auto* before = std::get_if<std::vector<fill>>(call.earlier.get())) gathered = *before;
  bool reached = false;
  std::size_t count = 0;
  f.each("list", [&](json_fields& x) {
    ++count;
    auto one = read_fill(x, table);
    if (!call.after.empty() && one.trade_id == call.after) reached = true;
    if (!reached) gathered.push_back(std::move(one));
  });
  const std::string cursor(f.optional_text("nextPageCursor"));
  if (!f.ok()) return venue_reply{};
  if (!reached && count > 0 && !cursor.empty() && cursor != call.cursor && call.step + 1 < page_limit) {
    auto next = next_page(call, cursor);
    next.earlier = std::make_shared<const venue_answer>(std::move(gathered));
    return venue_reply{nothing{}, std::move(next)};
  }
  std::ranges::reverse(gathered);
  return venue_reply{std::move(gathered), {}};
}

result<venue_reply> read_candles(const venue_call& call, json_fields& f) {
  std::vector<candle> out;
  auto rows = f.optional_array("list");
  if (!rows) f.note("list");
  if (!rows) return venue_reply{};
  for_rows(f, *rows, "list", [&](row_cells row) {
    if (row.empty()) return f.note("list");
    candle c;
    c.symbol = call.symbol;
    c.interval = call.interval;
    c.opens_at = checked_ms(f, whole_number(f, row[0], "list"), "list");
    c.open = cell_amount(f, row, 1, "list"), c.high = cell_amount(f, row, 2, "list"),
    c.low = cell_amount(f, row, 3, "list");
    c.close = cell_amount(f, row, 4, "list"), c.volume = cell_amount(f, row, 5, "list");
    out.push_back(std::move(c));
  });
  std::ranges::reverse(out);
  return venue_reply{std::move(out), {}};
}

result<venue_reply> read_trades(const venue_call& call, json_fields& f) {
  std::vector<public_trade> out;
  f.each("list", [&](json_fields& x) {
    public_trade t;
    t.symbol = call.symbol;
    t.trade_id = x.text("execId");
    t.price = x.amount("price"), t.quantity = x.amount("size");
    // The side is the taker's.
    t.buyer_is_maker = x.text("side") == "Sell";
    t.at = read_ms(x, "time");
    out.push_back(std::move(t));
  });
  std::ranges::reverse(out);
  return venue_reply{std::move(out), {}};
}

result<venue_reply> read_book(const venue_call& call, json_fields& f) {
  book_snapshot b;
  b.symbol = call.symbol;
  b.bids = read_levels(f, "b");
  if (f.ok()) b.asks = read_levels(f, "a");
  b.update_id = f.integer("u");
  return venue_reply{std::move(b), {}};
}

result<venue_reply> read_ticker(const venue_call& call, json_fields& f) {
  std::optional<book_ticker> top;
  f.each("list", [&](json_fields& x) {
    book_ticker t;
    t.symbol = call.symbol;
    t.bid_price = x.optional_amount("bid1Price").value_or(decimal{}),
    t.bid_quantity = x.optional_amount("bid1Size").value_or(decimal{});
    t.ask_price = x.optional_amount("ask1Price").value_or(decimal{}),
    t.ask_quantity = x.optional_amount("ask1Size").value_or(decimal{});
    if (!top) top = std::move(t);
  });
  if (!top) f.note("list");
  return venue_reply{top.value_or(book_ticker{}), {}};
}

/// "result" of the answer.
result<venue_reply> read_result(const venue_call& call, json_fields& f, const instrument_table& table) {
  switch (call.op) {
    case operation::server_time: {
      const auto nanoseconds_text = f.id("timeNano");
      return venue_reply{checked_ms(f, whole_number(f, nanoseconds_text, "timeNano") / 1'000'000, "timeNano"), {}};
    }
    case operation::instruments: {
      std::vector<instrument> out;
      f.each("list", [&](json_fields& x) { out.push_back(read_instrument(x)); });
      return venue_reply{std::move(out), {}};
    }
    case operation::ticker:
      return read_ticker(call, f);
    case operation::book:
      return read_book(call, f);
    case operation::trades:
      return read_trades(call, f);
    case operation::candles:
      return read_candles(call, f);
    case operation::permissions:
      return venue_reply{read_permissions(f), {}};
    case operation::balances: {
      std::vector<balance> out;
      f.each("list", [&](json_fields& wallet) {
        for (auto& b : read_coins(wallet))
          if (!b.free.is_zero() || !b.locked.is_zero()) out.push_back(std::move(b));
      });
      return venue_reply{std::move(out), {}};
    }
    case operation::create_order:
    case operation::cancel_order:
      return venue_reply{make_acknowledged(call, f), {}};
    case operation::cancel_all_orders:
      return venue_reply{};
    case operation::find_order:
      return read_found(call, f, table);
    case operation::open_orders:
      return read_open_orders(call, f, table);
    case operation::fills:
      return read_fills(call, f, table);
    default:
      return fail(exchange_errc::unsupported, "the exchange has no such function");
  }
}

bool is_blocked_country(std::string_view body) {
  return body.find("CloudFront") != body.npos || body.find("country") != body.npos;
}

/// Answers without a code: the edge's.
error read_edge(operation op, const client_response& answer) {
  // Both are said at the edge, before anything reaches the exchange (docs/v5/rate-limit).
  if (answer.status == 403 && is_blocked_country(answer.body))
    return {exchange_errc::refused, "HTTP 403: blocked for the country of our address"};
  if (answer.status == 403 && answer.body.find("too frequent") != answer.body.npos) {
    error e(exchange_errc::rate_limited, "HTTP 403: access too frequent");
    e.retry_after = std::chrono::minutes(10);
    return e;
  }
  return make_refusal(op, answer.status, {}, {}, std::nullopt);
}

}  // namespace

result<venue_reply> read_answer(const venue_call& call, const client_response& answer, const instrument_table& table) {
  const bool good = answer.status >= 200 && answer.status < 300;
  json_source source;
  if (!source.load(answer.body))
    return std::unexpected(good ? make_unreadable(call.op, "bytes") : read_edge(call.op, answer));
  json_fields f(source.document().get_object());
  const auto code = f.integer("retCode");
  const std::string message(f.optional_text("retMsg"));
  if (!f.ok()) return std::unexpected(good ? make_unreadable(call.op, f.problem()) : read_edge(call.op, answer));
  if (!good || code != 0) {
    auto e = make_bybit_error(call.op, answer.status, code, message);
    if (call.op == operation::find_order && call.step == 0 && e.code == make_error_code(exchange_errc::order_not_found))
      return venue_reply{nothing{}, next_page(call, {})};
    return std::unexpected(std::move(e));
  }
  auto object = f.optional_object("result");
  if (!object) return std::unexpected(make_unreadable(call.op, "result"));
  json_fields inner(*object);
  auto out = read_result(call, inner, table);
  if (!inner.ok()) return std::unexpected(make_unreadable(call.op, inner.problem()));
  return out;
}

}  // namespace drover::exchanges::bybit
