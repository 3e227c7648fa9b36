// The account routes of the bot manager's clients, with their names for the fields: exchange, accountId (the label),
// apiKey, secretKey. They do what /user/exchanges does.
#include <array>
#include <limits>
#include <string_view>

#include "web/api/account_json.hpp"
#include "web/api/account_list.hpp"
#include "web/api/handlers.hpp"
#include "web/body_reader.hpp"
#include "web/step_up.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t name_limit = 50, label_limit = 256, credential_limit = 4096, address_limit = 256;

struct field_name {
  std::string_view ours, theirs;
};
constexpr std::array field_names{field_name{"exchange_name", "exchange"}, field_name{"label", "accountId"},
                                 field_name{"api_key", "apiKey"},         field_name{"api_secret", "secretKey"},
                                 field_name{"base_url", "baseUrl"},       field_name{"is_active", "isActive"}};

/// What a client wants an account to be; absent: as it is.
struct account_info {
  std::optional<std::int64_t> id;
  std::optional<std::string> exchange, label, region, base_url;
  std::optional<secret> key, key_secret, passphrase;
  std::optional<bool> is_active;
  bool has_credentials() const { return key || key_secret || passphrase; }
  /// A stolen token must not do it.
  bool needs_password() const { return !id || has_credentials() || region || base_url; }
};

/// Forms send empty texts for what was left alone.
template <class Text>
std::optional<Text> given(std::optional<Text> value) {
  if (value && value->empty()) value.reset();
  return value;
}

account_info read_info(body_reader& body) {
  account_info in;
  in.id = body.optional_integer("id", 1, std::numeric_limits<std::int64_t>::max());
  in.exchange = body.optional_text("exchange", name_limit);
  in.label = body.optional_text("accountId", label_limit);
  in.key = given(body.optional_secret("apiKey", credential_limit));
  in.key_secret = given(body.optional_secret("secretKey", credential_limit));
  in.passphrase = given(body.optional_secret("passphrase", credential_limit));
  in.region = given(body.optional_text("region", name_limit));
  in.base_url = given(body.optional_text("baseUrl", address_limit));
  in.is_active = body.optional_flag("isActive");
  const bool is_new = !in.id;
  if (is_new && !in.exchange) body.complain("exchange", "is required");
  if (is_new && !in.label) body.complain("accountId", "is required");
  if ((is_new || in.has_credentials()) && !in.key) body.complain("apiKey", "is required");
  if ((is_new || in.has_credentials()) && !in.key_secret) body.complain("secretKey", "is required");
  if (is_new && in.is_active == false)
    body.complain(
        "isActive",
        "a new account is off until it is approved, which switches it on; leave this out and switch it off then");
  return in;
}

tenants::account_request take_request(account_info& in) {
  tenants::account_request wanted;
  wanted.exchange_name = in.exchange.value_or("");
  wanted.label = in.label.value_or("");
  if (in.key) wanted.api_key = std::move(*in.key);
  if (in.key_secret) wanted.api_secret = std::move(*in.key_secret);
  if (in.passphrase) wanted.passphrase = std::move(*in.passphrase);
  wanted.region = in.region.value_or("");
  wanted.base_url = in.base_url.value_or("");
  return wanted;
}

tenants::account_service::change take_change(account_info& in) {
  tenants::account_service::change change{.label = in.label};
  change.exchange_name = in.exchange;
  change.region = in.region;
  change.base_url = in.base_url;
  if (in.has_credentials()) change.credentials = take_request(in);
  return change;
}

/// The services name fields as the other routes do.
problem in_their_names(problem p) {
  for (const auto& [ours, theirs] : field_names) {
    for (auto& e : p.errors)
      if (e.pointer.substr(1) == ours) e.pointer = "/" + std::string(theirs);
    if (p.detail.starts_with(std::string(ours) + ":")) p.detail.replace(0, ours.size(), theirs);
  }
  return p;
}

net::http_response respond_with_info(int status, const tenants::account& a, services& s) {
  json_writer w(512);
  write_account_info(w, a, s.parts.board);
  return json_response(status, w.take());
}

/// What was sent back to review stays off, and is switched on by its approval.
task<result<tenants::account>> update_info(user_id user, account_info in, services& s) {
  const account_id id(*in.id);
  const auto wanted = in.is_active;
  auto before = co_await s.parts.accounts.store().get(user, id);
  if (!before) co_return before;
  auto change = take_change(in);
  auto updated = co_await s.parts.accounts.update(user, id, std::move(change));
  if (!updated) co_return updated;
  const bool is_reviewed_anew = updated->credential_version != before->credential_version;
  if (!wanted || *wanted == updated->is_active || is_reviewed_anew) co_return updated;
  auto switched = co_await s.parts.accounts.store().set_active(user, id, *wanted);
  co_return switched;
}

}  // namespace

/// GET /api/accounts: the caller's accounts.
task<answer> handle_list_account_infos(request& r, services& s) {
  return list_accounts(r, s, "/api/accounts", write_account_info);
}

/// POST /api/accounts: connects an account, or changes the one whose `id` is given.
task<answer> handle_save_account_info(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto in = read_info(*body);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  if (in.needs_password())
    if (auto asked = ask_for_password(r, s)) co_return refuse(std::move(*asked));
  if (in.id) {
    auto updated = co_await update_info(r.caller_id(), std::move(in), s);
    if (!updated) co_return refuse(in_their_names(to_problem(updated.error())));
    co_return respond_with_info(200, *updated, s);
  }
  auto wanted = take_request(in);
  auto created = co_await s.parts.accounts.create(r.caller_id(), std::move(wanted));
  if (!created) co_return refuse(in_their_names(to_problem(created.error())));
  co_return respond_with_info(201, *created, s);
}

}  // namespace drover::web::api
