#include "tenants/broker/broker_client_store.hpp"

#include <algorithm>

#include "tenants/errors.hpp"

namespace drover::tenants {

error unknown_broker_account(account_id id) {
  return {tenant_errc::invalid, "accounts: there is no account " + std::to_string(id.value)};
}

audit_event make_broker_event(std::string action, const std::string& client_name, std::string detail) {
  return {
      .actor = {}, .action = std::move(action), .object = "broker_client:" + client_name, .detail = std::move(detail)};
}

std::string describe(const new_broker_client& c) {
  std::string accounts;
  for (const auto id : c.accounts) accounts += (accounts.empty() ? "" : ",") + std::to_string(id.value);
  return "uid=" + std::to_string(c.uid) + " accounts=" + accounts + (c.may_reveal ? " may reveal" : "") +
         " rate=" + std::to_string(c.calls_per_second);
}

std::vector<account_id> sorted_accounts(const new_broker_client& c) {
  auto out = c.accounts;
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace drover::tenants
