#include <algorithm>
#include <cctype>

#include "web/api/handlers.hpp"
#include "web/api/user_json.hpp"

namespace drover::web::api {

namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// Stores the status, and lets it act here before the database's own notice comes round.
task<answer> set_status(request& r, services& s, tenants::user_status status) {
  auto name = lower_case(r.parameters[0]);
  if (!tenants::is_username(name)) co_return refuse(make_not_found());
  auto changed = co_await s.parts.users.set_status(std::move(name), status, r.caller_id());
  if (!changed) co_return refuse(changed.error());
  auto refreshed = co_await s.parts.directory.refresh(changed->id);
  if (!refreshed) co_return refuse(refreshed.error());
  s.sockets->check(changed->id);
  json_writer w(384);
  write_user(w, *changed);
  co_return json_response(200, w.take());
}

}  // namespace

/// POST /backend/ban-user/name/{name}/now: the user's tokens, sockets and bots end at once.
task<answer> handle_ban_user(request& r, services& s) {
  auto admin = co_await s.parts.users.get(r.caller_id());
  if (!admin) co_return refuse(admin.error());
  if (admin->username == lower_case(r.parameters[0]))
    co_return refuse(problem{409, "own-account", "Own account", "Nobody bans themselves; ask another administrator."});
  answer done = co_await set_status(r, s, tenants::user_status::banned);
  co_return done;
}

/// POST /backend/unban-user/name/{name}/now: the user may log in again.
task<answer> handle_unban_user(request& r, services& s) {
  answer done = co_await set_status(r, s, tenants::user_status::active);
  co_return done;
}

}  // namespace drover::web::api
