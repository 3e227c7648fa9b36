#include "web/api/order_json.hpp"

namespace drover::web::api {

namespace {

using exchanges::to_string;

std::optional<std::string> order_id_of(const engine::fill_record& f) {
  if (!f.order) return std::nullopt;
  return f.order->to_string();
}

}  // namespace

void write_order(json_writer& w, const engine::order_record& r, bool close) {
  const auto& o = r.order;
  const auto& i = o.intent;
  w.begin_object();
  w.member("id", i.id.to_string()).member("client_order_id", i.client_order_id()).member("venue_order_id", o.venue_order_id);
  w.member("account_id", i.account).member("bot_id", i.bot).member("user_id", i.user).member("exchange_name", i.exchange_name);
  w.member("symbol", i.symbol).member("side", to_string(i.side)).member("type", to_string(i.type));
  w.member("time_in_force", to_string(i.tif)).member("price", i.price).member("quantity", i.quantity);
  w.member("filled_quantity", o.filled_quantity).member("reported_quantity", o.reported_quantity).member("tag", i.tag);
  w.member("state", to_string(o.state)).member("status", to_string(o.status)).member("reason", o.reason);
  w.member("created_at", i.created_at).member("sent_at", r.times.sent_at).member("accepted_at", r.times.accepted_at).member("unknown_at", r.times.unknown_at);
  w.member("ended_at", r.times.ended_at).member("updated_at", r.times.updated_at);
  if (close) w.end_object();
}

void write_external_order(json_writer& w, const engine::external_order& e) {
  const auto& o = e.order;
  w.begin_object();
  w.key("id").null().member("client_order_id", o.client_order_id).member("venue_order_id", o.venue_order_id);
  w.member("account_id", e.account).member("bot_id", bot_id()).member("user_id", e.user).member("exchange_name", e.exchange_name);
  w.member("symbol", o.symbol).member("side", to_string(o.side)).member("type", to_string(o.type)).key("time_in_force").null();
  w.member("price", o.price).member("quantity", o.quantity).member("filled_quantity", o.filled_quantity);
  w.member("reported_quantity", o.filled_quantity).member("tag", "").member("state", external_state).member("status", to_string(o.status));
  w.member("reason", "The engine did not place it and leaves it alone");
  w.key("created_at").null().key("sent_at").null().key("accepted_at").null().key("unknown_at").null().key("ended_at").null();
  w.member("updated_at", e.seen_at).end_object();
}

void write_fill(json_writer& w, const engine::fill_record& f) {
  w.begin_object().member("id", f.id).member("order_id", order_id_of(f)).member("external", !f.order);
  w.member("trade_id", f.fill.trade_id).member("venue_order_id", f.fill.venue_order_id).member("account_id", f.account);
  w.member("bot_id", f.bot).member("user_id", f.user).member("exchange_name", f.exchange_name).member("symbol", f.fill.symbol);
  w.member("side", to_string(f.fill.side)).member("price", f.fill.price).member("quantity", f.fill.quantity);
  w.member("quote_asset", f.quote_asset).member("fee", f.fill.fee).member("fee_asset", f.fill.fee_asset);
  w.member("maker", f.fill.maker).member("realised", f.realised).member("at", f.fill.at).member("recorded_at", f.recorded_at);
  w.end_object();
}

void write_life(json_writer& w, std::span<const engine::life_event> events) {
  w.begin_array();
  for (const auto& e : events)
    w.begin_object().member("event", e.event).member("happened", e.happened).member("at", e.at).member("detail", e.detail).end_object();
  w.end_array();
}

void write_order_titles(csv_writer& csv) {
  for (const auto* title : {"id", "venue_order_id", "account_id", "bot_id", "exchange_name", "symbol", "side", "type", "time_in_force", "price",
                            "quantity", "filled_quantity", "tag", "state", "status", "reason", "created_at", "sent_at", "accepted_at", "ended_at", "updated_at"})
    csv.value(title);
  csv.end_row();
}

void write_row(csv_writer& csv, const engine::order_record& r) {
  const auto& o = r.order;
  const auto& i = o.intent;
  csv.value(i.id.to_string()).value(o.venue_order_id).value(i.account).value(i.bot).value(i.exchange_name).value(i.symbol);
  csv.value(to_string(i.side)).value(to_string(i.type)).value(to_string(i.tif)).value(i.price).value(i.quantity).value(o.filled_quantity);
  csv.value(i.tag).value(to_string(o.state)).value(to_string(o.status)).value(o.reason).value(i.created_at).value(r.times.sent_at);
  csv.value(r.times.accepted_at).value(r.times.ended_at).value(r.times.updated_at).end_row();
}

void write_row(csv_writer& csv, const engine::external_order& e) {
  const auto& o = e.order;
  csv.empty().value(o.venue_order_id).value(e.account).empty().value(e.exchange_name).value(o.symbol);
  csv.value(to_string(o.side)).value(to_string(o.type)).empty().value(o.price).value(o.quantity).value(o.filled_quantity);
  csv.empty().value(external_state).value(to_string(o.status)).empty().empty().empty().empty().empty().value(e.seen_at).end_row();
}

void write_fill_titles(csv_writer& csv) {
  for (const auto* title : {"id", "order_id", "trade_id", "venue_order_id", "account_id", "bot_id", "exchange_name", "symbol", "side", "price",
                            "quantity", "quote_asset", "fee", "fee_asset", "maker", "realised", "at", "recorded_at"})
    csv.value(title);
  csv.end_row();
}

void write_row(csv_writer& csv, const engine::fill_record& f) {
  csv.value(f.id).value(order_id_of(f)).value(f.fill.trade_id).value(f.fill.venue_order_id).value(f.account).value(f.bot);
  csv.value(f.exchange_name).value(f.fill.symbol).value(to_string(f.fill.side)).value(f.fill.price).value(f.fill.quantity);
  csv.value(f.quote_asset).value(f.fill.fee).value(f.fill.fee_asset).value(f.fill.maker).value(f.realised).value(f.fill.at);
  csv.value(f.recorded_at).end_row();
}

}  // namespace drover::web::api
