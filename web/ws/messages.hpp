#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/bots/bot_status.hpp"
#include "tenants/earnings/earnings_store.hpp"
#include "web/json_writer.hpp"

/// The frames that sockets get: `{"type","payload"[,"seq"]}`, errors `{"type":"error","code","message"}`.
namespace drover::web::ws {

using frame = std::shared_ptr<const std::string>;

struct welcome_facts {
  std::uint64_t session = 0;
  bool auth_required = true;
  milliseconds auth_timeout{}, heartbeat{};
  std::string_view environment;
  wall_time at;
};
frame make_welcome(const welcome_facts&);
/// The payload, and the same members on top, where clients of the first dashboard look for them.
frame make_auth_success(user_id, std::uint64_t session);
frame make_error(std::string_view code, std::string_view message);
/// `stale`: the database is away, so what was told may be old.
frame make_heartbeat(wall_time, bool stale);
frame make_connected(user_id, std::uint64_t session);
/// Everything up to `seq` has been told: after a snapshot, or after `replayed` missed messages.
frame make_synced(std::int64_t seq, bool snapshot, std::size_t replayed);

frame make_earnings_update(const engine::earnings_event&, std::int64_t seq);
/// A total of the user at `seq`: an update by nothing, `payload.snapshot` true.
frame make_earnings_snapshot(const tenants::earnings_total&, wall_time at, std::int64_t seq);
frame make_bot_update(const engine::bot_status&, std::int64_t seq, bool snapshot = false);

std::string session_text(std::uint64_t session);
/// The members of a bot's status, into an open object.
void write_bot_members(json_writer&, const engine::bot_status&);

}  // namespace drover::web::ws
