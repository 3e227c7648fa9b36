#include "exchanges/coinbase/exchange_parse.hpp"

#include <array>
#include <memory>

#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::coinbase::institutional {

namespace {

/// 1 January 3000: later times are nonsense and would not fit.
constexpr std::int64_t latest_second = 32'503'680'000;

side read_side(json_fields& f, std::string_view key) {
  const auto word = f.text(key);
  if (word != "buy" && word != "sell") f.note(key);
  return word == "sell" ? side::sell : side::buy;
}

order_status read_status(json_fields& f, bool filled_any) {
  const auto status = f.text("status");
  if (status == "open" || status == "pending" || status == "active" || status == "received")
    return filled_any ? order_status::partially_filled : order_status::open;
  if (status == "rejected") return order_status::rejected;
  if (status != "done" && status != "settled") f.note("status");
  return f.optional_text("done_reason") == "filled" || status == "settled" ? order_status::filled
                                                                           : order_status::cancelled;
}

order read_order(json_fields& f) {
  order o;
  o.venue_order_id = f.text("id");
  o.client_order_id = to_canonical_client_id(f.optional_text("client_oid"));
  o.symbol = to_symbol(f.text("product_id"));
  o.side = read_side(f, "side");
  o.type = f.text("type") == "market" ? order_type::market : order_type::limit;
  if (f.optional_boolean("post_only").value_or(false)) o.type = order_type::limit_maker;
  o.price = f.optional_amount("price").value_or(decimal{});
  o.filled_quantity = f.optional_amount("filled_size").value_or(decimal{});
  o.filled_notional = f.optional_amount("executed_value").value_or(decimal{});
  o.quantity = f.optional_amount("size").value_or(o.filled_quantity);
  o.status = read_status(f, !o.filled_quantity.is_zero());
  o.updated_at = std::max(read_time(f, "created_at"), read_time(f, "done_at"));
  return o;
}

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("id");
  i.base_asset = f.text("base_currency");
  i.quote_asset = f.text("quote_currency");
  i.symbol = i.base_asset + "/" + i.quote_asset;
  i.tick_size = f.amount("quote_increment");
  i.lot_size = f.amount("base_increment");
  // The exchange has no least or largest size of its own any more, only a least amount of money.
  i.min_quantity = f.optional_amount("base_min_size").value_or(i.lot_size);
  i.max_quantity = f.optional_amount("base_max_size").value_or(decimal{});
  i.min_notional = f.optional_amount("min_market_funds").value_or(decimal{});
  bool closed = f.optional_text("status") != "online";
  for (auto flag : {"trading_disabled", "cancel_only", "auction_mode"})
    closed = closed || f.optional_boolean(flag).value_or(false);
  i.trading = !closed;
  return i;
}

/// [["price", "size", orders], …].
std::vector<book_level> read_levels(json_fields& f, std::string_view key) {
  std::vector<book_level> out;
  auto levels = f.optional_array(key);
  if (!levels) f.note(key);
  if (!levels) return out;
  for (auto element : *levels) {
    sj::array pair;
    if (element.get_array().get(pair)) return f.note(key), out;
    std::array<decimal, 2> numbers{};
    std::size_t count = 0;
    for (auto item : pair) {
      sj::value value;
      if (item.get(value)) return f.note(key), out;
      if (count < numbers.size()) numbers[count] = f.to_decimal(value, key);
      if (!f.ok()) return out;
      ++count;
    }
    if (count < numbers.size() || numbers[0].is_negative() || numbers[1].is_negative()) return f.note(key), out;
    out.push_back({numbers[0], numbers[1]});
  }
  return out;
}

result<venue_reply> read_book(const venue_call& call, json_fields& f) {
  book_snapshot out;
  out.symbol = call.symbol;
  out.update_id = f.optional_integer("sequence").value_or(0);
  out.bids = read_levels(f, "bids");
  if (f.ok()) out.asks = read_levels(f, "asks");
  if (call.op == operation::book) return venue_reply{std::move(out), {}};
  book_ticker top;
  top.symbol = call.symbol;
  top.update_id = out.update_id;
  if (!out.bids.empty()) top.bid_price = out.bids.front().price, top.bid_quantity = out.bids.front().quantity;
  if (!out.asks.empty()) top.ask_price = out.asks.front().price, top.ask_quantity = out.asks.front().quantity;
  return venue_reply{top, {}};
}

