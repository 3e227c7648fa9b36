#include <algorithm>

#include "web/api/control_json.hpp"
#include "web/api/handlers.hpp"
#include "web/body_reader.hpp"
#include "web/control_calls.hpp"
#include "web/four_eyes.hpp"

namespace drover::web::api {

namespace {

using engine::engine_lock;

/// A lockdown is not ended by one alone; where there is none, there is nothing to agree to.
task<std::optional<answer>> ask_about_release(const request& r, services& s, std::string reason) {
  auto states = co_await read_locks(s);
  const auto on = std::ranges::any_of(states, [](const auto& l) { return l.name == engine_lock::lockdown && l.locked; });
  if (!on) co_return std::nullopt;
  second_opinion about{tenants::proposal_kind::end_lockdown, "engine", std::move(reason)};
  auto other = co_await ask_second_eyes(r, s, std::move(about));
  co_return other;
}

/// The body may be left out; it only says why.
task<answer> set_lock(request& r, services& s, engine_lock name, bool locked) {
  std::string reason;
  if (!r.http.body.empty()) {
    auto body = body_reader::open(r);
    if (!body) co_return refuse(body.error());
    reason = body->optional_text("reason", engine::trading_control::reason_limit).value_or("");
    if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  }
  if (name == engine_lock::lockdown && !locked) {
    auto other = co_await ask_about_release(r, s, reason);
    if (other) co_return std::move(*other);
  }
  auto done = co_await on_trading(s, get_control(s).set_lock(caller_of(r), name, locked, std::move(reason)));
  if (!done) co_return refuse(done.error());
  json_writer w(256);
  write_lock(w, *done);
  co_return json_response(200, w.take());
}

}  // namespace

/// GET /admin/locks: of logins, of trading, and the lockdown.
task<answer> handle_list_locks(request&, services& s) {
  auto states = co_await read_locks(s);
  json_writer w(768);
  w.begin_object().key("items").begin_array();
  for (const auto& state : states) write_lock(w, state);
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// POST /admin/trading/lock: when it answers, no opening order leaves any more.
task<answer> handle_lock_trading(request& r, services& s) { return set_lock(r, s, engine_lock::trading, true); }
/// POST /admin/trading/unlock: bots go on.
task<answer> handle_unlock_trading(request& r, services& s) { return set_lock(r, s, engine_lock::trading, false); }
/// POST /admin/login/lock: nobody but administrators logs in.
task<answer> handle_lock_login(request& r, services& s) { return set_lock(r, s, engine_lock::login, true); }
/// POST /admin/login/unlock: everybody logs in again.
task<answer> handle_unlock_login(request& r, services& s) { return set_lock(r, s, engine_lock::login, false); }
/// POST /admin/lockdown: no trading, no logins, and an API for administrators only.
task<answer> handle_lockdown(request& r, services& s) { return set_lock(r, s, engine_lock::lockdown, true); }
/// POST /admin/release: ends the lockdown; locks that were set by themselves stay.
task<answer> handle_end_lockdown(request& r, services& s) { return set_lock(r, s, engine_lock::lockdown, false); }

}  // namespace drover::web::api
