#include "engine/control/trading_control.hpp"
#include "web/api/handlers.hpp"
#include "web/json_writer.hpp"

namespace drover::web {

metrics_snapshot take_snapshot(services& s) {
  metrics_snapshot out;
  out.process = read_process_statistics(s.parts.files);
  // Every state, so that a figure falls to zero instead of staying at its last value.
  for (int state = 0; state <= static_cast<int>(engine::bot_state::locked); ++state)
    out.bots[static_cast<engine::bot_state>(state)] = 0;
  for (const auto& [state, count] : s.parts.board.counts()) out.bots[state] = count;
  out.orders = s.parts.counters.snapshot();
  out.recent_orders = s.parts.counters.recent();
  out.sockets = s.sockets->counts();
  out.users = s.parts.directory.size();
  out.login_locked = s.config.login_locked;
  if (const auto* control = s.parts.control) {
    out.trading_locked = control->is_trading_locked();
    out.login_locked = out.login_locked || control->is_login_locked();
    out.active_kills = control->active_kills();
  }
  if (s.connections) out.http_connections = s.connections().connections;
  return out;
}

}  // namespace drover::web

namespace drover::web::api {

namespace {

void write_bots(json_writer& w, const metrics_snapshot& now) {
  w.key("bots").begin_object();
  std::int64_t total = 0;
  for (const auto& [state, count] : now.bots) {
    w.member(engine::to_string(state), count);
    total += count;
  }
  w.member("total", total).end_object();
}

void write_counts(json_writer& w, const engine::order_statistics& o) {
  w.member("placed", o.placed).member("accepted", o.accepted).member("refused", o.refused);
  w.member("unknown", o.unknown).member("filled", o.filled).member("cancelled", o.cancelled).member("fills", o.fills);
  w.member("error_ratio", error_ratio(o));
}

void write_orders(json_writer& w, const metrics_snapshot& now) {
  w.key("orders").begin_object();
  write_counts(w, now.orders);
  w.key("recent").begin_object().member("window_seconds", engine::order_counters::window.count());
  write_counts(w, now.recent_orders);
  w.end_object().end_object();
}

void write_connections(json_writer& w, const metrics_snapshot& now) {
  w.key("connections").begin_object().member("http", now.http_connections).key("websockets").begin_object();
  for (std::size_t i = 0; i < ws::topic_count; ++i) {
    w.key(ws::to_string(static_cast<ws::topic>(i))).begin_object();
    w.member("authenticated", now.sockets[i].authenticated).member("waiting", now.sockets[i].waiting).end_object();
  }
  w.end_object().end_object();
}

void write_journal(json_writer& w, const engine::order_journal::statistics& j) {
  w.key("journal").begin_object();
  w.member("intended", j.intended).member("accepted", j.accepted).member("unknown", j.unknown);
  w.member("refused", j.refused).member("not_placed", j.not_placed).member("closed", j.closed).member("fills", j.fills);
  w.key("volume").raw(j.volume_json.empty() ? "{}" : j.volume_json);
  w.key("realised_profit").raw(j.realised_json.empty() ? "{}" : j.realised_json);
  w.end_object();
}

}  // namespace

/// GET /stats/now: bots, orders over all users, connections, and the process.
task<answer> handle_statistics(request&, services& s) {
  auto now = take_snapshot(s);
  json_writer w(1536);
  w.begin_object().member("at", s.parts.wall.wall_now());
  auto uptime = s.parts.timers.get_clock().now() - s.started_at;
  w.member("uptime_seconds", std::chrono::duration_cast<seconds>(uptime).count());
  w.member("version", s.parts.version).member("users", now.users);
  write_bots(w, now);
  write_orders(w, now);
  write_connections(w, now);
  if (s.parts.journal) {
    auto stored = co_await s.parts.journal->load_statistics();
    if (!stored) co_return refuse(stored.error());
    write_journal(w, *stored);
  }
  w.key("process").begin_object().member("resident_bytes", now.process.resident_bytes);
  w.member("virtual_bytes", now.process.virtual_bytes).member("threads", now.process.threads);
  w.member("cpu_ms", static_cast<std::int64_t>(now.process.cpu_seconds * 1000)).end_object().end_object();
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api
