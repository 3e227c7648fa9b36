#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

/// What the texts of API tokens and refresh tokens have in common: a prefix, parts between underscores, a checksum at
/// the end.
namespace drover::tenants::token_text {

/// `body` and its checksum; `body` is wiped.
secret finish(std::string body);
/// What is between prefix and checksum, when both are right.
std::optional<std::string_view> open(std::string_view text, std::string_view prefix);
/// Cuts a positive number in its one spelling and the underscore after it off.
std::optional<std::int64_t> take_number(std::string_view& rest);
/// Lower-case hex digits, so many.
bool is_secret_part(std::string_view, std::size_t characters);

}  // namespace drover::tenants::token_text
