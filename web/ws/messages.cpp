#include "web/ws/messages.hpp"

#include <fmt/format.h>

namespace drover::web::ws {

namespace {

frame finish(json_writer& w) {
  return std::make_shared<const std::string>(w.take());
}

json_writer open(std::string_view type) {
  json_writer w;
  w.begin_object().member("type", type).key("payload").begin_object();
  return w;
}

frame close_with_seq(json_writer& w, std::int64_t seq) {
  w.end_object().member("seq", seq).end_object();
  return finish(w);
}

}  // namespace

std::string session_text(std::uint64_t session) {
  return fmt::format("{:016x}", session);
}

frame make_welcome(const welcome_facts& f) {
  auto w = open("welcome");
  w.member("auth_required", f.auth_required).member("session_id", session_text(f.session));
  w.member("auth_timeout_ms", f.auth_timeout.count()).member("heartbeat_ms", f.heartbeat.count());
  w.member("environment", f.environment).member("at", f.at);
  w.end_object().end_object();
  return finish(w);
}

frame make_auth_success(user_id user, std::uint64_t session) {
  auto w = open("auth_success");
  w.member("user_id", user).member("session_id", session_text(session)).end_object();
  w.member("user_id", user).member("session_id", session_text(session)).end_object();
  return finish(w);
}

frame make_error(std::string_view code, std::string_view message) {
  json_writer w;
  w.begin_object().member("type", "error").member("code", code).member("message", message).end_object();
  return finish(w);
}

frame make_heartbeat(wall_time at, bool stale) {
  auto w = open("heartbeat");
  w.member("at", at).member("stale", stale).end_object().end_object();
  return finish(w);
}

frame make_connected(user_id user, std::uint64_t session) {
  auto w = open("connect");
  w.member("user_id", user).member("session_id", session_text(session)).end_object().end_object();
  return finish(w);
}

frame make_synced(std::int64_t seq, bool snapshot, std::size_t replayed) {
  auto w = open("synced");
  w.member("snapshot", snapshot).member("replayed", replayed);
  return close_with_seq(w, seq);
}

frame make_earnings_update(const engine::earnings_event& e, std::int64_t seq) {
  auto w = open("earnings_update");
  w.member("id", e.earning_id).member("account_id", e.account).member("source", e.source).member("asset", e.asset);
  w.member("amount", e.amount).member("total", e.total).member("at", e.at);
  return close_with_seq(w, seq);
}

frame make_earnings_snapshot(const tenants::earnings_total& t, wall_time at, std::int64_t seq) {
  auto w = open("earnings_update");
  w.member("snapshot", true).key("account_id").null().member("source", t.source).member("asset", t.asset);
  w.member("amount", decimal()).member("total", t.amount).member("count", t.count).member("at", at);
  return close_with_seq(w, seq);
}

void write_bot_members(json_writer& w, const engine::bot_status& s) {
  w.member("state", engine::to_string(s.state)).member("reason", s.reason).member("since", s.since);
  w.member("strategy", s.strategy).member("symbol", s.symbol).member("open_orders", s.open_orders);
  w.member("restarts", s.restarts);
}

frame make_bot_update(const engine::bot_status& s, std::int64_t seq, bool snapshot) {
  auto w = open("bot_update");
  w.member("account_id", s.account).member("bot_id", s.bot);
  write_bot_members(w, s);
  if (snapshot) w.member("snapshot", true);
  return close_with_seq(w, seq);
}

}  // namespace drover::web::ws
