#include "web/api/handlers.hpp"
#include "web/api/login_json.hpp"
#include "web/api/user_json.hpp"
#include "web/four_eyes.hpp"

namespace drover::web::api {

namespace {

/// A banned administrator who comes back is a new one; that there were two is remembered before one of them goes.
task<std::optional<answer>> ask_about_administrator(const request& r, services& s, std::string name, tenants::user_status wanted) {
  auto noted = co_await note_administrators(s);
  if (!noted) co_return answer(refuse(noted.error()));
  if (wanted == tenants::user_status::banned) co_return std::nullopt;
  auto found = co_await s.parts.users.find_login(std::move(name));
  if (!found) co_return answer(refuse(found.error()));
  const bool returns = *found && (*found)->user.role == tenants::role::admin && (*found)->user.status == tenants::user_status::banned;
  if (!returns) co_return std::nullopt;
  second_opinion about{tenants::proposal_kind::grant_admin, "user:" + std::to_string((*found)->user.id.value), {}};
  auto other = co_await ask_second_eyes(r, s, std::move(about));
  co_return other;
}

/// Stores the status, and lets it act here before the database's own notice comes round.
task<answer> set_status(request& r, services& s, tenants::user_status status) {
  auto name = tenants::to_username(std::string(r.parameters[0]));
  if (!tenants::is_username(name)) co_return refuse(make_not_found());
  auto other = co_await ask_about_administrator(r, s, name, status);
  if (other) co_return std::move(*other);
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
