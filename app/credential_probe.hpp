#pragma once

#include <map>
#include <memory>
#include <string>

#include "exchanges/exchange.hpp"
#include "exchanges/registry.hpp"
#include "tenants/accounts/account_service.hpp"

namespace drover::app {

using exchange_map = std::map<std::string, std::unique_ptr<exchanges::exchange>>;

/// Connects the account rules with the connectors: asks the venue, on the trading thread, what a key may do, and turns the
/// answer into a verdict a person can act on (SPEC B4, SEC-11: keys that can withdraw are refused).
/// `venues` and `configs` outlive the probe.
tenants::credential_probe make_credential_probe(executor trading, const exchange_map& venues,
                                                const std::vector<exchanges::exchange_config>& configs, const clock& wall);

/// The verdict on what a venue answered; pure.
tenants::probe_outcome judge_permissions(const exchanges::permissions&, bool allow_unknown);
/// The verdict on a venue's refusal; pure.
tenants::probe_outcome judge_failure(const error&, const std::string& exchange_name);

}  // namespace drover::app
