#include "crypto/totp.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "base/encoding.hpp"

namespace drover::crypto {
namespace {

constexpr int code_digits = 6;
/// A code is good one step before and after its own: clocks differ, and people type slowly.
constexpr int neighbours = 1;

std::array<unsigned char, 20> hmac_sha1(std::string_view key, std::span<const unsigned char> message) {
  std::array<unsigned char, 20> mac{};
  unsigned int size = 0;
  if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(), mac.data(), &size) ==
      nullptr)
    throw std::runtime_error("HMAC-SHA1 failed");
  return mac;
}

}  // namespace

std::string make_hotp(std::string_view key, std::uint64_t counter, int digits) {
  std::array<unsigned char, 8> message{};
  for (auto i = message.size(); i-- > 0; counter >>= 8) message[i] = static_cast<unsigned char>(counter & 0xff);
  const auto mac = hmac_sha1(key, message);
  const std::size_t offset = mac.back() & 0x0f;
  std::uint32_t number = mac[offset] & 0x7fu;
  for (std::size_t i = 1; i < 4; ++i) number = (number << 8) | mac[offset + i];
  std::uint32_t modulus = 1;
  for (int i = 0; i < digits; ++i) modulus *= 10;
  return fmt::format("{:0{}}", number % modulus, digits);
}

std::int64_t totp_step_of(wall_time t) {
  return std::chrono::duration_cast<seconds>(t.since_epoch) / totp_step;
}

std::optional<std::int64_t> match_totp(std::string_view key, std::string_view code, wall_time now) {
  std::optional<std::int64_t> matched;
  const auto present = totp_step_of(now);
  for (auto step = present - neighbours; step <= present + neighbours; ++step)
    if (constant_time_equal(make_hotp(key, static_cast<std::uint64_t>(step), code_digits), code)) matched = step;
  return matched;
}

secret to_base32(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  auto out = secret::of_size((bytes.size() * 8 + 4) / 5);
  auto at = out.mutable_bytes().begin();
  std::uint32_t buffer = 0;
  int bits = 0;
  for (unsigned char byte : bytes) {
    buffer = (buffer << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) *at++ = static_cast<unsigned char>(alphabet[(buffer >> (bits - 5)) & 31]);
  }
  if (bits > 0) *at = static_cast<unsigned char>(alphabet[(buffer << (5 - bits)) & 31]);
  return out;
}

secret make_totp_uri(std::string_view issuer, std::string_view name, const secret& base32_key) {
  const auto head = "otpauth://totp/" + percent_encode(issuer) + ":" + percent_encode(name) + "?secret=";
  const auto tail = "&issuer=" + percent_encode(issuer) + "&algorithm=SHA1&digits=6&period=30";
  auto out = secret::of_size(head.size() + base32_key.size() + tail.size());
  auto at = std::ranges::copy(head, out.mutable_bytes().begin()).out;
  at = std::ranges::copy(base32_key.reveal(), at).out;
  std::ranges::copy(tail, at);
  return out;
}

}  // namespace drover::crypto
