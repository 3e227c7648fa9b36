#include <algorithm>
#include <memory>

#include "exchanges/json_rows_detail.hpp"
#include "exchanges/okx/wire.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::okx {

namespace {

constexpr std::size_t per_page = 100;
/// Steps of one list at most.
constexpr int page_limit = 100, history_pages = 3;
/// Of an order whose cancellation is under way.
constexpr std::string_view being_cancelled = "51410";

struct head {
  std::string code, message;
};

head read_head(json_fields& f) {
  return {std::string(f.text("code")), std::string(f.optional_text("msg"))};
}

/// Calls `each(json_fields&)` for the elements of `data`.
template <class Each>
void each_datum(json_fields& f, Each each) {
  f.each("data", each);
}

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("instId");
  i.base_asset = f.text("baseCcy");
  i.quote_asset = f.text("quoteCcy");
  i.symbol = i.base_asset + "/" + i.quote_asset;
  i.tick_size = f.amount("tickSz");
  i.lot_size = f.amount("lotSz");
  i.min_quantity = f.amount("minSz");
  i.max_quantity = f.optional_amount("maxLmtSz").value_or(decimal{});
  i.trading = f.text("state") == "live";
  return i;
}

book_ticker read_ticker(json_fields& f) {
  book_ticker t;
  t.symbol = to_symbol(f.text("instId"));
  t.bid_price = f.optional_amount("bidPx").value_or(decimal{});
  t.bid_quantity = f.optional_amount("bidSz").value_or(decimal{});
  t.ask_price = f.optional_amount("askPx").value_or(decimal{});
  t.ask_quantity = f.optional_amount("askSz").value_or(decimal{});
  return t;
}

public_trade read_trade(json_fields& f) {
  public_trade t;
  t.symbol = to_symbol(f.text("instId"));
  t.trade_id = f.text("tradeId");
  t.price = f.amount("px");
  t.quantity = f.amount("sz");
  // The side is the taker's.
  t.buyer_is_maker = f.text("side") == "sell";
  t.at = checked_ms(f, whole_number(f, f.text("ts"), "ts"), "ts");
  return t;
}

permissions read_permissions(json_fields& f) {
  const std::string granted = "," + std::string(f.text("perm")) + ",";
  const auto has = [&](std::string_view name) { return granted.find("," + std::string(name) + ",") != granted.npos; };
  permissions p;
  p.trade = has("trade") ? tristate::yes : tristate::no;
  p.withdraw = has("withdraw") ? tristate::yes : tristate::no;
  // Every right includes reading.
  p.read = has("read_only") || has("trade") || has("withdraw") ? tristate::yes : tristate::no;
  p.address_bound = f.optional_text("ip").empty() ? tristate::no : tristate::yes;
  return p;
}

order make_acknowledged(const venue_call& call, std::string venue_id) {
  order o;
  o.complete = false;
  o.venue_order_id = std::move(venue_id);
  if (call.op == operation::create_order) {
    o.symbol = call.order.symbol;
    o.client_order_id = call.order.client_order_id;
    o.side = call.order.side;
    o.type = call.order.type;
    o.price = call.order.price;
    o.quantity = call.order.quantity;
  } else {
    o.symbol = call.of.symbol;
    o.client_order_id = call.of.client_order_id;
  }
  return o;
}

/// The answers to orders and cancels: a code of its own for each.
result<venue_reply> read_acknowledgement(const venue_call& call, json_fields& f, const head& top) {
  std::optional<error> refusal;
  std::string id;
  int answers = 0;
  each_datum(f, [&](json_fields& d) {
    ++answers;
    const auto code = d.text("sCode");
    if (code != "0" && d.ok() && !refusal) refusal = make_okx_error(call.op, 200, code, d.optional_text("sMsg"));
    if (code == "0") id = d.optional_text("ordId");
  });
  if (refusal) return std::unexpected(*refusal);
  if (!f.ok()) return venue_reply{};
  if (top.code != "0") return std::unexpected(make_okx_error(call.op, 200, top.code, top.message));
  if (answers != 1 || id.empty()) f.note("data");
  return venue_reply{make_acknowledged(call, std::move(id)), {}};
}

venue_call next_page(const venue_call& call, std::string cursor) {
  auto next = call;
  next.cursor = std::move(cursor);
  ++next.step;
  return next;
}

