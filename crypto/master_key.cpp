#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/aead.hpp"
#include "crypto/keyring.hpp"
#include "crypto/mac.hpp"

namespace drover::crypto {
namespace {

constexpr std::size_t key_id_bytes = 8;
constexpr std::size_t hex_digits = 2 * aes_key_bytes;
constexpr std::size_t base64_characters = 44;

std::string id_of(std::string_view key) {
  std::string labelled = "drover-master-key-id-v1";
  labelled.append(key);
  auto id = to_hex(std::string_view(sha256(labelled)).substr(0, key_id_bytes));
  wipe_memory(labelled.data(), labelled.size());
  return id;
}

result<std::string> decode(std::string_view text) {
  if (text.size() == hex_digits) return from_hex(text);
  if (text.size() == base64_characters) return from_base64(text);
  return fail(errc::malformed);
}

bool is_placeholder(std::string_view key) {
  return std::ranges::all_of(key, [&](char c) { return c == key.front(); });
}

}  // namespace

result<master_key> master_key::parse(const secret& text) {
  auto bytes = decode(text.reveal());
  if (!bytes || bytes->size() != aes_key_bytes)
    return fail(crypto_errc::key_malformed, "must be 64 hex digits or 44 base64 characters (32 random bytes)");
  master_key key;
  key.bytes_ = secret(*bytes);
  wipe_memory(bytes->data(), bytes->size());
  if (is_placeholder(key.bytes()))
    return fail(crypto_errc::key_malformed, "all bytes are equal, which is not a random key");
  key.id_ = id_of(key.bytes());
  return key;
}

master_key master_key::generate(random_source& random) {
  master_key key;
  key.bytes_ = secret::of_size(aes_key_bytes);
  random.fill(key.bytes_.mutable_bytes());
  key.id_ = id_of(key.bytes());
  return key;
}

secret master_key::to_hex() const {
  auto text = drover::to_hex(bytes());
  secret hex(text);
  wipe_memory(text.data(), text.size());
  return hex;
}

}  // namespace drover::crypto
