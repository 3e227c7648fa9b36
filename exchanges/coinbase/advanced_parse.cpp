#include "exchanges/coinbase/advanced_parse.hpp"

#include <array>
#include <charconv>
#include <memory>

#include "exchanges/coinbase/advanced_errors.hpp"
#include "exchanges/coinbase/advanced_requests.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::coinbase::advanced {

namespace {

/// What is left to ask after a page of a list.
struct page_end {
  bool has_next = false;
  std::string cursor;
};

page_end read_page_end(json_fields& f, bool needs_flag) {
  page_end out;
  out.cursor = f.optional_text("cursor");
  const auto flag = f.optional_boolean("has_next");
  out.has_next = !out.cursor.empty() && (needs_flag ? flag.value_or(false) : flag.value_or(true));
  return out;
}

std::optional<venue_call> next_page(const venue_call& call, const page_end& end) {
  if (!end.has_next || call.step + 1 >= page_limit) return std::nullopt;
  auto next = call;
  next.cursor = end.cursor;
  ++next.step;
  return next;
}

side read_side(json_fields& f, std::string_view key) {
  const auto word = f.text(key);
  if (word != "BUY" && word != "SELL") f.note(key);
  return word == "SELL" ? side::sell : side::buy;
}

/// The kinds of order_configuration that this connector makes or that rest in the same way.
struct configuration_kind {
  std::string_view name;
  order_type type;
};
constexpr std::array configuration_kinds{
    configuration_kind{"limit_limit_gtc", order_type::limit}, configuration_kind{"sor_limit_ioc", order_type::limit},
    configuration_kind{"limit_limit_fok", order_type::limit}, configuration_kind{"limit_limit_gtd", order_type::limit},
    configuration_kind{"market_market_ioc", order_type::market}};

void read_configuration(json_fields& f, order& o) {
  auto object = f.optional_object("order_configuration");
  if (!object) return;
  json_fields outer(*object);
  for (const auto& kind : configuration_kinds) {
    auto found = outer.optional_object(kind.name);
    if (!found) continue;
    json_fields inner(*found);
    o.type = kind.type;
    o.quantity = inner.optional_amount("base_size").value_or(decimal{});
    o.price = inner.optional_amount("limit_price").value_or(decimal{});
    if (inner.optional_boolean("post_only").value_or(false)) o.type = order_type::limit_maker;
    outer.take_problem(inner);
    break;
  }
  f.take_problem(outer);
}

order read_order(json_fields& f) {
  order o;
  o.venue_order_id = f.text("order_id");
  o.client_order_id = to_canonical_client_id(f.optional_text("client_order_id"));
  o.symbol = to_symbol(f.text("product_id"));
  o.side = read_side(f, "side");
  const auto status = parse_status(f.text("status"));
  if (!status) f.note("status");
  o.status = status.value_or(order_status::open);
  o.filled_quantity = f.optional_amount("filled_size").value_or(decimal{});
  o.filled_notional = f.optional_amount("filled_value").value_or(decimal{});
  if (o.status == order_status::open && !o.filled_quantity.is_zero()) o.status = order_status::partially_filled;
  o.updated_at = std::max(read_time(f, "created_time"), read_time(f, "last_fill_time"));
  read_configuration(f, o);
  if (o.quantity.is_zero()) o.quantity = o.filled_quantity;
  return o;
}

/// Runs `read` over the object in the body; a problem that it noted is the answer's error.
template <class Read>
result<venue_reply> read_object(const venue_call& call, std::string_view body, Read read) {
  json_source source;
  if (!source.load(body)) return std::unexpected(make_unreadable(call.op, "bytes"));
  json_fields f(source.document().get_object());
  result<venue_reply> out = read(f);
  if (!f.ok()) return std::unexpected(make_unreadable(call.op, f.problem()));
  return out;
}

result<venue_reply> read_time_answer(json_fields& f) {
  const auto digits = f.text("epochMillis");
  std::int64_t ms = 0;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  if (failure != std::errc() || ms <= 0) f.note("epochMillis");
  return venue_reply{wall_time::from_ms(ms), {}};
}

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("product_id");
  i.base_asset = f.text("base_currency_id");
  i.quote_asset = f.text("quote_currency_id");
  i.symbol = i.base_asset + "/" + i.quote_asset;
  i.tick_size = f.optional_amount("price_increment").value_or(decimal{});
  if (i.tick_size.is_zero()) i.tick_size = f.amount("quote_increment");
  i.lot_size = f.amount("base_increment");
  i.min_quantity = f.amount("base_min_size");
  i.max_quantity = f.amount("base_max_size");
  i.min_notional = f.optional_amount("quote_min_size").value_or(decimal{});
  bool closed = f.optional_text("status") == "delisted";
  for (auto flag : {"trading_disabled", "is_disabled", "view_only", "cancel_only", "auction_mode"})
    closed = closed || f.optional_boolean(flag).value_or(false);
  i.trading = !closed;
  return i;
}

