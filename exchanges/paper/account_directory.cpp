#include "exchanges/paper/account_directory.hpp"

namespace drover::exchanges::paper {

namespace {
constexpr std::size_t key_bytes = 32;
}

api_account* account_directory::add(account_number n, std::string api_key, std::string api_secret, key_permissions p,
                                    random_source& random) {
  if (api_key.empty()) api_key = random.hex(key_bytes);
  if (api_secret.empty()) api_secret = random.hex(key_bytes);
  if (by_key_.contains(api_key)) return nullptr;
  auto& a = accounts_.emplace_back(api_account{n, std::move(api_key), std::move(api_secret), p});
  by_key_.emplace(a.api_key, &a);
  return &a;
}

api_account* account_directory::find(std::string_view api_key) {
  auto it = by_key_.find(api_key);
  return it == by_key_.end() ? nullptr : it->second;
}

}  // namespace drover::exchanges::paper
