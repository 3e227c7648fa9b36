#include "web/api/room_json.hpp"

namespace drover::web::api {

using namespace engine;

void write_room(json_writer& w, const room_view& seen) {
  const auto& r = seen.room;
  w.begin_object();
  w.member("id", r.id).member("name", r.name).member("role", to_string(seen.role)).member("lead", seen.lead_name);
  if (seen.role == room_role::lead) w.member("account_id", r.account);
  w.key("symbols").begin_array();
  for (const auto& symbol : r.symbols) w.value(symbol);
  w.end_array();
  w.member("state", to_string(r.state)).member("reason", r.reason);
  w.member("followers", seen.followers).member("max_followers", r.max_followers);
  w.member("max_ratio", r.max_ratio).member("max_order_notional", r.max_order_notional);
  w.member("created_at", r.created_at).member("updated_at", r.updated_at).member("closed_at", r.closed_at);
  w.end_object();
}

void write_invitation(json_writer& w, const invitation& i, wall_time now) {
  w.member("id", i.id).member("room_id", i.room);
  w.member("username", i.username.empty() ? std::nullopt : std::optional(i.username));
  w.member("uses", i.uses).member("uses_limit", i.uses_limit).member("while_connected", i.while_connected);
  w.member("open", i.is_open(now)).member("created_at", i.created_at).member("expires_at", i.expires_at);
}

void write_member(json_writer& w, const member& m, bool own) {
  w.begin_object();
  w.member("id", m.id).member("room_id", m.room).member("name", m.name).member("symbol", m.symbol);
  w.member("state", to_string(m.state)).member("drift", m.drift);
  w.member("joined_at", m.joined_at).member("ended_at", m.ended_at);
  if (own) w.member("account_id", m.account).member("bot_id", m.bot).member("reason", m.reason);
  w.end_object();
}

void write_signal(json_writer& w, const room_signal& s) {
  w.begin_object();
  w.member("id", s.key.fill).member("symbol", s.symbol).member("side", exchanges::to_string(s.side));
  w.member("price", s.price).member("quantity", s.quantity).member("at", s.at).member("complete", s.completed);
  w.end_object();
}

void write_receipt(json_writer& w, const receipt_view& seen, bool own) {
  const auto& r = seen.receipt;
  w.begin_object();
  w.member("signal_id", r.key.fill).member("member_id", r.member).member("name", seen.name);
  w.member("symbol", seen.symbol)
      .member("side", exchanges::to_string(seen.side))
      .member("signal_price", seen.signal_price);
  w.member("outcome", to_string(r.outcome)).member("judged_at", r.judged_at);
  w.member("latency_us", std::chrono::duration_cast<std::chrono::microseconds>(r.latency).count());
  w.member("slippage", seen.slippage);
  if (own) {
    const bool has_order = r.order != uuid();
    w.member("account_id", r.account).member("reason", r.reason).member("quantity", r.quantity);
    w.member("client_order_id", has_order ? std::optional(r.order.to_hex()) : std::nullopt);
    w.member("order_state", has_order && !seen.order_state.empty() ? std::optional(seen.order_state) : std::nullopt);
    w.member("filled_quantity", seen.filled_quantity);
  }
  w.end_object();
}

}  // namespace drover::web::api