std::vector<book_level> read_levels(json_fields& f, std::string_view key) {
  std::vector<book_level> out;
  f.each(key, [&](json_fields& l) { out.push_back({l.amount("price"), l.amount("size")}); });
  return out;
}

result<venue_reply> read_book(const venue_call& call, json_fields& f) {
  book_snapshot out;
  out.symbol = call.symbol;
  auto object = f.optional_object("pricebook");
  if (!object) f.note("pricebook");
  if (!object) return venue_reply{};
  json_fields inner(*object);
  out.bids = read_levels(inner, "bids");
  out.asks = read_levels(inner, "asks");
  f.take_problem(inner);
  if (call.op == operation::book) return venue_reply{std::move(out), {}};
  book_ticker top;
  top.symbol = call.symbol;
  if (!out.bids.empty()) top.bid_price = out.bids.front().price, top.bid_quantity = out.bids.front().quantity;
  if (!out.asks.empty()) top.ask_price = out.asks.front().price, top.ask_quantity = out.asks.front().quantity;
  return venue_reply{top, {}};
}

result<venue_reply> read_trades(const venue_call& call, json_fields& f) {
  std::vector<public_trade> out;
  f.each("trades", [&](json_fields& t) {
    public_trade p;
    p.symbol = call.symbol;
    p.trade_id = t.id("trade_id");
    p.price = t.amount("price");
    p.quantity = t.amount("size");
    // The side of a public trade is the taker's.
    p.buyer_is_maker = t.optional_text("side") == "SELL";
    p.at = read_time(t, "time");
    out.push_back(std::move(p));
  });
  std::ranges::reverse(out);
  return venue_reply{std::move(out), {}};
}

result<venue_reply> read_candles(const venue_call& call, json_fields& f) {
  std::vector<candle> out;
  f.each("candles", [&](json_fields& c) {
    candle k;
    k.symbol = call.symbol;
    k.interval = call.interval;
    k.opens_at = read_unix_seconds(c, "start");
    k.open = c.amount("open"), k.high = c.amount("high"), k.low = c.amount("low"), k.close = c.amount("close");
    k.volume = c.amount("volume");
    out.push_back(std::move(k));
  });
  std::ranges::reverse(out);
  return venue_reply{std::move(out), {}};
}

tristate to_tristate(std::optional<bool> flag) {
  return !flag ? tristate::unknown : *flag ? tristate::yes : tristate::no;
}

result<venue_reply> read_permissions(json_fields& f) {
  permissions p;
  p.read = to_tristate(f.optional_boolean("can_view"));
  p.trade = to_tristate(f.optional_boolean("can_trade"));
  p.withdraw = to_tristate(f.optional_boolean("can_transfer"));
  return venue_reply{p, {}};
}

decimal read_money(json_fields& f, std::string_view key) {
  auto object = f.optional_object(key);
  if (!object) return {};
  json_fields inner(*object);
  auto value = inner.amount("value");
  f.take_problem(inner);
  return value;
}

