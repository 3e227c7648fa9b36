#include "exchanges/paper/binance/render.hpp"

#include <fmt/format.h>

namespace drover::exchanges::paper::binance {

namespace {

/// No order list: we have no OCO orders.
constexpr int no_list = -1;
constexpr std::string_view prevention = "EXPIRE_MAKER";

std::string render_order_core(const matching_engine& e, const paper_order& o) {
  return fmt::format(
      R"("symbol":"{}","orderId":{},"orderListId":{},"clientOrderId":"{}","price":"{}","origQty":"{}","executedQty":"{}",)"
      R"("origQuoteOrderQty":"{}","cummulativeQuoteQty":"{}","status":"{}","timeInForce":"{}","type":"{}","side":"{}",)"
      R"("workingTime":{},"selfTradePreventionMode":"{}")",
      e.get_instrument(o.instrument).venue_symbol, o.number, no_list, o.client_id, eight(o.price), eight(o.quantity),
      eight(o.filled_quantity), eight(o.quote_quantity), eight(o.filled_notional), status_text(o), to_text(o.tif),
      type_text(o), to_text(o.side), o.created_at.ms(), prevention);
}

}  // namespace

std::string eight(decimal d) { return d.to_string(8); }
std::string_view to_text(side s) { return s == side::buy ? "BUY" : "SELL"; }

std::string_view to_text(time_in_force t) {
  switch (t) {
    case time_in_force::ioc: return "IOC";
    case time_in_force::fok: return "FOK";
    default: return "GTC";
  }
}

std::string_view type_text(const paper_order& o) {
  switch (o.type) {
    case order_type::market: return "MARKET";
    case order_type::limit_maker: return "LIMIT_MAKER";
    default: return "LIMIT";
  }
}

std::string_view status_text(const paper_order& o) {
  switch (o.status) {
    case order_status::open: return "NEW";
    case order_status::partially_filled: return "PARTIALLY_FILLED";
    case order_status::filled: return "FILLED";
    case order_status::cancelled: return "CANCELED";
    case order_status::rejected: return "REJECTED";
    case order_status::expired: return o.expired_in_match ? "EXPIRED_IN_MATCH" : "EXPIRED";
  }
  return "REJECTED";
}

std::string render_placed(const matching_engine& e, const placement& p, response_kind kind) {
  const auto& o = *p.order;
  if (kind == response_kind::ack)
    return fmt::format(R"({{"symbol":"{}","orderId":{},"orderListId":{},"clientOrderId":"{}","transactTime":{}}})",
                       e.get_instrument(o.instrument).venue_symbol, o.number, no_list, o.client_id, o.created_at.ms());
  std::string out = fmt::format(R"({{{},"transactTime":{})", render_order_core(e, o), o.created_at.ms());
  if (kind == response_kind::full) {
    out += R"(,"fills":[)";
    for (const auto& f : p.fills) {
      if (&f != p.fills.data()) out += ',';
      fmt::format_to(std::back_inserter(out), R"({{"price":"{}","qty":"{}","commission":"{}","commissionAsset":"{}","tradeId":{}}})",
                     eight(f.price), eight(f.quantity), eight(f.fee), e.asset_name(f.fee_asset), f.trade_id);
    }
    out += ']';
  }
  out += '}';
  return out;
}

std::string render_order(const matching_engine& e, const paper_order& o) {
  return fmt::format(
      R"({{{},"stopPrice":"0.00000000","icebergQty":"0.00000000","time":{},"updateTime":{},"isWorking":true}})",
      render_order_core(e, o), o.created_at.ms(), o.updated_at.ms());
}

std::string render_cancelled(const matching_engine& e, const paper_order& o, std::string_view cancel_id) {
  return fmt::format(
      R"({{"symbol":"{}","origClientOrderId":"{}","orderId":{},"orderListId":{},"clientOrderId":"{}","transactTime":{},)"
      R"("price":"{}","origQty":"{}","executedQty":"{}","origQuoteOrderQty":"{}","cummulativeQuoteQty":"{}","status":"{}",)"
      R"("timeInForce":"{}","type":"{}","side":"{}","selfTradePreventionMode":"{}"}})",
      e.get_instrument(o.instrument).venue_symbol, o.client_id, o.number, no_list, cancel_id, o.updated_at.ms(), eight(o.price),
      eight(o.quantity), eight(o.filled_quantity), eight(o.quote_quantity), eight(o.filled_notional), status_text(o),
      to_text(o.tif), type_text(o), to_text(o.side), prevention);
}

std::string render_fill(const matching_engine& e, const execution& f) {
  return fmt::format(
      R"({{"symbol":"{}","id":{},"orderId":{},"orderListId":{},"price":"{}","qty":"{}","quoteQty":"{}","commission":"{}",)"
      R"("commissionAsset":"{}","time":{},"isBuyer":{},"isMaker":{},"isBestMatch":true}})",
      e.get_instrument(f.instrument).venue_symbol, f.trade_id, f.order, no_list, eight(f.price), eight(f.quantity),
      eight(decimal::multiply(f.price, f.quantity)), eight(f.fee), e.asset_name(f.fee_asset), f.at.ms(), f.side == side::buy,
      f.maker);
}

std::string render_levels(std::span<const book_level> levels) {
  std::string out = "[";
  for (const auto& l : levels) {
    if (&l != levels.data()) out += ',';
    fmt::format_to(std::back_inserter(out), R"(["{}","{}"])", eight(l.price), eight(l.quantity));
  }
  out += ']';
  return out;
}

std::string render_execution_report(const matching_engine& e, const paper_order& o, order_change change, const execution* f,
                                    std::string_view cancel_id, wall_time at) {
  const bool cancelled = change == order_change::cancelled;
  const std::string_view what = change == order_change::accepted    ? "NEW"
                                : change == order_change::traded    ? "TRADE"
                                : cancelled                         ? "CANCELED"
                                : o.expired_in_match                ? "TRADE_PREVENTION"
                                                                    : "EXPIRED";
  const bool working = o.type != order_type::market && !is_terminal(o.status);
  const decimal last_quantity = f == nullptr ? decimal() : f->quantity, last_price = f == nullptr ? decimal() : f->price;
  const std::string fee_asset = f == nullptr ? "null" : fmt::format("\"{}\"", e.asset_name(f->fee_asset));
  return fmt::format(
      R"({{"e":"executionReport","E":{},"s":"{}","c":"{}","S":"{}","o":"{}","f":"{}","q":"{}","p":"{}","P":"0.00000000",)"
      R"("F":"0.00000000","g":{},"C":"{}","x":"{}","X":"{}","r":"NONE","i":{},"l":"{}","z":"{}","L":"{}","n":"{}","N":{},)"
      R"("T":{},"t":{},"I":{},"w":{},"m":{},"M":false,"O":{},"Z":"{}","Y":"{}","Q":"{}","W":{},"V":"{}"}})",
      at.ms(), e.get_instrument(o.instrument).venue_symbol, cancelled ? cancel_id : std::string_view(o.client_id), to_text(o.side),
      type_text(o), to_text(o.tif), eight(o.quantity), eight(o.price), no_list, cancelled ? std::string_view(o.client_id) : "", what,
      status_text(o), o.number, eight(last_quantity), eight(o.filled_quantity), eight(last_price),
      eight(f == nullptr ? decimal() : f->fee), fee_asset, o.updated_at.ms(), f == nullptr ? -1 : f->trade_id,
      o.number, working, f != nullptr && f->maker, o.created_at.ms(), eight(o.filled_notional),
      eight(decimal::multiply(last_price, last_quantity)), eight(o.quote_quantity), o.created_at.ms(), prevention);
}

std::string render_account_position(const matching_engine& e, account_number n, instrument_number i, wall_time at) {
  std::string out = fmt::format(R"({{"e":"outboundAccountPosition","E":{},"u":{},"B":[)", at.ms(), at.ms());
  bool first = true;
  for (const auto& h : e.account(n).balances.holdings()) {
    if (h.asset != e.base_asset(i) && h.asset != e.quote_asset(i)) continue;
    fmt::format_to(std::back_inserter(out), R"({}{{"a":"{}","f":"{}","l":"{}"}})", first ? "" : ",", e.asset_name(h.asset),
                   eight(h.free), eight(h.locked));
    first = false;
  }
  out += "]}";
  return out;
}

std::string render_book_ticker(const exchanges::instrument& i, const top_of_book& t) {
  return fmt::format(R"({{"u":{},"s":"{}","b":"{}","B":"{}","a":"{}","A":"{}"}})", t.update_id, i.venue_symbol,
                     eight(t.bid.price), eight(t.bid.quantity), eight(t.ask.price), eight(t.ask.quantity));
}

std::string render_depth(const exchanges::instrument& i, const depth_diff& d, wall_time at) {
  return fmt::format(R"({{"e":"depthUpdate","E":{},"s":"{}","U":{},"u":{},"b":{},"a":{}}})", at.ms(), i.venue_symbol,
                     d.first_update_id, d.last_update_id, render_levels(d.bids), render_levels(d.asks));
}

std::string render_trade(const exchanges::instrument& i, const market_trade& t, wall_time at) {
  return fmt::format(R"({{"e":"trade","E":{},"s":"{}","t":{},"p":"{}","q":"{}","T":{},"m":{},"M":true}})", at.ms(),
                     i.venue_symbol, t.id, eight(t.price), eight(t.quantity), t.at.ms(), t.buyer_is_maker);
}

std::string render_aggregate_trade(const exchanges::instrument& i, const market_trade& t, wall_time at) {
  return fmt::format(R"({{"e":"aggTrade","E":{},"s":"{}","a":{},"p":"{}","q":"{}","f":{},"l":{},"T":{},"m":{},"M":true}})",
                     at.ms(), i.venue_symbol, t.id, eight(t.price), eight(t.quantity), t.id, t.id, t.at.ms(), t.buyer_is_maker);
}

std::string render_mini_ticker(const exchanges::instrument& i, const candle& d, wall_time at) {
  return fmt::format(R"({{"e":"24hrMiniTicker","E":{},"s":"{}","c":"{}","o":"{}","h":"{}","l":"{}","v":"{}","q":"{}"}})", at.ms(),
                     i.venue_symbol, eight(d.close), eight(d.open), eight(d.high), eight(d.low), eight(d.volume),
                     eight(d.quote_volume));
}

std::string render_ticker(const exchanges::instrument& i, const candle& d, const top_of_book& t, wall_time at) {
  const decimal change = d.close - d.open;
  const decimal percent = decimal::divide(change * decimal(100), d.open).round_to_places(3, rounding::half_even);
  const decimal average = d.volume.is_zero() ? d.close : decimal::divide(d.quote_volume, d.volume).round_to_places(8, rounding::half_even);
  return fmt::format(
      R"({{"e":"24hrTicker","E":{},"s":"{}","p":"{}","P":"{}","w":"{}","x":"{}","c":"{}","Q":"0.00000000","b":"{}","B":"{}",)"
      R"("a":"{}","A":"{}","o":"{}","h":"{}","l":"{}","v":"{}","q":"{}","O":{},"C":{},"F":{},"L":{},"n":{}}})",
      at.ms(), i.venue_symbol, eight(change), percent.to_string(3), eight(average), eight(d.open), eight(d.close),
      eight(t.bid.price), eight(t.bid.quantity), eight(t.ask.price), eight(t.ask.quantity), eight(d.open), eight(d.high),
      eight(d.low), eight(d.volume), eight(d.quote_volume), d.open_time_ms, at.ms(), d.first_trade_id, d.last_trade_id, d.trades);
}

std::string render_candle(const exchanges::instrument& i, const candle& c, std::string_view interval, std::int64_t interval_ms,
                          wall_time at) {
  const auto close_time = c.open_time_ms + interval_ms - 1;
  return fmt::format(
      R"({{"e":"kline","E":{},"s":"{}","k":{{"t":{},"T":{},"s":"{}","i":"{}","f":{},"L":{},"o":"{}","c":"{}","h":"{}","l":"{}",)"
      R"("v":"{}","n":{},"x":{},"q":"{}","V":"{}","Q":"{}","B":"0"}}}})",
      at.ms(), i.venue_symbol, c.open_time_ms, close_time, i.venue_symbol, interval, c.first_trade_id, c.last_trade_id,
      eight(c.open), eight(c.close), eight(c.high), eight(c.low), eight(c.volume), c.trades, at.ms() > close_time,
      eight(c.quote_volume), eight(c.bought_volume), eight(c.bought_quote_volume));
}

}  // namespace drover::exchanges::paper::binance