result<venue_reply> read_open_orders(const venue_call& call, json_fields& f) {
  std::vector<order> page;
  each_datum(f, [&](json_fields& d) { page.push_back(read_order(d)); });
  if (!f.ok()) return venue_reply{};
  if (call.op == operation::cancel_all_orders) {
    if (page.empty()) return venue_reply{};
    auto next = next_page(call, {});
    next.earlier = std::make_shared<const venue_answer>(std::move(page));
    return venue_reply{nothing{}, std::move(next)};
  }
  const bool more = page.size() == per_page && call.step + 1 < page_limit;
  auto last = page.empty() ? std::string() : page.back().venue_order_id;
  return venue_reply{std::move(page), more ? std::optional(next_page(call, std::move(last))) : std::nullopt};
}

/// After a batch of cancels the list is read again until it is empty. Orders that ended meanwhile are none of its
/// failures.
result<venue_reply> read_cancelled_batch(const venue_call& call, json_fields& f, const head& top) {
  std::optional<error> refusal;
  bool some_cancelled = false, some_named = false;
  each_datum(f, [&](json_fields& d) {
    const auto code = d.text("sCode");
    if (!d.ok()) return;
    some_named = true;
    some_cancelled = some_cancelled || code == "0";
    if (code == "0" || code == being_cancelled || refusal) return;
    auto e = make_okx_error(call.op, 200, code, d.optional_text("sMsg"));
    if (e.code != make_error_code(exchange_errc::order_not_found)) refusal = std::move(e);
  });
  if (!f.ok()) return venue_reply{};
  if (refusal && some_cancelled)
    return fail(exchange_errc::unknown_outcome, "some were cancelled, not all: " + refusal->detail);
  if (refusal) return std::unexpected(std::move(*refusal));
  if (!some_named && top.code != "0") return std::unexpected(make_okx_error(call.op, 200, top.code, top.message));
  if (call.step + 1 >= page_limit)
    return fail(exchange_errc::unknown_outcome, "more open orders than are cancelled at once");
  auto next = next_page(call, {});
  next.earlier.reset();
  return venue_reply{nothing{}, std::move(next)};
}

result<venue_reply> read_found(const venue_call& call, json_fields& f) {
  std::optional<order> found;
  std::string last;
  std::size_t count = 0;
  each_datum(f, [&](json_fields& d) {
    auto o = read_order(d);
    ++count;
    last = o.venue_order_id;
    const bool same = call.of.venue_order_id.empty() ? o.client_order_id == call.of.client_order_id
                                                     : o.venue_order_id == call.of.venue_order_id;
    if (same && !found) found = std::move(o);
  });
  if (!f.ok()) return venue_reply{};
  if (found) return venue_reply{std::move(*found), {}};
  if (call.step > 0 && count == per_page) {
    if (call.step < history_pages) return venue_reply{nothing{}, next_page(call, last)};
    return fail(exchange_errc::protocol, "the order is not among the latest that ended");
  }
  return fail(exchange_errc::order_not_found, "no order of the account has this id");
}

/// Newest first on the wire: gathered page by page, cut at the trade that is known, then turned round.
result<venue_reply> read_fills(const venue_call& call, json_fields& f) {
  std::vector<fill> gathered;
  if (call.earlier)
    if (const auto* before = std::get_if<std::vector<fill>>(call.earlier.get())) gathered = *before;
  std::size_t count = 0;
  bool reached = false;
  std::string cursor;
  each_datum(f, [&](json_fields& d) {
    ++count;
    auto x = read_fill(d);
    cursor = d.optional_text("billId");
    if (!call.after.empty() && x.trade_id == call.after) reached = true;
    if (!reached) gathered.push_back(std::move(x));
  });
  if (!f.ok()) return venue_reply{};
  if (!reached && count == per_page && !cursor.empty() && call.step + 1 < page_limit) {
    auto next = next_page(call, std::move(cursor));
    next.earlier = std::make_shared<const venue_answer>(std::move(gathered));
    return venue_reply{nothing{}, std::move(next)};
  }
  std::ranges::reverse(gathered);
  return venue_reply{std::move(gathered), {}};
}

result<venue_reply> read_candles(const venue_call& call, json_fields& f) {
  std::vector<candle> out;
  auto rows = f.optional_array("data");
  if (!rows) f.note("data");
  if (!rows) return venue_reply{};
  for_rows(f, *rows, "data", [&](row_cells row) {
    candle c;
    c.symbol = call.symbol;
    c.interval = call.interval;
    if (row.empty()) return f.note("data");
    c.opens_at = checked_ms(f, whole_number(f, row[0], "data"), "data");
    c.open = cell_amount(f, row, 1, "data"), c.high = cell_amount(f, row, 2, "data"),
    c.low = cell_amount(f, row, 3, "data");
    c.close = cell_amount(f, row, 4, "data"), c.volume = cell_amount(f, row, 5, "data");
    out.push_back(std::move(c));
  });
  std::ranges::reverse(out);
  return venue_reply{std::move(out), {}};
}

