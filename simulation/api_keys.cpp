#include "simulation/api_keys.hpp"

#include <charconv>

namespace drover::simulation {
namespace {

constexpr std::string_view key_prefix = "api-key-of-";
constexpr char version_mark = '.';

}  // namespace

std::string to_string(const api_key& key) {
  return std::string(key_prefix) + std::to_string(key.account.value) + version_mark + std::to_string(key.version);
}

api_key parse_api_key(std::string_view text) {
  api_key key;
  if (!text.starts_with(key_prefix)) return key;
  const auto* end = text.data() + text.size();
  const auto [mark, failure] = std::from_chars(text.data() + key_prefix.size(), end, key.account.value);
  if (failure == std::errc() && mark != end) std::from_chars(mark + 1, end, key.version);
  return key;
}

std::string secret_of(const api_key& key) {
  return std::string(secret_mark) + to_string(key);
}

}  // namespace drover::simulation
