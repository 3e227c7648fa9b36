#include <limits>

#include "tenants/accounts/account_decisions.hpp"
#include "web/api/account_json.hpp"
#include "web/api/handlers.hpp"
#include "web/api/paging.hpp"
#include "web/body_reader.hpp"
#include "web/four_eyes.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t message_limit = 1000, reason_limit = 500;

net::http_response respond_with_list(const std::vector<tenants::pending_account>& found) {
  json_writer w(64 + found.size() * 384);
  w.begin_array();
  for (const auto& p : found) write_pending_account(w, p);
  w.end_array();
  return json_response(200, w.take());
}

net::http_response respond_with(const tenants::account& a, services& s) {
  json_writer w(512);
  write_account(w, a, s.parts.board);
  return json_response(200, w.take());
}

}  // namespace

/// GET /admin/exchanges?status=: accounts of all users.
task<answer> handle_list_all_accounts(request& r, services& s) {
  query_reader query(r);
  auto page = read_page(query);
  std::optional<tenants::account_status> status;
  auto text = query.text("status", 20);
  if (text) status = tenants::parse_account_status(*text);
  if (text && !status) query.complain("status", "must be PENDING, APPROVED or REJECTED");
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.accounts.store().list_for_admin(status, page);
  if (!found) co_return refuse(found.error());
  auto response = respond_with_list(*found);
  add_paging_headers(response, "/admin/exchanges", text ? "status=" + *text : "", page, found->size(),
                     found->empty() ? 0 : found->back().account.id.value);
  co_return response;
}

/// GET /admin/exchanges/pending: what waits for a decision.
task<answer> handle_list_pending_accounts(request& r, services& s) {
  query_reader query(r);
  auto page = read_page(query);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.accounts.store().list_for_admin(tenants::account_status::pending, page);
  if (!found) co_return refuse(found.error());
  auto response = respond_with_list(*found);
  add_paging_headers(response, "/admin/exchanges/pending", "", page, found->size(),
                     found->empty() ? 0 : found->back().account.id.value);
  co_return response;
}

/// POST /admin/exchanges/{id}/approve: approves the credentials that were reviewed, and switches the account on.
task<answer> handle_approve_account(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto message = body->optional_text("notification_message", message_limit).value_or(std::string());
  auto version = body->optional_integer("reviewed_version", 1, std::numeric_limits<std::int64_t>::max());
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto approved =
      co_await s.parts.accounts.store().approve(r.caller_id(), account_id(*id), version, std::move(message));
  if (!approved) co_return refuse(approved.error());
  co_return respond_with(*approved, s);
}

/// POST /admin/exchanges/{id}/waive: the reviewed key may be used although it can withdraw.
task<answer> handle_waive_withdrawals(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto reason = body->required_text("reason", reason_limit);
  const auto version = body->optional_integer("reviewed_version", 1, std::numeric_limits<std::int64_t>::max());
  if (!version) body->complain("reviewed_version", "is required");
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.accounts.store().load_credentials(account_id(*id));
  if (!found) co_return refuse(found.error());
  const auto allowed = tenants::check_waiver(found->account, r.caller_id(), *version);
  if (!allowed) co_return refuse(allowed.error());
  second_opinion about{tenants::proposal_kind::withdraw_waiver, "account:" + std::to_string(*id), std::move(reason)};
  auto other = co_await ask_second_eyes(r, s, std::move(about));
  if (other) co_return std::move(*other);
  auto waived = co_await s.parts.accounts.store().waive_withdrawals(r.caller_id(), account_id(*id), *version);
  if (!waived) co_return refuse(waived.error());
  co_return respond_with(*waived, s);
}

/// POST /admin/exchanges/{id}/reject: refuses, or takes an approval back, and switches the account off.
task<answer> handle_reject_account(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto reason = body->required_text("reason", message_limit);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto rejected = co_await s.parts.accounts.store().reject(r.caller_id(), account_id(*id), std::move(reason));
  if (!rejected) co_return refuse(rejected.error());
  co_return respond_with(*rejected, s);
}

}  // namespace drover::web::api
