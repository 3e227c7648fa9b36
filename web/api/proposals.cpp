#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "web/api/handlers.hpp"
#include "web/api/proposal_json.hpp"
#include "web/body_reader.hpp"
#include "web/control_calls.hpp"
#include "web/four_eyes.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

using tenants::proposal_kind;

constexpr std::size_t reason_limit = 500, digest_length = 64, kind_limit = 40;

std::int64_t number_in(const std::string& subject) {
  return std::stoll(subject.substr(subject.find(':') + 1));
}

/// One who is banned is no administrator yet.
task<result<void>> grant_admin(services& s, user_id user, user_id by) {
  auto changed = co_await s.parts.users.set_role(user, tenants::role::admin, by);
  if (changed && changed->status == tenants::user_status::banned)
    changed = co_await s.parts.users.set_status(changed->username, tenants::user_status::active, by);
  if (!changed) co_return std::unexpected(changed.error());
  auto known = co_await s.parts.directory.refresh(user);
  s.sockets->check(user);
  co_return known;
}

task<result<void>> end_lockdown(services& s, engine::control_caller by, std::string reason) {
  auto done =
      co_await on_trading(s, get_control(s).set_lock(by, engine::engine_lock::lockdown, false, std::move(reason)));
  if (!done) co_return std::unexpected(done.error());
  co_return result<void>();
}

/// The version that was reviewed, and no newer one.
task<result<void>> waive(services& s, tenants::proposal p, user_id by) {
  const auto content = parse_json(p.content);
  if (!content) co_return std::unexpected(content.error());
  const auto version = content->at("credential_version").get<std::int64_t>();
  auto done = co_await s.parts.accounts.store().waive_withdrawals(by, account_id(number_in(p.subject)), version);
  if (!done) co_return std::unexpected(done.error());
  co_return result<void>();
}

/// A rotation begins when the operator asks for it.
task<result<void>> wait_for_operator() {
  co_return result<void>();
}

task<result<void>> carry_out(services& s, const request& r, tenants::proposal p) {
  if (p.kind == proposal_kind::grant_admin) return grant_admin(s, user_id(number_in(p.subject)), r.caller_id());
  if (p.kind == proposal_kind::end_lockdown) return end_lockdown(s, caller_of(r), p.reason);
  if (p.kind == proposal_kind::withdraw_waiver) return waive(s, std::move(p), r.caller_id());
  return wait_for_operator();
}

}  // namespace

/// GET /admin/proposals?state=: what waits for another administrator ("living", the default), or all of them, newest
/// first.
task<answer> handle_list_proposals(request& r, services& s) {
  query_reader query(r);
  const auto state = query.text("state", kind_limit).value_or("living");
  if (state != "living" && state != "all") query.complain("state", "must be living or all");
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await get_proposals(s).list(state == "living");
  if (!found) co_return refuse(found.error());
  auto needed = co_await get_proposals(s).in_force();
  if (!needed) co_return refuse(needed.error());
  json_writer w(256 + found->size() * 768);
  w.begin_object().member("four_eyes", *needed).key("items").begin_array();
  for (const auto& p : *found) write_proposal(w, p);
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// GET /admin/proposals/{id}: one of them.
task<answer> handle_get_proposal(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto found = co_await get_proposals(s).store().get(*id);
  if (!found) co_return refuse(found.error());
  co_return respond_with_proposal(200, *found);
}

/// POST /admin/proposals: of what has no call of its own: the rotation of the master key.
task<answer> handle_propose(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  const auto name = body->required_text("kind", kind_limit);
  auto reason = body->optional_text("reason", reason_limit).value_or(std::string());
  if (name != to_string(proposal_kind::rotate_master_key))
    body->complain("kind", "must be rotate_master_key; the others are proposed by the calls that do them");
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto content = co_await describe_subject(s, proposal_kind::rotate_master_key, "engine");
  if (!content) co_return refuse(content.error());
  auto made = co_await get_proposals(s).propose(r.caller_id(), proposal_kind::rotate_master_key, "engine",
                                                std::move(*content), std::move(reason));
  if (!made) co_return refuse(made.error());
  co_return respond_with_proposal(201, *made);
}

/// POST /admin/proposals/{id}/confirm: another administrator agrees to what they read, and it is done.
task<answer> handle_confirm_proposal(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto digest = body->required_text("digest", digest_length);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto known = co_await get_proposals(s).store().get(*id);
  if (!known) co_return refuse(known.error());
  auto current = co_await describe_subject(s, known->kind, known->subject);
  if (!current) co_return refuse(current.error());
  auto confirmed =
      co_await get_proposals(s).confirm(std::move(*known), r.caller_id(), std::move(digest), std::move(*current));
  if (!confirmed) co_return refuse(confirmed.error());
  auto done = co_await carry_out(s, r, *confirmed);
  if (!done) co_return refuse(done.error());
  if (confirmed->kind == proposal_kind::rotate_master_key) co_return respond_with_proposal(200, *confirmed);
  auto finished = co_await get_proposals(s).store().finish(*id);
  if (!finished) co_return refuse(finished.error());
  co_return respond_with_proposal(200, *finished);
}

/// DELETE /admin/proposals/{id}: taken back, or refused by another administrator.
task<answer> handle_withdraw_proposal(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto withdrawn = co_await get_proposals(s).withdraw(*id, r.caller_id());
  if (!withdrawn) co_return refuse(withdrawn.error());
  co_return empty_response(204);
}

}  // namespace drover::web::api
