#include "web/api/account_json.hpp"
#include "web/api/account_list.hpp"
#include "web/api/handlers.hpp"
#include "web/body_reader.hpp"
#include "web/step_up.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t name_limit = 50, label_limit = 256, credential_limit = 4096, address_limit = 256;

net::http_response respond_with(int status, const tenants::account& a, services& s) {
  json_writer w(512);
  write_account(w, a, s.parts.board);
  return json_response(status, w.take());
}

/// Label, key and secret (and passphrase where the exchange has one), region or its address: at least one of these.
tenants::account_service::change read_change(body_reader& body) {
  tenants::account_service::change change;
  change.label = body.optional_text("label", label_limit);
  auto key = body.optional_secret("api_key", credential_limit);
  auto api_secret = body.optional_secret("api_secret", credential_limit);
  auto passphrase = body.optional_secret("passphrase", credential_limit);
  change.region = body.optional_text("region", name_limit);
  change.base_url = body.optional_text("base_url", address_limit);
  bool replaces = key || api_secret || passphrase;
  if (replaces && !key) body.complain("api_key", "is required when credentials are replaced");
  if (replaces && !api_secret) body.complain("api_secret", "is required when credentials are replaced");
  if (change.region && change.region->empty()) body.complain("region", "must not be empty");
  if (change.base_url && change.base_url->empty()) body.complain("base_url", "must not be empty");
  if (!replaces && !change.label && !change.region && !change.base_url)
    body.complain("label", "or new credentials, region or base_url must be given");
  if (replaces && key && api_secret) {
    change.credentials.emplace();
    change.credentials->api_key = std::move(*key);
    change.credentials->api_secret = std::move(*api_secret);
    if (passphrase) change.credentials->passphrase = std::move(*passphrase);
  }
  return change;
}

}  // namespace

/// POST /user/exchanges/: connects an exchange account; it waits for approval.
task<answer> handle_create_account(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  tenants::account_request wanted;
  wanted.exchange_name = body->required_text("exchange_name", name_limit);
  wanted.label = body->required_text("label", label_limit);
  wanted.api_key = body->required_secret("api_key", credential_limit);
  wanted.api_secret = body->required_secret("api_secret", credential_limit);
  auto passphrase = body->optional_secret("passphrase", credential_limit);
  if (passphrase) wanted.passphrase = std::move(*passphrase);
  wanted.region = body->optional_text("region", name_limit).value_or("");
  wanted.base_url = body->optional_text("base_url", address_limit).value_or("");
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto created = co_await s.parts.accounts.create(r.caller_id(), std::move(wanted));
  if (!created) co_return refuse(created.error());
  auto response = respond_with(201, *created, s);
  response.headers.emplace_back("Location", "/user/exchanges/" + std::to_string(created->id.value));
  co_return response;
}

/// GET /user/exchanges/: the caller's accounts.
task<answer> handle_list_accounts(request& r, services& s) {
  return list_accounts(r, s, "/user/exchanges/", write_account);
}

/// GET /user/exchanges/{id}: one of the caller's accounts.
task<answer> handle_get_account(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto found = co_await s.parts.accounts.store().get(r.caller_id(), account_id(*id));
  if (!found) co_return refuse(found.error());
  co_return respond_with(200, *found, s);
}

/// PATCH /user/exchanges/{id}: new label, or new credentials or another region, which wait for approval again.
task<answer> handle_update_account(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto change = read_change(*body);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  if (change.credentials || change.region || change.base_url)
    if (auto asked = ask_for_password(r, s)) co_return refuse(std::move(*asked));
  auto updated = co_await s.parts.accounts.update(r.caller_id(), account_id(*id), std::move(change));
  if (!updated) co_return refuse(updated.error());
  co_return respond_with(200, *updated, s);
}

/// DELETE /user/exchanges/{id}: destroys the credentials; history stays.
task<answer> handle_delete_account(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto removed = co_await s.parts.accounts.store().remove(r.caller_id(), account_id(*id));
  if (!removed) co_return refuse(removed.error());
  co_return empty_response(204);
}

/// POST /user/exchanges/{id}/probe: asks the exchange now what the stored key may do.
task<answer> handle_probe_account(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto seen = co_await s.parts.accounts.probe(r.caller_id(), account_id(*id));
  if (!seen) co_return refuse(seen.error());
  co_return respond_with(200, *seen, s);
}

/// PATCH /user/exchanges/{id}/toggle: switches an approved account on, or any account off.
task<answer> handle_toggle_account(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  bool is_active = body->required_flag("is_active");
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto changed = co_await s.parts.accounts.store().set_active(r.caller_id(), account_id(*id), is_active);
  if (!changed) co_return refuse(changed.error());
  co_return respond_with(200, *changed, s);
}

}  // namespace drover::web::api
