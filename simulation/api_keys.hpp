#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace drover::simulation {

/// A key of the simulation names its account and how often it was replaced.
struct api_key {
  account_id account;
  std::int64_t version = 1;
};
std::string to_string(const api_key&);
/// Account 0: not one of ours.
api_key parse_api_key(std::string_view text);

/// In every API secret, so that one is found wherever it turns up.
inline constexpr std::string_view secret_mark = "TOP-SECRET-";
std::string secret_of(const api_key&);

/// Which keys the venues still take.
class key_register {
public:
  /// Its owner deletes, at the venue, what came before this version.
  void revoke_before(account_id account, std::int64_t version) { least_[account] = version; }
  bool takes(const api_key& key) const {
    const auto at = least_.find(key.account);
    return at == least_.end() || key.version >= at->second;
  }

private:
  std::map<account_id, std::int64_t> least_;
};

}  // namespace drover::simulation
