#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace drover::crypto {

/// Time-based one-time passwords as authenticator apps make them: RFC 6238 with HMAC-SHA1, 30 seconds, six digits.
inline constexpr seconds totp_step{30};

/// RFC 4226 §5.3. `digits`: 6 to 8.
std::string make_hotp(std::string_view key, std::uint64_t counter, int digits = 6);
/// The step that a moment is in.
std::int64_t totp_step_of(wall_time);
/// The step whose code this is: the present one, or the one before or after it (RFC 6238 §5.2). Nothing: wrong. Takes
/// as long for any six digits.
std::optional<std::int64_t> match_totp(std::string_view key, std::string_view code, wall_time now);
/// RFC 4648 §6 without padding, as authenticator apps take keys.
secret to_base32(std::string_view bytes);
/// "otpauth://totp/…", what a QR code shows.
secret make_totp_uri(std::string_view issuer, std::string_view name, const secret& base32_key);

}  // namespace drover::crypto
