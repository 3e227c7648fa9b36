#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/random.hpp"
#include "exchanges/paper/matching_types.hpp"

namespace drover::exchanges::paper {

struct key_permissions {
  bool read = true, trade = true, withdraw = false, ip_restrict = false;
};

/// The key of one account. Play money: secrets are kept in clear so that signatures of every dialect can be checked.
struct api_account {
  account_number number{};
  std::string api_key, api_secret;
  key_permissions permissions;
};

/// Who may call, found by api key.
class account_directory {
 public:
  /// Makes key and secret where they are empty. nullptr when the key is taken.
  api_account* add(account_number, std::string api_key, std::string api_secret, key_permissions, random_source&);
  api_account* find(std::string_view api_key);
  const api_account& get(account_number n) const { return accounts_[to_index(n)]; }
  const std::deque<api_account>& all() const { return accounts_; }

 private:
  /// In the order of account numbers.
  std::deque<api_account> accounts_;
  std::unordered_map<std::string_view, api_account*> by_key_;
};

}  // namespace drover::exchanges::paper
