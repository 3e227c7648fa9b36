#include "tenants/broker/broker_client.hpp"

#include <algorithm>
#include <limits>

#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t name_limit = 32;

bool is_name(std::string_view text) {
  constexpr std::string_view first = "abcdefghijklmnopqrstuvwxyz0123456789", others = "_.-";
  const auto fits = [&](char c) { return first.contains(c) || others.contains(c); };
  return !text.empty() && text.size() <= name_limit && first.contains(text.front()) && std::ranges::all_of(text, fits);
}

}  // namespace

result<void> check_broker_client(const new_broker_client& c) {
  if (!is_name(c.name))
    return fail(tenant_errc::invalid, "name: 1 to 32 characters a-z 0-9 _ . -, the first one a letter or digit");
  if (c.uid == std::numeric_limits<std::uint32_t>::max() || c.uid == unknown_uid)
    return fail(tenant_errc::invalid,
                "uid: " + std::to_string(c.uid) + " is nobody in particular; give the program a user of its own");
  if (c.accounts.empty()) return fail(tenant_errc::invalid, "accounts: name at least one");
  if (c.accounts.size() > broker_accounts_limit)
    return fail(tenant_errc::invalid, "accounts: at most " + std::to_string(broker_accounts_limit));
  if (c.calls_per_second < 1 || c.calls_per_second > broker_calls_per_second_limit)
    return fail(tenant_errc::invalid,
                "rate: from 1 to " + std::to_string(broker_calls_per_second_limit) + " calls a second");
  return {};
}

}  // namespace drover::tenants