public_trade read_trade(const venue_call& call, json_fields& f) {
  public_trade t;
  t.symbol = call.symbol;
  t.trade_id = f.id("trade_id");
  t.price = f.amount("price");
  t.quantity = f.amount("size");
  // The side is the maker's.
  t.buyer_is_maker = f.text("side") == "buy";
  t.at = read_time(f, "time");
  return t;
}

fill read_fill(json_fields& f) {
  fill x;
  x.symbol = to_symbol(f.text("product_id"));
  x.trade_id = f.id("trade_id");
  x.venue_order_id = f.text("order_id");
  x.side = read_side(f, "side");
  x.price = f.amount("price");
  x.quantity = f.amount("size");
  x.fee = f.number("fee");
  x.fee_asset = x.symbol.substr(x.symbol.find('/') + 1);
  x.maker = f.optional_text("liquidity") == "M";
  x.at = read_time(f, "created_at");
  return x;
}

/// [[time, low, high, open, close, volume], …], newest first.
result<std::vector<candle>> read_candles(const venue_call& call, sj::document& document) {
  const auto refuse = [&] { return std::unexpected(make_unreadable(call.op, "candles")); };
  sj::array rows;
  if (document.get_array().get(rows)) return refuse();
  std::vector<candle> out;
  json_fields numbers{sj::object{}};
  for (auto row : rows) {
    sj::array columns;
    if (row.get_array().get(columns)) return refuse();
    std::array<decimal, 6> v{};
    std::size_t count = 0;
    for (auto column : columns) {
      sj::value value;
      if (column.get(value)) return refuse();
      if (count < v.size()) v[count] = numbers.to_decimal(value, "candle");
      if (!numbers.ok()) return refuse();
      ++count;
    }
    const auto at = v[0].raw() / decimal(1).raw();
    if (count < v.size() || at < 0 || at > latest_second) return refuse();
    candle k{.symbol = call.symbol,
             .interval = call.interval,
             .opens_at = wall_time{seconds(static_cast<std::int64_t>(at))},
             .open = v[3],
             .high = v[2],
             .low = v[1],
             .close = v[4],
             .volume = v[5]};
    out.push_back(std::move(k));
  }
  std::ranges::reverse(out);
  return out;
}

/// A list of objects at the top of the answer.
template <class T, class Read>
result<std::vector<T>> read_list(const venue_call& call, sj::document& document, Read read) {
  std::vector<T> out;
  sj::array list;
  if (document.get_array().get(list)) return std::unexpected(make_unreadable(call.op, "answer"));
  json_fields reporter{sj::object{}};
  json_fields::for_objects(list, reporter, [&](json_fields& f) { out.push_back(read(f)); });
  if (!reporter.ok()) return std::unexpected(make_unreadable(call.op, reporter.problem()));
  return out;
}

std::optional<venue_call> next_page(const venue_call& call, const client_response& answer) {
  const auto cursor = find_header(answer.headers, "CB-AFTER");
  if (cursor.empty() || call.step + 1 >= page_limit) return std::nullopt;
  auto next = call;
  next.cursor = cursor;
  ++next.step;
  return next;
}

result<venue_reply> read_fills(const venue_call& call, const client_response& answer, sj::document& document) {
  auto page = read_list<fill>(call, document, [](json_fields& f) { return read_fill(f); });
  if (!page) return std::unexpected(page.error());
  auto next = page->empty() ? std::nullopt : next_page(call, answer);
  auto gathered = gather_fills(call, std::move(*page), !next);
  if (gathered.whole) return venue_reply{std::move(gathered.fills), {}};
  next->earlier = std::make_shared<const venue_answer>(std::move(gathered.fills));
  return venue_reply{nothing{}, std::move(next)};
}

