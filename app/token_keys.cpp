#include "app/token_keys.hpp"

#include <sstream>

#include "base/encoding.hpp"

namespace drover::app {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t key_id_limit = 16;

bool is_key_id(const std::string& id) {
  return !id.empty() && id.size() <= key_id_limit && id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string::npos;
}

}  // namespace

result<token_keys> parse_token_keys(const secret& text) {
  token_keys out;
  std::istringstream lines{std::string(text.reveal())};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty()) continue;
    std::istringstream words(line);
    std::string id, hex, rest;
    words >> id >> hex >> rest;
    auto bytes = from_hex(hex);
    wipe_memory(line.data(), line.size());
    wipe_memory(hex.data(), hex.size());
    if (!is_key_id(id) || !rest.empty() || !bytes || bytes->size() != key_bytes)
      return fail(errc::malformed, "security.token_keys: line " + std::to_string(number) +
                                       " is not \"<key id> <64 hex digits>\"; make a file with: engine key init --token FILE");
    secret key(*bytes);
    wipe_memory(bytes->data(), bytes->size());
    if (!out.keys.emplace(id, std::move(key)).second)
      return fail(errc::malformed, "security.token_keys: two lines have the key id '" + id + "'");
    if (out.active.empty()) out.active = id;
  }
  if (out.keys.empty()) return fail(errc::malformed, "security.token_keys: the file is empty; make one with: engine key init --token FILE");
  return out;
}

}  // namespace drover::app
