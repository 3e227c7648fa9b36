#include <limits>
#include <utility>

#include "exchanges/binance/parse.hpp"
#include "exchanges/binance/parse_order_detail.hpp"
#include "exchanges/json_fields_detail.hpp"

namespace drover::exchanges::binance {

namespace {

json_source& source() {
  thread_local json_source kept;
  return kept;
}

int to_code(std::int64_t value) {
  return value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max() ? 0
                                                                                           : static_cast<int>(value);
}

venue_error read_error(json_fields& f) {
  venue_error out;
  out.code = to_code(f.optional_integer("code").value_or(0));
  out.message = f.optional_text("msg");
  return out;
}

std::vector<book_level> read_levels(json_fields& f, std::string_view key) {
  std::vector<book_level> out;
  auto array = f.optional_array(key);
  if (!array) {
    f.note(key);
    return out;
  }
  for (auto element : *array) {
    sj::array pair;
    if (element.get_array().get(pair)) {
      f.note(key);
      return out;
    }
    decimal numbers[2];
    int count = 0;
    for (auto item : pair) {
      sj::value value;
      if (item.get(value)) {
        f.note(key);
        return out;
      }
      if (count < 2) numbers[count] = f.to_decimal(value, key);
      if (!f.ok()) return out;
      ++count;
    }
    if (count < 2 || numbers[0].is_negative() || numbers[1].is_negative()) f.note(key);
    if (!f.ok()) return out;
    out.push_back({numbers[0], numbers[1]});
  }
  return out;
}

public_trade read_public_trade(json_fields& f) {
  public_trade out;
  out.symbol = f.text("s");
  out.trade_id = f.id("t");
  out.price = f.amount("p");
  out.quantity = f.amount("q");
  out.buyer_is_maker = f.boolean("m");
  out.at = wall_time::from_ms(f.integer("T"));
  return out;
}

market_frame read_candle(json_fields& f) {
  candle_change out;
  out.candle.symbol = f.text("s");
  auto body = f.optional_object("k");
  if (!body) {
    f.note("k");
    return out;
  }
  json_fields k(*body);
  out.candle.opens_at = wall_time::from_ms(k.integer("t"));
  const auto interval = parse_candle_interval(k.text("i"));
  if (!interval) k.note("i");
  out.candle.interval = interval.value_or(candle_interval::m1);
  out.candle.open = k.amount("o");
  out.candle.high = k.amount("h");
  out.candle.low = k.amount("l");
  out.candle.close = k.amount("c");
  out.candle.volume = k.amount("v");
  out.closed = k.boolean("x");
  f.take_problem(k);
  return out;
}

market_frame read_market_data(json_fields& f) {
  auto event = f.optional_text("e");
  if (event == "depthUpdate") {
    depth_update out;
    auto& u = out.update;
    u.symbol = f.text("s");
    u.first_id = f.integer("U");
    u.last_id = f.integer("u");
    u.bids = read_levels(f, "b");
    u.asks = read_levels(f, "a");
    return out;
  }
  if (event == "trade") return trade_update{read_public_trade(f)};
  if (event == "kline") return read_candle(f);
  if (!event.empty()) return other_frame{};
  // bookTicker is the one event that does not say what it is.
  auto update_id = f.optional_integer("u");
  if (!update_id) return other_frame{};
  ticker_update out;
  out.update_id = *update_id;
  out.venue_symbol = f.text("s");
  out.bid_price = f.amount("b");
  out.bid_quantity = f.amount("B");
  out.ask_price = f.amount("a");
  out.ask_quantity = f.amount("A");
  return out;
}

request_answer read_request_answer(json_fields& f, std::int64_t id) {
  request_answer out{id, std::nullopt};
  if (auto nested = f.optional_object("error")) {
    json_fields inner(*nested);
    out.refusal = read_error(inner);
    f.take_problem(inner);
  } else if (f.optional_integer("code")) {
    out.refusal = read_error(f);
  }
  return out;
}

order read_report(json_fields& f, const instrument_table& table) {
  order out;
  out.symbol = table.to_canonical(f.text("s"));
  out.client_order_id = f.text("c");
  out.side = read_side(f, "S");
  out.type = read_type(f, "o");
  out.quantity = f.amount("q");
  out.price = f.amount("p");
  // Set when the event is about cancelling: then "c" names the cancellation.
  auto original = f.optional_text("C");
  if (!original.empty() && original != "null") out.client_order_id = original;
  out.status = read_status(f, "X");
  out.venue_order_id = f.id("i");
  out.filled_quantity = f.amount("z");
  out.filled_notional = f.amount("Z");
  out.updated_at = wall_time::from_ms(f.integer("T"));
  return out;
}

order_event read_execution(json_fields& f, const instrument_table& table) {
  order_event out;
  out.order = read_report(f, table);
  if (f.text("x") != "TRADE") return out;
  fill traded;
  traded.symbol = out.order.symbol;
  traded.venue_order_id = out.order.venue_order_id;
  traded.client_order_id = out.order.client_order_id;
  traded.side = out.order.side;
  traded.at = out.order.updated_at;
  traded.quantity = f.amount("l");
  traded.price = f.amount("L");
  traded.fee = f.number("n");
  traded.fee_asset = f.optional_text("N");
  traded.trade_id = f.id("t");
  traded.maker = f.boolean("m");
  out.fill = std::move(traded);
  return out;
}

user_event_body read_user_event(json_fields& f, const instrument_table& table) {
  auto kind = f.text("e");
  if (kind == "executionReport") return read_execution(f, table);
  if (kind == "eventStreamTerminated") return stream_terminated{};
  // balanceUpdate tells only a difference; the position that follows it tells all.
  if (kind != "outboundAccountPosition") return other_frame{};
  balance_event out;
  f.each("B", [&out](json_fields& b) {
    balance entry;
    entry.asset = b.text("a");
    entry.free = b.amount("f");
    entry.locked = b.amount("l");
    out.balances.push_back(std::move(entry));
  });
  return out;
}

user_answer read_user_answer(json_fields& f, std::string id) {
  user_answer out;
  out.id = std::move(id);
  out.status = to_code(f.optional_integer("status").value_or(0));
  if (auto answer = f.optional_object("result")) {
    json_fields inner(*answer);
    out.subscription_id = inner.optional_integer("subscriptionId");
    f.take_problem(inner);
  }
  if (auto refused = f.optional_object("error")) {
    json_fields inner(*refused);
    out.refusal = read_error(inner);
    f.take_problem(inner);
  }
  return out;
}

}  // namespace

result<market_frame> parse_market_frame(std::string_view frame) {
  if (!source().load(frame)) return std::unexpected(protocol_error("market frame", "bytes"));
  json_fields fields(source().document().get_object());
  if (!fields.ok()) return std::unexpected(protocol_error("market frame", "shape"));
  market_frame out = other_frame{};
  if (auto data = fields.optional_object("data")) {
    json_fields inner(*data);
    out = read_market_data(inner);
    fields.take_problem(inner);
  } else if (auto id = fields.optional_integer("id")) {
    out = read_request_answer(fields, *id);
  } else {
    out = read_market_data(fields);
  }
  if (!fields.ok()) return std::unexpected(protocol_error("market frame", fields.problem()));
  return out;
}

result<book_snapshot> parse_depth_snapshot(std::string_view body) {
  if (!source().load(body)) return std::unexpected(protocol_error("depth", "bytes"));
  json_fields fields(source().document().get_object());
  book_snapshot out;
  out.update_id = fields.integer("lastUpdateId");
  out.bids = read_levels(fields, "bids");
  out.asks = read_levels(fields, "asks");
  if (!fields.ok()) return std::unexpected(protocol_error("depth", fields.problem()));
  return out;
}

result<user_frame> parse_user_frame(std::string_view frame, const instrument_table& table) {
  if (!source().load(frame)) return std::unexpected(protocol_error("user frame", "bytes"));
  json_fields fields(source().document().get_object());
  if (!fields.ok()) return std::unexpected(protocol_error("user frame", "shape"));
  user_frame out = other_frame{};
  if (auto subscription = fields.optional_integer("subscriptionId")) {
    user_event event{*subscription, other_frame{}};
    auto body = fields.optional_object("event");
    if (!body) return std::unexpected(protocol_error("user frame", "shape"));
    json_fields inner(*body);
    event.body = read_user_event(inner, table);
    fields.take_problem(inner);
    out = std::move(event);
  } else if (auto id = fields.optional_text("id"); !id.empty()) {
    out = read_user_answer(fields, std::string(id));
  }
  if (!fields.ok()) return std::unexpected(protocol_error("user frame", fields.problem()));
  return out;
}

}  // namespace drover::exchanges::binance
