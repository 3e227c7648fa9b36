#include "web/api/control_json.hpp"

namespace drover::web::api {

namespace {

void write_values(json_writer& w, const engine::risk_limits& l) {
  w.begin_object().member("max_order_notional", l.max_order_notional).member("max_open_orders", l.max_open_orders);
  w.member("max_position_notional", l.max_position_notional).member("max_daily_loss", l.max_daily_loss);
  w.member("price_collar", l.price_collar).member("max_orders_per_minute", l.max_orders_per_minute).end_object();
}

void write_values(json_writer& w, const engine::limit_overrides& l) {
  w.begin_object().member("max_order_notional", l.max_order_notional).member("max_open_orders", l.max_open_orders);
  w.member("max_position_notional", l.max_position_notional).member("max_daily_loss", l.max_daily_loss);
  w.member("price_collar", l.price_collar).member("max_orders_per_minute", l.max_orders_per_minute).end_object();
}

void write_scope(json_writer& w, const engine::halt_scope& scope) {
  w.begin_object().member("type", to_string(scope.what)).key("id");
  if (scope.id > 0)
    w.value(scope.id);
  else
    w.null();
  w.key("exchange");
  if (scope.name.empty())
    w.null();
  else
    w.value(scope.name);
  w.end_object();
}

}  // namespace

void write_kill(json_writer& w, const engine::kill& k) {
  w.begin_object().member("id", k.id.to_string()).member("verb", to_string(k.verb)).key("scope");
  write_scope(w, k.scope);
  w.member("state", to_string(k.state)).member("reason", k.reason).member("asked_by", k.by).member("by_admin", k.by_admin);
  w.member("asked_through", k.through).member("asked_at", k.at).member("saved", k.saved);
  w.member("survives_restart", k.survives_restart());
  w.key("receipt").raw(to_json(k.receipt));
  w.member("released_by", k.released_by).member("released_at", k.released_at).end_object();
}

void write_lock(json_writer& w, const engine::lock_state& s) {
  w.begin_object().member("name", to_string(s.name)).member("locked", s.locked).member("reason", s.reason);
  w.member("changed_by", s.by).key("changed_at");
  if (s.at == wall_time{})
    w.null();
  else
    w.value(s.at);
  w.member("saved", s.saved).member("survives_restart", s.survives_restart()).end_object();
}

void write_limits(json_writer& w, const engine::limits_view& v) {
  w.begin_object().member("account_id", v.account).key("in_force");
  write_values(w, v.in_force);
  w.key("allowed");
  write_values(w, v.allowed);
  w.key("set_by_admin");
  write_values(w, v.by_admin);
  w.key("set_by_owner");
  write_values(w, v.by_owner);
  w.key("today").begin_array();
  for (const auto& day : v.today)
    w.begin_object().member("asset", day.asset).member("realised", day.realised).member("halted", day.halted).end_object();
  w.end_array().end_object();
}

}  // namespace drover::web::api
