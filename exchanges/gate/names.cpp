#include "exchanges/gate/names.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace drover::exchanges::gate {

namespace {

constexpr std::size_t canonical_length = 32, encoded_length = 22;
constexpr std::string_view text_prefix = "t-";

std::string replace_first(std::string_view text, char from, char to) {
  std::string out(text);
  if (const auto at = out.find(from); at != std::string::npos) out[at] = to;
  return out;
}

bool is_canonical(std::string_view id) {
  return id.size() == canonical_length &&
         std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string to_pair(std::string_view symbol) { return replace_first(symbol, '/', '_'); }
std::string to_symbol(std::string_view pair) { return replace_first(pair, '_', '/'); }

std::string to_text(std::string_view client_order_id) {
  if (!is_canonical(client_order_id)) return std::string(client_order_id);
  return std::string(text_prefix) + to_base64url(*from_hex(client_order_id));
}

std::string to_client_order_id(std::string_view text) {
  if (!text.starts_with(text_prefix)) return {};
  if (text.size() != text_prefix.size() + encoded_length) return std::string(text);
  const auto bytes = from_base64url(text.substr(text_prefix.size()));
  return bytes ? to_hex(*bytes) : std::string(text);
}

}  // namespace drover::exchanges::gate
