#include "tenants/errors.hpp"

#include <string_view>

#include "base/postgres.hpp"

namespace drover::tenants {
namespace {

std::string_view message_of(int value) {
  switch (static_cast<tenant_errc>(value)) {
    case tenant_errc::not_found:
      return "not found";
    case tenant_errc::invalid:
      return "a field is not acceptable";
    case tenant_errc::duplicate:
      return "this API key is connected already";
    case tenant_errc::account_not_approved:
      return "the account is not approved";
    case tenant_errc::already_decided:
      return "the account was decided on already";
    case tenant_errc::own_account:
      return "nobody decides on their own account";
    case tenant_errc::key_refused:
      return "the key is not acceptable";
    case tenant_errc::own_proposal:
      return "nobody confirms their own proposal";
    case tenant_errc::name_taken:
      return "the name is taken";
    case tenant_errc::banned:
      return "the user is banned";
    case tenant_errc::bad_login:
      return "username and password do not match";
    case tenant_errc::wrong_password:
      return "the password is not right";
    case tenant_errc::second_factor_required:
      return "the code of the second factor is missing";
    case tenant_errc::wrong_code:
      return "the code is not right";
    case tenant_errc::refresh_refused:
      return "the refresh token is not good";
    case tenant_errc::refresh_reused:
      return "the refresh token was used before";
    case tenant_errc::key_taken:
      return "the public key is taken";
    case tenant_errc::registration_closed:
      return "nobody may register";
    case tenant_errc::invitation_refused:
      return "the invitation is not good";
    case tenant_errc::bootstrap_refused:
      return "the first administrator cannot be made so";
    case tenant_errc::last_admin:
      return "this is the last administrator";
    case tenant_errc::unavailable:
      return "temporarily unavailable";
    case tenant_errc::overloaded:
      return "too many requests";
    case tenant_errc::internal:
      return "internal error";
  }
  return "unknown error";
}

constinit const enum_category category("tenants", message_of);

struct constraint_meaning {
  std::string_view constraint;
  tenant_errc code;
  std::string_view detail;
};

constexpr constraint_meaning meanings[] = {
    {"user_exchanges_key_fingerprint_key", tenant_errc::duplicate, "api_key: is connected already"},
    {"user_exchanges_label_length", tenant_errc::invalid, "label: is empty or too long"},
    {"user_exchanges_active_needs_approval", tenant_errc::account_not_approved,
     "an administrator must approve it first"},
    {"user_exchanges_not_self_approved", tenant_errc::own_account, ""},
    {"user_exchanges_not_self_waived", tenant_errc::own_account, ""},
    {"proposals_need_four_eyes", tenant_errc::own_proposal, ""},
    {"user_exchanges_user_id_fkey", tenant_errc::not_found, "the user does not exist"},
    {"users_username_key", tenant_errc::name_taken, "username: is taken"},
    {"user_public_keys_key_key", tenant_errc::key_taken, ""},
    {"users_username_format", tenant_errc::invalid, "username: must have 3 to 32 characters of a-z, 0-9, _ . -"},
    {"users_email_format", tenant_errc::invalid, "email: must have at most 254 characters"},
};

error from_constraint(const error& e) {
  for (const auto& meaning : meanings)
    if (meaning.constraint == e.detail) return {meaning.code, std::string(meaning.detail)};
  return internal_error(e);
}

error from_code(const error& e) {
  if (e.code == db_errc::unique_violation || e.code == db_errc::constraint_violation) return from_constraint(e);
  if (e.code == db_errc::unavailable) return {tenant_errc::unavailable, "the database cannot be reached"};
  if (e.code == db_errc::in_doubt)
    return {tenant_errc::unavailable, "whether the change was stored is not known: look before trying again"};
  if (e.code == db_errc::retry) return {tenant_errc::unavailable, "others were changing the same, try again"};
  if (e.code == db_errc::timed_out) return {tenant_errc::unavailable, "the database did not answer in time"};
  if (e.code == errc::cancelled) return {tenant_errc::unavailable, "the service is stopping"};
  if (e.code == errc::overloaded) return {tenant_errc::overloaded, "too many requests are waiting"};
  return internal_error(e);
}

}  // namespace

error internal_error(const error& e) {
  return {tenant_errc::internal, e.to_string()};
}

std::error_code make_error_code(tenant_errc e) {
  return {static_cast<int>(e), category};
}

error from_database_error(const error& e) {
  auto mapped = from_code(e);
  mapped.retry_after = e.retry_after;
  return mapped;
}

}  // namespace drover::tenants
