#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace drover {

/// Lower-case hex.
std::string to_hex(std::string_view bytes);
/// Even number of hex digits, either case.
result<std::string> from_hex(std::string_view text);
/// RFC 4648 §4 with padding.
std::string to_base64(std::string_view bytes);
result<std::string> from_base64(std::string_view text);
/// RFC 4648 §5 without padding. The reader is canonical: one text per value (no padding, no stray trailing bits).
std::string to_base64url(std::string_view bytes);
result<std::string> from_base64url(std::string_view text);
/// Percent-encoding of everything but unreserved characters, upper-case hex.
std::string percent_encode(std::string_view text);
result<std::string> percent_decode(std::string_view text);
/// CRC-32C (Castagnoli), as spool records carry it.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace drover
