#include "crypto/passwords.hpp"

#include <argon2.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <stdexcept>

#include "crypto/common_passwords.hpp"
#include "crypto/keyring.hpp"

namespace drover::crypto {
namespace {

constexpr std::uint32_t salt_bytes = 16;
constexpr std::uint32_t hash_bytes = 32;
constexpr std::uint32_t lanes = 1;
constexpr std::size_t characters_least = 8;
constexpr std::size_t characters_most = 256;
/// No encoding needs more than four bytes a character.
constexpr std::size_t bytes_most = 4 * characters_most;
constexpr std::size_t dummy_password_bytes = 16;

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

secret to_lower(std::string_view text) {
  secret lower(text);
  for (auto& c : lower.mutable_bytes())
    if (c >= 'A' && c <= 'Z') c = static_cast<unsigned char>(c - 'A' + 'a');
  return lower;
}

}  // namespace

result<std::string> hash_password(const secret& password, random_source& random, password_cost cost) {
  if (password.size() > bytes_most) return fail(errc::out_of_range, "password: must have at most 256 characters");
  std::array<std::uint8_t, salt_bytes> salt;
  random.fill(salt);
  std::string text(argon2_encodedlen(cost.passes, cost.memory_kib, lanes, salt_bytes, hash_bytes, Argon2_id), '\0');
  auto bytes = password.reveal();
  int code = argon2id_hash_encoded(cost.passes, cost.memory_kib, lanes, bytes.data(), bytes.size(), salt.data(),
                                   salt.size(), hash_bytes, text.data(), text.size());
  if (code != ARGON2_OK) return fail(crypto_errc::broken, argon2_error_message(code));
  // The length includes the terminating zero.
  text.resize(text.find('\0'));
  return text;
}

bool verify_password(const secret& password, const std::string& stored_hash) {
  auto bytes = password.reveal();
  if (bytes.size() > bytes_most) bytes = {};
  bool matches = argon2id_verify(stored_hash.c_str(), bytes.data(), bytes.size()) == ARGON2_OK;
  return matches && password.size() <= bytes_most;
}

bool is_weaker_than(const std::string& stored_hash, password_cost cost) {
  std::uint32_t memory_kib = 0, passes = 0;
  const int read = std::sscanf(stored_hash.c_str(), "$argon2id$v=19$m=%" SCNu32 ",t=%" SCNu32 ",", &memory_kib, &passes);
  return read != 2 || memory_kib < cost.memory_kib || passes < cost.passes;
}

std::string make_dummy_hash(random_source& random, password_cost cost) {
  secret password(random.hex(dummy_password_bytes));
  auto hash = hash_password(password, random, cost);
  if (!hash) throw std::runtime_error("cannot hash a password: " + hash.error().detail);
  return *hash;
}

result<void> check_password_rules(const secret& password) {
  auto characters = count_characters(password.reveal());
  if (characters < characters_least) return fail(errc::out_of_range, "password: must have at least 8 characters");
  if (characters > characters_most || password.size() > bytes_most)
    return fail(errc::out_of_range, "password: must have at most 256 characters");
  if (is_common_password(to_lower(password.reveal()).reveal()))
    return fail(errc::out_of_range, "password: is one of the most common ones, choose another");
  return {};
}

}  // namespace drover::crypto
