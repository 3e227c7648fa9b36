#include "web/api/account_json.hpp"

#include "web/bot_reason.hpp"
#include "web/ws/messages.hpp"

namespace drover::web::api {

namespace {

void write_flag(json_writer& w, std::string_view name, const std::optional<bool>& value) {
  w.key(name);
  value ? w.value(*value) : w.null();
}

void write_probe(json_writer& w, const tenants::account& a) {
  w.member("withdraw_waived", a.withdraw_waived).key("probe");
  if (!a.probe) {
    w.null();
    return;
  }
  const auto& p = *a.probe;
  w.begin_object().member("at", p.at).member("passed", p.passed).member("reason", p.reason);
  write_flag(w, "may_read", p.may_read);
  write_flag(w, "may_trade", p.may_trade);
  write_flag(w, "may_withdraw", p.may_withdraw);
  write_flag(w, "address_bound", p.address_bound);
  w.key("clock_offset_ms");
  p.clock_offset ? w.value(static_cast<std::int64_t>(p.clock_offset->count())) : w.null();
  w.end_object();
}

void write_bot(json_writer& w, const tenants::account& a, const engine::bot_board& board) {
  w.key("bot").begin_object();
  ws::write_bot_members(w, describe_bot(a, board));
  w.end_object();
}

}  // namespace

void write_account(json_writer& w, const tenants::account& a, const engine::bot_board& board) {
  w.begin_object();
  w.member("id", a.id).member("user_id", a.user).member("exchange_name", a.exchange_name).member("label", a.label);
  w.member("status", tenants::to_string(a.status)).member("is_active", a.is_active);
  w.member("error_message", a.error_message);
  w.member("created_at", a.created_at).member("updated_at", a.updated_at);
  w.member("api_key", a.api_key_mask).member("credential_version", a.credential_version);
  w.member("region", a.region);
  write_probe(w, a);
  write_bot(w, a, board);
  w.end_object();
}

void write_account_info(json_writer& w, const tenants::account& a, const engine::bot_board& board) {
  w.begin_object();
  w.member("id", a.id).member("userId", a.user).member("exchange", a.exchange_name).member("accountId", a.label);
  w.member("region", a.region).member("apiKey", a.api_key_mask).member("credentialVersion", a.credential_version);
  w.member("status", tenants::to_string(a.status)).member("isActive", a.is_active).member("errorMessage", a.error_message);
  write_flag(w, "canTrade", a.probe ? a.probe->may_trade : std::nullopt);
  write_flag(w, "canWithdraw", a.probe ? a.probe->may_withdraw : std::nullopt);
  w.member("createTime", a.created_at).member("updateTime", a.updated_at);
  write_bot(w, a, board);
  w.end_object();
}

void write_pending_account(json_writer& w, const tenants::pending_account& p) {
  const auto& a = p.account;
  w.begin_object();
  w.member("id", a.id).member("user_id", a.user);
  w.member("user_username", p.username).member("user_email", p.user_email);
  w.member("exchange_name", a.exchange_name).member("label", a.label).member("created_at", a.created_at);
  w.member("status", tenants::to_string(a.status)).member("is_active", a.is_active);
  w.member("error_message", a.error_message).member("updated_at", a.updated_at);
  w.member("api_key", a.api_key_mask).member("credential_version", a.credential_version);
  w.member("region", a.region);
  write_probe(w, a);
  w.end_object();
}

}  // namespace drover::web::api