result<venue_reply> read_balances(const venue_call& call, json_fields& f) {
  std::vector<balance> out;
  f.each("accounts", [&](json_fields& a) {
    balance b{std::string(a.text("currency")), read_money(a, "available_balance"), read_money(a, "hold")};
    if (!b.free.is_zero() || !b.locked.is_zero()) out.push_back(std::move(b));
  });
  auto next = next_page(call, read_page_end(f, true));
  return venue_reply{std::move(out), std::move(next)};
}

result<venue_reply> read_created(const venue_call& call, json_fields& f) {
  const bool success = f.boolean("success");
  if (!success) {
    std::string code, message;
    if (auto object = f.optional_object("error_response")) {
      json_fields e(*object);
      code = e.optional_text("error");
      message = e.optional_text("message");
      if (code.empty()) code = e.optional_text("preview_failure_reason");
      f.take_problem(e);
    }
    if (code.empty()) code = f.optional_text("failure_reason");
    if (f.ok()) return std::unexpected(make_order_refusal(code, message));
    return venue_reply{};
  }
  order o;
  if (auto object = f.optional_object("success_response")) {
    json_fields s(*object);
    o.venue_order_id = s.text("order_id");
    f.take_problem(s);
  } else {
    o.venue_order_id = f.text("order_id");
  }
  o.symbol = call.order.symbol;
  o.client_order_id = call.order.client_order_id;
  o.side = call.order.side;
  o.type = call.order.type;
  o.price = call.order.price;
  o.quantity = call.order.quantity;
  o.complete = false;
  return venue_reply{std::move(o), {}};
}

result<venue_reply> read_cancelled(const venue_call& call, json_fields& f) {
  std::optional<error> refusal;
  int results = 0;
  f.each("results", [&](json_fields& r) {
    ++results;
    if (!r.boolean("success") && !refusal) refusal = make_cancel_refusal(r.optional_text("failure_reason"));
  });
  if (call.op == operation::cancel_all_orders) {
    if (refusal) return std::unexpected(*refusal);
    return venue_reply{};
  }
  if (results == 0) f.note("results");
  if (refusal) return std::unexpected(*refusal);
  order o;
  o.symbol = call.of.symbol;
  o.client_order_id = call.of.client_order_id;
  o.venue_order_id = call.of.venue_order_id;
  o.complete = false;
  return venue_reply{std::move(o), {}};
}

/// The list in which an order without a known id is looked for.
result<venue_reply> look_through(const venue_call& call, std::vector<order> page, const page_end& end) {
  for (auto& o : page) {
    if (o.client_order_id != call.of.client_order_id) continue;
    if (call.op == operation::find_order) return venue_reply{std::move(o), {}};
    auto next = call;
    next.of.venue_order_id = o.venue_order_id;
    next.cursor.clear();
    ++next.step;
    return venue_reply{nothing{}, std::move(next)};
  }
  if (auto next = next_page(call, end)) return venue_reply{nothing{}, std::move(next)};
  return fail(exchange_errc::order_not_found, "no order of the account has this client order id");
}

/// Gathers all open orders, then cancels them in one request.
result<venue_reply> prepare_cancel_all(const venue_call& call, std::vector<order> page, const page_end& end) {
  std::vector<order> gathered;
  if (call.earlier)
    if (const auto* before = std::get_if<std::vector<order>>(call.earlier.get())) gathered = *before;
  gathered.insert(gathered.end(), std::make_move_iterator(page.begin()), std::make_move_iterator(page.end()));
  auto next = next_page(call, end);
  if (!next && gathered.empty()) return venue_reply{};
  if (!next) {
    next = call;
    next->cursor.clear();
    ++next->step;
  }
  next->earlier = std::make_shared<const venue_answer>(std::move(gathered));
  return venue_reply{nothing{}, std::move(next)};
}

result<venue_reply> read_order_list(const venue_call& call, json_fields& f) {
  std::vector<order> page;
  f.each("orders", [&](json_fields& o) { page.push_back(read_order(o)); });
  const auto end = read_page_end(f, true);
  if (!f.ok()) return venue_reply{};
  if (call.op == operation::cancel_all_orders) return prepare_cancel_all(call, std::move(page), end);
  if (call.op == operation::open_orders) return venue_reply{std::move(page), next_page(call, end)};
  return look_through(call, std::move(page), end);
}

