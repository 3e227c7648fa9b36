#include "tenants/accounts/account_rows_postgres.hpp"

#include "tenants/accounts/account_statements_postgres.hpp"
#include "tenants/audit/audit.hpp"

namespace drover::tenants {

std::string account_columns() {
  return "a.id, a.user_id, a.exchange_name, a.label, a.status, a.is_active, a.api_key_mask, a.error_message, "
         "a.credential_version, " +
         microseconds_of("a.created_at") + ", " + microseconds_of("a.updated_at") + ", a.region, " + microseconds_of("a.probe_at") +
         ", coalesce(a.probe_problem, ''), a.may_read, a.may_trade, a.may_withdraw, a.address_bound, a.clock_offset_ms, "
         "a.waived_version IS NOT DISTINCT FROM a.credential_version, a.probe_problem IS NULL";
}

namespace {

template <class Field>
std::optional<bool> flag_of(const Field& field) {
  if (field.is_null()) return std::nullopt;
  return boolean_of(field);
}

template <class Row>
std::optional<account_probe> probe_of(const Row& row, int first) {
  const auto at = optional_time_of(row[first]);
  if (!at) return std::nullopt;
  account_probe probe{.at = *at, .passed = boolean_of(row[first + 8]), .reason = text_of(row[first + 1])};
  probe.may_read = flag_of(row[first + 2]);
  probe.may_trade = flag_of(row[first + 3]);
  probe.may_withdraw = flag_of(row[first + 4]);
  probe.address_bound = flag_of(row[first + 5]);
  if (!row[first + 6].is_null()) probe.clock_offset = milliseconds(integer_of(row[first + 6]));
  return probe;
}

}  // namespace

template <class Row>
account account_of(const Row& row, int first) {
  auto status = parse_account_status(view_of(row[first + 4]));
  if (!status) throw std::runtime_error("an account has an unknown status");
  return {.id = account_id(integer_of(row[first])),
          .user = user_id(integer_of(row[first + 1])),
          .exchange_name = text_of(row[first + 2]),
          .region = text_of(row[first + 11]),
          .label = text_of(row[first + 3]),
          .status = *status,
          .is_active = boolean_of(row[first + 5]),
          .api_key_mask = text_of(row[first + 6]),
          .error_message = optional_text_of(row[first + 7]),
          .credential_version = integer_of(row[first + 8]),
          .created_at = time_of(row[first + 9]),
          .updated_at = time_of(row[first + 10]),
          .probe = probe_of(row, first + 12),
          .withdraw_waived = boolean_of(row[first + 19])};
}

template account account_of(const pqxx::row&, int);
template account account_of(const read_row&, int);

std::string describe_credentials(const std::string& mask, const std::string& fingerprint, const sealed_credentials& sealed) {
  return mask + " key " + fingerprint + " region " + sealed.region + " version " + std::to_string(sealed.version);
}

void store_probe(pqxx::transaction_base& tx, account_id id, const account_probe& p) {
  const auto flag = [](const std::optional<bool>& value) { return !value ? nullptr : *value ? "true" : "false"; };
  const auto offset = p.clock_offset ? std::to_string(p.clock_offset->count()) : std::string();
  const auto at = to_microseconds(p.at);
  execute(tx, account_statements::store_probe, id.value, at, p.passed ? nullptr : p.reason.c_str(), flag(p.may_read), flag(p.may_trade),
          flag(p.may_withdraw), flag(p.address_bound), null_if_empty(offset));
}

account insert_account(pqxx::transaction_base& tx, const new_account& fresh, const sealed_credentials& sealed, user_id actor) {
  auto rows = execute(tx, account_statements::insert, fresh.user.value, sealed.account.value, fresh.exchange_name, fresh.label,
                      fresh.api_key_mask, fresh.key_fingerprint, sealed.api_key, sealed.api_secret,
                      null_if_empty(sealed.passphrase), sealed.version, sealed.region);
  auto created = account_of(rows.at(0));
  if (fresh.probe) store_probe(tx, created.id, *fresh.probe);
  created.probe = fresh.probe;
  const auto credentials = describe_credentials(fresh.api_key_mask, fresh.key_fingerprint, sealed);
  insert_audit_event(tx, {.actor = actor,
                          .action = "account.create",
                          .object = "account:" + std::to_string(created.id.value),
                          .detail = fresh.exchange_name + " " + credentials});
  return created;
}

std::string runnable_columns() {
  return account_columns() + ", k.dek_id, k.wrapped, a.api_key, a.api_secret, coalesce(a.passphrase, ''), "
         "coalesce((SELECT max(v.version) FROM credential_versions v WHERE v.account_id = a.id), 0)";
}

runnable_account runnable_of(const pqxx::row& row) {
  constexpr int next = account_column_count;
  runnable_account out{.account = account_of(row), .credentials = {}};
  out.credentials = {.account = out.account.id,
                     .user = out.account.user,
                     .exchange_name = out.account.exchange_name,
                     .region = out.account.region,
                     .version = out.account.credential_version,
                     .newest_version = integer_of(row[next + 5]),
                     .dek_id = text_of(row[next]),
                     .wrapped_dek = text_of(row[next + 1]),
                     .api_key = text_of(row[next + 2]),
                     .api_secret = text_of(row[next + 3]),
                     .passphrase = text_of(row[next + 4])};
  return out;
}

}  // namespace drover::tenants
