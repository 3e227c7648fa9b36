#include "web/api/handlers.hpp"
#include "web/api/login_json.hpp"
#include "web/api/user_json.hpp"

namespace drover::web::api {

namespace {

/// Stores the status, and lets it act here before the database's own notice comes round.
task<answer> set_status(request& r, services& s, tenants::user_status status) {
  auto name = tenants::to_username(std::string(r.parameters[0]));
  if (!tenants::is_username(name)) co_return refuse(make_not_found());
  auto changed = co_await s.parts.users.set_status(std::move(name), status, r.caller_id());
  if (!changed) co_return refuse(changed.error());
  answer in_force = co_await put_in_force(changed->id, s);
  if (!in_force) co_return in_force;
  json_writer w(384);
  write_user(w, *changed);
  co_return json_response(200, w.take());
}

}  // namespace

/// POST /backend/ban-user/name/{name}/now: the user's tokens, sockets and bots end at once.
task<answer> handle_ban_user(request& r, services& s) {
  auto admin = co_await s.parts.users.get(r.caller_id());
  if (!admin) co_return refuse(admin.error());
  if (admin->username == tenants::to_username(std::string(r.parameters[0])))
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