fill read_fill(json_fields& f) {
  fill x;
  x.symbol = to_symbol(f.text("product_id"));
  x.trade_id = f.id("trade_id");
  x.venue_order_id = f.text("order_id");
  x.side = read_side(f, "side");
  x.price = f.amount("price");
  x.quantity = f.amount("size");
  if (f.optional_boolean("size_in_quote").value_or(false) && !x.price.is_zero())
    x.quantity = divide_within_range(f, x.quantity, x.price);
  x.fee = f.number("commission");
  x.fee_asset = x.symbol.substr(x.symbol.find('/') + 1);
  x.maker = f.optional_text("liquidity_indicator") == "MAKER";
  x.at = read_time(f, "trade_time");
  return x;
}

result<venue_reply> read_fills(const venue_call& call, json_fields& f) {
  std::vector<fill> page;
  f.each("fills", [&](json_fields& x) { page.push_back(read_fill(x)); });
  auto next = next_page(call, read_page_end(f, false));
  if (!f.ok()) return venue_reply{};
  auto gathered = gather_fills(call, std::move(page), !next);
  if (gathered.whole) return venue_reply{std::move(gathered.fills), {}};
  next->earlier = std::make_shared<const venue_answer>(std::move(gathered.fills));
  return venue_reply{nothing{}, std::move(next)};
}

}  // namespace

std::optional<order_status> parse_status(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, order_status>, 9> words{{{"OPEN", order_status::open},
                                                                            {"PENDING", order_status::open},
                                                                            {"QUEUED", order_status::open},
                                                                            {"CANCEL_QUEUED", order_status::open},
                                                                            {"EDIT_QUEUED", order_status::open},
                                                                            {"FILLED", order_status::filled},
                                                                            {"CANCELLED", order_status::cancelled},
                                                                            {"EXPIRED", order_status::expired},
                                                                            {"FAILED", order_status::rejected}}};
  for (const auto& [text, status] : words)
    if (text == word) return status;
  return std::nullopt;
}

result<venue_reply> read_answer(const venue_call& call, const client_response& answer) {
  if (answer.status < 200 || answer.status > 299) return std::unexpected(read_refusal(call.op, answer));
  return read_object(call, answer.body, [&](json_fields& f) -> result<venue_reply> {
    switch (call.op) {
      case operation::server_time:
        return read_time_answer(f);
      case operation::instruments: {
        std::vector<instrument> out;
        f.each("products", [&](json_fields& i) { out.push_back(read_instrument(i)); });
        return venue_reply{std::move(out), {}};
      }
      case operation::ticker:
      case operation::book:
        return read_book(call, f);
      case operation::trades:
        return read_trades(call, f);
      case operation::candles:
        return read_candles(call, f);
      case operation::permissions:
        return read_permissions(f);
      case operation::balances:
        return read_balances(call, f);
      case operation::create_order:
        return read_created(call, f);
      case operation::cancel_order:
        return looks_through_list(call) ? read_order_list(call, f) : read_cancelled(call, f);
      case operation::cancel_all_orders:
        return !call.earlier || !call.cursor.empty() ? read_order_list(call, f) : read_cancelled(call, f);
      case operation::find_order: {
        if (looks_through_list(call)) return read_order_list(call, f);
        auto object = f.optional_object("order");
        if (!object) f.note("order");
        if (!object) return venue_reply{};
        json_fields inner(*object);
        auto o = read_order(inner);
        f.take_problem(inner);
        return venue_reply{std::move(o), {}};
      }
      case operation::open_orders:
        return read_order_list(call, f);
      case operation::fills:
        return read_fills(call, f);
      default:
        return fail(exchange_errc::unsupported, "the exchange has no such function");
    }
  });
}

}  // namespace drover::exchanges::coinbase::advanced
