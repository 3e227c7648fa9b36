#include "crypto/plain_tokens.hpp"

#include <fmt/core.h>

#include <charconv>
#include <stdexcept>
#include <utility>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"

namespace drover::crypto {
namespace {

/// Two numbers and a signature are well below.
constexpr std::size_t token_limit_characters = 256;
/// How far the clocks of the two systems may be apart.
constexpr seconds future_limit{300};
/// Timestamps beyond this overflow nanoseconds.
constexpr std::int64_t timestamp_limit = std::chrono::duration_cast<seconds>(nanoseconds::max()).count() / 2;

std::int64_t read_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc{} && end == text.data() + text.size() ? value : 0;
}

}  // namespace

plain_tokens::plain_tokens(secret key, seconds life) : key_(std::move(key)), life_(life) {
  if (key_.empty()) throw std::invalid_argument("the key of plain tokens is empty");
}

result<token_claims> plain_tokens::verify(std::string_view token, wall_time now) const {
  if (token.size() > token_limit_characters) return fail(token_errc::invalid);
  auto plain = from_base64url(token);
  if (!plain) plain = from_base64(token);
  if (!plain) return fail(token_errc::invalid);
  const std::string_view text(*plain);
  const auto first = text.find(':'), second = text.find(':', first + 1);
  if (first == text.npos || second == text.npos) return fail(token_errc::invalid);
  const auto user = read_number(text.substr(0, first)),
             timestamp = read_number(text.substr(first + 1, second - first - 1));
  if (user <= 0 || timestamp <= 0 || timestamp > timestamp_limit) return fail(token_errc::invalid);
  // Written anew, so that there is one spelling of the numbers.
  const auto expected = to_hex(hmac_sha256(key_.reveal(), fmt::format("{}:{}", user, timestamp)));
  if (!constant_time_equal(fmt::format("{}:{}:{}", user, timestamp, expected), text)) return fail(token_errc::invalid);
  token_claims claims{.user = user_id(user),
                      .issued_at = wall_time{seconds(timestamp)},
                      .expires_at = {},
                      .key_id = {},
                      .session_id = {}};
  claims.expires_at = claims.issued_at + life_;
  if (claims.issued_at > now + future_limit) return fail(token_errc::invalid);
  if (now >= claims.expires_at) return fail(token_errc::expired);
  return claims;
}

}  // namespace drover::crypto
