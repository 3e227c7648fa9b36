#include "tenants/users/refresh_token.hpp"

#include <fmt/core.h>

#include "tenants/users/token_text_detail.hpp"

namespace drover::tenants {
namespace {

constexpr std::string_view prefix = "engr_";
constexpr std::size_t part_characters = 2 * refresh_part_bytes;

}  // namespace

secret write_refresh_token(user_id user, std::string_view family, std::string_view use) {
  return token_text::finish(fmt::format("{}{}_{}_{}", prefix, user.value, family, use));
}

std::optional<refresh_token_text> read_refresh_token(std::string_view text) {
  auto rest = token_text::open(text, prefix);
  if (!rest) return std::nullopt;
  const auto user = token_text::take_number(*rest);
  if (!user || rest->size() != 2 * part_characters + 1 || (*rest)[part_characters] != '_') return std::nullopt;
  const auto family = rest->substr(0, part_characters), use = rest->substr(part_characters + 1);
  if (!token_text::is_secret_part(family, part_characters) || !token_text::is_secret_part(use, part_characters))
    return std::nullopt;
  return refresh_token_text{user_id(*user), family, use};
}

}  // namespace drover::tenants
