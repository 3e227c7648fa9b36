#include <fmt/core.h>

#include <charconv>

#include "base/encoding.hpp"
#include "tenants/users/token_text_detail.hpp"

namespace drover::tenants::token_text {
namespace {

constexpr std::size_t checksum_characters = 8;
constexpr std::size_t text_limit = 160;

std::string checksum_of(std::string_view text) {
  return fmt::format("{:08x}", crc32c(text));
}

}  // namespace

secret finish(std::string body) {
  body += checksum_of(body);
  secret out(body);
  wipe_memory(body.data(), body.size());
  return out;
}

std::optional<std::string_view> open(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() > text_limit || text.size() < prefix.size() + checksum_characters)
    return std::nullopt;
  const auto body = text.substr(0, text.size() - checksum_characters);
  if (checksum_of(body) != text.substr(body.size())) return std::nullopt;
  return body.substr(prefix.size());
}

std::optional<std::int64_t> take_number(std::string_view& rest) {
  const auto end_of_number = rest.find('_');
  if (end_of_number == rest.npos || end_of_number == 0 || rest.front() == '0') return std::nullopt;
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(rest.data(), rest.data() + end_of_number, value);
  if (ec != std::errc{} || end != rest.data() + end_of_number || value <= 0) return std::nullopt;
  rest.remove_prefix(end_of_number + 1);
  return value;
}

bool is_secret_part(std::string_view text, std::size_t characters) {
  return text.size() == characters && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace drover::tenants::token_text