/// The one element of an answer that has one.
template <class Read>
result<venue_reply> read_one(json_fields& f, Read read) {
  std::optional<venue_answer> out;
  each_datum(f, [&](json_fields& d) {
    if (!out) out = read(d);
  });
  if (!out) f.note("data");
  return venue_reply{out ? std::move(*out) : venue_answer{}, {}};
}

template <class T, class Read>
result<venue_reply> read_all(json_fields& f, Read read) {
  std::vector<T> out;
  each_datum(f, [&](json_fields& d) { out.push_back(read(d)); });
  return venue_reply{std::move(out), {}};
}

result<venue_reply> read_data(const venue_call& call, json_fields& f) {
  switch (call.op) {
    case operation::server_time:
      return read_one(
          f, [](json_fields& d) { return venue_answer(checked_ms(d, whole_number(d, d.text("ts"), "ts"), "ts")); });
    case operation::instruments:
      return read_all<instrument>(f, read_instrument);
    case operation::ticker:
      return read_one(f, [](json_fields& d) { return venue_answer(read_ticker(d)); });
    case operation::book:
      return read_one(f, [&](json_fields& d) {
        book_snapshot b;
        b.symbol = call.symbol;
        b.bids = read_levels(d, "bids");
        if (d.ok()) b.asks = read_levels(d, "asks");
        b.update_id = d.optional_integer("seqId").value_or(0);
        return venue_answer(std::move(b));
      });
    case operation::trades: {
      auto reply = read_all<public_trade>(f, read_trade);
      std::ranges::reverse(std::get<std::vector<public_trade>>(reply->answer));
      return reply;
    }
    case operation::candles:
      return read_candles(call, f);
    case operation::permissions:
      return read_one(f, [](json_fields& d) { return venue_answer(read_permissions(d)); });
    case operation::balances:
      return read_one(f, [](json_fields& d) {
        auto all = read_details(d);
        std::erase_if(all, [](const balance& b) { return b.free.is_zero() && b.locked.is_zero(); });
        return venue_answer(std::move(all));
      });
    case operation::open_orders:
    case operation::cancel_all_orders:
      return read_open_orders(call, f);
    case operation::find_order:
      return read_found(call, f);
    case operation::fills:
      return read_fills(call, f);
    case operation::set_dead_man:
      return venue_reply{};
    default:
      return fail(exchange_errc::unsupported, "the exchange has no such function");
  }
}

/// An order that the first place does not know may be in the history.
bool is_in_doubt(const venue_call& call, const error& e) {
  return call.op == operation::find_order && call.step == 0 &&
         e.code == make_error_code(exchange_errc::order_not_found);
}

}  // namespace

result<venue_reply> read_answer(const venue_call& call, const client_response& answer) {
  const bool good = answer.status >= 200 && answer.status < 300;
  json_source source;
  if (!source.load(answer.body)) {
    if (!good) return std::unexpected(make_refusal(call.op, answer.status, {}, {}, std::nullopt));
    return std::unexpected(make_unreadable(call.op, "bytes"));
  }
  json_fields f(source.document().get_object());
  const auto top = read_head(f);
  if (!good) return std::unexpected(make_okx_error(call.op, answer.status, top.code, top.message));
  if (!f.ok()) return std::unexpected(make_unreadable(call.op, f.problem()));
  const bool acknowledges = call.op == operation::create_order || call.op == operation::cancel_order;
  const bool batch = call.op == operation::cancel_all_orders && call.earlier;
  result<venue_reply> out = venue_reply{};
  if (acknowledges) {
    out = read_acknowledgement(call, f, top);
  } else if (batch) {
    out = read_cancelled_batch(call, f, top);
  } else if (top.code != "0") {
    auto e = make_okx_error(call.op, answer.status, top.code, top.message);
    if (is_in_doubt(call, e)) return venue_reply{nothing{}, next_page(call, {})};
    return std::unexpected(std::move(e));
  } else {
    out = read_data(call, f);
  }
  if (!f.ok()) return std::unexpected(make_unreadable(call.op, f.problem()));
  return out;
}

}  // namespace drover::exchanges::okx
