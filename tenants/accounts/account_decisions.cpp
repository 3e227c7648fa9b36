#include "tenants/accounts/account_decisions.hpp"

#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t reason_limit_bytes = 500;

std::string name_of(const decision_facts& facts) {
  return "account " + std::to_string(facts.account.value);
}

std::string by_whom(const decision_facts& facts) {
  return facts.decided_by.empty() ? std::string() : " by " + facts.decided_by;
}

}  // namespace

result<void> check_approval(const decision_facts& facts, user_id admin, std::optional<std::int64_t> reviewed_version) {
  if (facts.owner == admin) return fail(tenant_errc::own_account, name_of(facts) + " is your own");
  if (facts.status != account_status::pending)
    return fail(tenant_errc::already_decided, name_of(facts) + " was " +
                                                  (facts.status == account_status::approved ? "approved" : "rejected") +
                                                  " already" + by_whom(facts));
  if (!reviewed_version && facts.credential_version > 1)
    return fail(tenant_errc::invalid, "reviewed_version: is required, because the credentials were replaced since the account was "
                                      "connected; give the credential_version that you reviewed");
  if (reviewed_version && *reviewed_version != facts.credential_version)
    return fail(tenant_errc::already_decided, name_of(facts) + " has new credentials (version " +
                                                  std::to_string(facts.credential_version) +
                                                  ") since you looked; review it again");
  if (!facts.probe_problem.empty())
    return fail(tenant_errc::key_refused, name_of(facts) + " cannot be approved: " + facts.probe_problem);
  return {};
}

result<void> check_waiver(const decision_facts& facts, user_id admin, std::int64_t version) {
  if (facts.owner == admin) return fail(tenant_errc::own_account, name_of(facts) + " is your own");
  if (version != facts.credential_version)
    return fail(tenant_errc::already_decided, name_of(facts) + " has new credentials since you looked; review it again");
  return {};
}

result<void> check_waiver(const account& a, user_id admin, std::int64_t version) {
  return check_waiver(decision_facts{.account = a.id, .owner = a.user, .credential_version = a.credential_version}, admin, version);
}

result<void> check_rejection(const decision_facts& facts, const std::string& reason) {
  if (reason.empty()) return fail(tenant_errc::invalid, "reason: must not be empty");
  if (reason.size() > reason_limit_bytes) return fail(tenant_errc::invalid, "reason: must have at most 500 bytes");
  if (facts.status == account_status::rejected)
    return fail(tenant_errc::already_decided, name_of(facts) + " was rejected already" + by_whom(facts));
  return {};
}

result<void> check_activation(const decision_facts& facts, bool is_active) {
  if (!is_active || facts.status == account_status::approved) return {};
  if (facts.status == account_status::pending)
    return fail(tenant_errc::account_not_approved,
                name_of(facts) + " is PENDING; an administrator must approve it before it can be activated");
  return fail(tenant_errc::account_not_approved, name_of(facts) + " is REJECTED (" + facts.error_message +
                                                     "); send new credentials to have it reviewed again");
}

result<void> check_replacement(const decision_facts& facts, std::int64_t sealed_version) {
  if (sealed_version == facts.credential_version + 1) return {};
  return fail(tenant_errc::unavailable, name_of(facts) + " was changed at the same moment; try again");
}

}  // namespace drover::tenants
