#include "tenants/accounts/account.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t mask_least = 12;
constexpr std::size_t mask_shown = 4;

}  // namespace

std::string_view to_string(account_status s) {
  switch (s) {
    case account_status::pending:
      return "PENDING";
    case account_status::approved:
      return "APPROVED";
    case account_status::rejected:
      return "REJECTED";
  }
  return "UNKNOWN";
}

std::optional<account_status> parse_account_status(std::string_view text) {
  for (auto s : {account_status::pending, account_status::approved, account_status::rejected})
    if (text == to_string(s)) return s;
  return std::nullopt;
}

std::string venue_of(std::string_view exchange_name, std::string_view region) {
  std::string venue(exchange_name);
  if (region != default_region) venue.append("@").append(region);
  return venue;
}

account_probe with_waiver(account_probe probe, bool withdraw_waived) {
  const bool nothing_else = probe.may_withdraw == true && probe.may_read != false && probe.may_trade != false;
  if (!withdraw_waived || probe.passed || !nothing_else) return probe;
  probe.passed = true;
  probe.reason.clear();
  return probe;
}

std::string mask_api_key(std::string_view api_key) {
  if (api_key.size() < mask_least) return "****";
  return std::string(api_key.substr(0, mask_shown)) + "****" + std::string(api_key.substr(api_key.size() - mask_shown));
}

}  // namespace drover::tenants
