#include "app/cli/venue_json.hpp"

#include <array>

namespace drover::app {

namespace {

using namespace exchanges;

std::string_view to_text(tristate t) {
  constexpr std::array<std::string_view, 3> names{"no", "yes", "unknown"};
  return names[static_cast<std::size_t>(t)];
}

json to_json(const std::vector<book_level>& levels) {
  auto out = json::array();
  for (const auto& l : levels) out.push_back({l.price.to_string(), l.quantity.to_string()});
  return out;
}

json to_json(const instrument& i) {
  return {{"symbol", i.symbol},
          {"venue_symbol", i.venue_symbol},
          {"base_asset", i.base_asset},
          {"quote_asset", i.quote_asset},
          {"tick_size", i.tick_size.to_string()},
          {"lot_size", i.lot_size.to_string()},
          {"min_quantity", i.min_quantity.to_string()},
          {"max_quantity", i.max_quantity.to_string()},
          {"min_notional", i.min_notional.to_string()},
          {"trading", i.trading}};
}

json to_json(const permissions& p) {
  return {{"read", to_text(p.read)},
          {"trade", to_text(p.trade)},
          {"withdraw", to_text(p.withdraw)},
          {"address_bound", to_text(p.address_bound)}};
}

json to_json(const book_snapshot& b) {
  return {{"symbol", b.symbol}, {"update_id", b.update_id}, {"bids", to_json(b.bids)}, {"asks", to_json(b.asks)}};
}

/// Without the token: what is printed may be pasted anywhere.
json to_json(const stream_access& a) {
  json out{{"url", a.url}, {"token", a.token.empty() ? "" : "***"}};
  if (a.ping_interval) out["ping_interval_ms"] = std::chrono::duration_cast<milliseconds>(*a.ping_interval).count();
  if (a.valid_for) out["valid_for_ms"] = std::chrono::duration_cast<milliseconds>(*a.valid_for).count();
  return out;
}

struct answer_printer {
  json operator()(const nothing&) const { return json::object(); }
  json operator()(wall_time t) const { return {{"server_time", to_rfc3339(t)}, {"server_time_ms", t.ms()}}; }
  json operator()(const std::shared_ptr<const stream_access>& a) const { return a ? to_json(*a) : json::object(); }
  template <class T>
  json operator()(const std::vector<T>& list) const {
    auto out = json::array();
    for (const auto& item : list) out.push_back((*this)(item));
    return out;
  }
  template <class T>
  json operator()(const T& value) const {
    return to_json(value);
  }
  json operator()(const order& o) const { return app::to_json(o); }
  json operator()(const fill& f) const { return app::to_json(f); }
  json operator()(const balance& b) const { return app::to_json(b); }
  json operator()(const book_ticker& t) const { return app::to_json(t); }
  json operator()(const public_trade& t) const { return app::to_json(t); }
  json operator()(const candle& c) const { return app::to_json(c); }
};

}  // namespace

json to_json(const order& o) {
  return {{"symbol", o.symbol},
          {"venue_order_id", o.venue_order_id},
          {"client_order_id", o.client_order_id},
          {"side", to_string(o.side)},
          {"type", to_string(o.type)},
          {"status", to_string(o.status)},
          {"price", o.price.to_string()},
          {"quantity", o.quantity.to_string()},
          {"filled_quantity", o.filled_quantity.to_string()},
          {"filled_notional", o.filled_notional.to_string()},
          {"updated_at", to_rfc3339(o.updated_at)},
          {"complete", o.complete}};
}

json to_json(const fill& f) {
  return {{"symbol", f.symbol},
          {"trade_id", f.trade_id},
          {"venue_order_id", f.venue_order_id},
          {"client_order_id", f.client_order_id},
          {"side", to_string(f.side)},
          {"price", f.price.to_string()},
          {"quantity", f.quantity.to_string()},
          {"fee", f.fee.to_string()},
          {"fee_asset", f.fee_asset},
          {"maker", f.maker},
          {"at", to_rfc3339(f.at)}};
}

json to_json(const balance& b) {
  return {{"asset", b.asset}, {"free", b.free.to_string()}, {"locked", b.locked.to_string()}};
}

json to_json(const book_ticker& t) {
  return {{"symbol", t.symbol},
          {"bid_price", t.bid_price.to_string()},
          {"bid_quantity", t.bid_quantity.to_string()},
          {"ask_price", t.ask_price.to_string()},
          {"ask_quantity", t.ask_quantity.to_string()},
          {"update_id", t.update_id}};
}

json to_json(const public_trade& t) {
  return {{"symbol", t.symbol},
          {"trade_id", t.trade_id},
          {"price", t.price.to_string()},
          {"quantity", t.quantity.to_string()},
          {"buyer_is_maker", t.buyer_is_maker},
          {"at", to_rfc3339(t.at)}};
}

json to_json(const candle& c) {
  return {{"symbol", c.symbol},           {"interval", to_string(c.interval)}, {"opens_at", to_rfc3339(c.opens_at)},
          {"open", c.open.to_string()},   {"high", c.high.to_string()},        {"low", c.low.to_string()},
          {"close", c.close.to_string()}, {"volume", c.volume.to_string()}};
}

json to_json(const book_update& b) {
  json out{{"symbol", b.symbol},           {"whole", b.whole},        {"first_id", b.first_id}, {"last_id", b.last_id},
           {"previous_id", b.previous_id}, {"bids", to_json(b.bids)}, {"asks", to_json(b.asks)}};
  if (b.checksum) out["checksum"] = *b.checksum;
  return out;
}

json to_json(const venue_answer& answer) {
  return std::visit(answer_printer{}, answer);
}

json to_json(const error& e) {
  const bool canonical = e.code.category() == make_error_code(exchange_errc::protocol).category();
  json out{{"code", canonical ? std::string(to_string(static_cast<exchange_errc>(e.code.value()))) : e.code.message()},
           {"detail", e.detail}};
  if (e.retry_after) out["retry_after_ms"] = e.retry_after->count();
  return out;
}

}  // namespace drover::app