result<venue_reply> read_permissions(const venue_call& call) {
  permissions p;
  p.read = tristate::yes;
  if (call.step > 0) {
    p.withdraw = tristate::yes;
    return venue_reply{p, {}};
  }
  auto next = call;
  ++next.step;
  return venue_reply{p, std::move(next)};
}

/// The right to transfer is missing when its endpoint is forbidden: what a key for trading should show.
std::optional<venue_reply> read_forbidden(const venue_call& call, const client_response& answer) {
  if (call.op != operation::permissions || call.step == 0 || answer.status != 403) return std::nullopt;
  permissions p;
  p.read = tristate::yes;
  p.withdraw = tristate::no;
  return venue_reply{p, {}};
}

order make_cancelled(const venue_call& call) {
  order o;
  o.symbol = call.of.symbol;
  o.client_order_id = call.of.client_order_id;
  o.venue_order_id = call.of.venue_order_id;
  o.complete = false;
  return o;
}

template <class T>
result<venue_reply> to_reply(result<T> value) {
  if (!value) return std::unexpected(value.error());
  return venue_reply{std::move(*value), {}};
}

/// An answer that is one object.
template <class Read>
result<venue_reply> read_object(const venue_call& call, sj::document& document, Read read) {
  json_fields f(document.get_object());
  result<venue_reply> out = read(f);
  if (!f.ok()) return std::unexpected(make_unreadable(call.op, f.problem()));
  return out;
}

result<venue_reply> read_document(const venue_call& call, const client_response& answer, sj::document& document) {
  switch (call.op) {
    case operation::server_time:
      return read_object(call, document, [](json_fields& f) { return venue_reply{read_time(f, "iso"), {}}; });
    case operation::instruments:
      return to_reply(read_list<instrument>(call, document, read_instrument));
    case operation::ticker:
    case operation::book:
      return read_object(call, document, [&](json_fields& f) { return read_book(call, f); });
    case operation::trades: {
      auto trades = read_list<public_trade>(call, document, [&](json_fields& f) { return read_trade(call, f); });
      if (trades) std::ranges::reverse(*trades);
      return to_reply(std::move(trades));
    }
    case operation::candles:
      return to_reply(read_candles(call, document));
    case operation::balances: {
      auto all = read_list<balance>(call, document, [](json_fields& f) {
        return balance{std::string(f.text("currency")), f.amount("available"), f.amount("hold")};
      });
      if (all) std::erase_if(*all, [](const balance& b) { return b.free.is_zero() && b.locked.is_zero(); });
      return to_reply(std::move(all));
    }
    case operation::create_order:
    case operation::find_order:
      return read_object(call, document, [](json_fields& f) { return venue_reply{read_order(f), {}}; });
    case operation::open_orders: {
      auto page = read_list<order>(call, document, [](json_fields& f) { return read_order(f); });
      if (!page) return std::unexpected(page.error());
      auto next = page->empty() ? std::nullopt : next_page(call, answer);
      return venue_reply{std::move(*page), std::move(next)};
    }
    case operation::fills:
      return read_fills(call, answer, document);
    default:
      return fail(exchange_errc::unsupported, "the exchange has no such function");
  }
}

}  // namespace

result<venue_reply> read_answer(const venue_call& call, const client_response& answer) {
  if (auto known = read_forbidden(call, answer)) return std::move(*known);
  if (answer.status < 200 || answer.status > 299) return std::unexpected(read_refusal(call.op, answer));
  if (call.op == operation::permissions) return read_permissions(call);
  // The answers to a cancel are the ids alone; the status is the proof.
  if (call.op == operation::cancel_order) return venue_reply{make_cancelled(call), {}};
  if (call.op == operation::cancel_all_orders) return venue_reply{};
  json_source source;
  if (!source.load(answer.body)) return std::unexpected(make_unreadable(call.op, "bytes"));
  return read_document(call, answer, source.document());
}

}  // namespace drover::exchanges::coinbase::institutional
