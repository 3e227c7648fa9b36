#include "crypto/legacy.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "base/encoding.hpp"
#include "crypto/keyring.hpp"
#include "crypto/mac.hpp"
#include "crypto/openssl_handles.hpp"

namespace drover::crypto {
namespace {

constexpr std::size_t block_bytes = 16, mac_bytes = 32;
constexpr std::size_t fernet_key_bytes = 32, fernet_head_bytes = 9;
constexpr char fernet_version = '\x80';
constexpr std::size_t cbc_key_bytes = 32;
/// Credentials are far shorter.
constexpr std::size_t value_limit = 16'384;

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// Nothing when the padding is not what it must be.
std::optional<secret> decrypt(const EVP_CIPHER* cipher, std::string_view key, std::string_view iv,
                              std::string_view sealed) {
  if (sealed.empty() || sealed.size() % block_bytes != 0) return std::nullopt;
  const cipher_context context(EVP_CIPHER_CTX_new());
  auto padded = secret::of_size(sealed.size() + block_bytes);
  auto* out = padded.mutable_bytes().data();
  int first = 0, last = 0;
  const bool done = context && EVP_DecryptInit_ex2(context.get(), cipher, in(key), in(iv), nullptr) == 1 &&
                    EVP_DecryptUpdate(context.get(), out, &first, in(sealed), static_cast<int>(sealed.size())) == 1 &&
                    EVP_DecryptFinal_ex(context.get(), out + first, &last) == 1;
  if (!done) return std::nullopt;
  return secret(padded.reveal().substr(0, static_cast<std::size_t>(first + last)));
}

secret scrypt_of(std::string_view text) {
  constexpr std::uint64_t cost = 16'384, block = 8, parallel = 1, memory = 64 * 1024 * 1024;
  constexpr std::string_view salt = "salt";
  auto key = secret::of_size(cbc_key_bytes);
  const bool done = EVP_PBE_scrypt(text.data(), text.size(), in(salt), salt.size(), cost, block, parallel, memory,
                                   key.mutable_bytes().data(), key.size()) == 1;
  if (!done) throw std::runtime_error("OpenSSL cannot derive a key by scrypt");
  return key;
}

bool is_printable(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::unexpected<error> refused(std::string what) {
  return fail(crypto_errc::sealed_value_refused, std::move(what));
}

/// The specification wants padding; many leave it out.
result<std::string> from_padded_base64url(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return from_base64url(text);
}

}  // namespace

result<secret> read_fernet_key(std::string_view text) {
  auto bytes = from_padded_base64url(text);
  const bool fits = bytes && bytes->size() == fernet_key_bytes;
  secret key(fits ? *bytes : std::string_view());
  if (bytes) wipe_memory(bytes->data(), bytes->size());
  if (!fits) return fail(crypto_errc::key_malformed, "a Fernet key is 32 bytes in base64url, 44 characters");
  return key;
}

result<secret> open_fernet(const secret& key, std::string_view token) {
  if (key.size() != fernet_key_bytes) throw std::logic_error("a Fernet key has 32 bytes");
  const auto bytes = token.size() <= value_limit ? from_padded_base64url(token) : fail(errc::malformed);
  constexpr auto least = fernet_head_bytes + 2 * block_bytes + mac_bytes;
  if (!bytes || bytes->size() < least || bytes->front() != fernet_version) return refused("not a Fernet token");
  const std::string_view all(*bytes);
  const auto signed_part = all.substr(0, all.size() - mac_bytes);
  const auto keys = key.reveal();
  const auto expected = hmac_sha256(keys.substr(0, keys.size() / 2), signed_part);
  if (!constant_time_equal(expected, all.substr(signed_part.size()))) return fail(crypto_errc::key_wrong);
  const auto iv = signed_part.substr(fernet_head_bytes, block_bytes);
  auto opened =
      decrypt(EVP_aes_128_cbc(), keys.substr(keys.size() / 2), iv, signed_part.substr(fernet_head_bytes + block_bytes));
  if (!opened) return refused("a Fernet token with broken padding");
  return std::move(*opened);
}

std::vector<secret> cbc_keys_of(const secret& text) {
  std::vector<secret> keys;
  if (text.size() == cbc_key_bytes) keys.push_back(text.clone());
  if (auto bytes = from_hex(text.reveal()); bytes && bytes->size() == cbc_key_bytes) {
    keys.emplace_back(*bytes);
    wipe_memory(bytes->data(), bytes->size());
  }
  auto hash = sha256(text.reveal());
  keys.emplace_back(hash);
  wipe_memory(hash.data(), hash.size());
  keys.push_back(scrypt_of(text.reveal()));
  return keys;
}

result<secret> open_cbc(const secret& key, std::string_view value) {
  if (key.size() != cbc_key_bytes) throw std::logic_error("an AES-256 key has 32 bytes");
  const auto colon = value.find(':');
  if (value.size() > value_limit || colon == value.npos) return refused("not \"iv:ciphertext\" in hex");
  const auto iv = from_hex(value.substr(0, colon)), sealed = from_hex(value.substr(colon + 1));
  if (!iv || !sealed || iv->size() != block_bytes || sealed->empty() || sealed->size() % block_bytes != 0)
    return refused("not \"iv:ciphertext\" in hex");
  auto opened = decrypt(EVP_aes_256_cbc(), key.reveal(), *iv, *sealed);
  if (!opened || !is_printable(opened->reveal())) return fail(crypto_errc::key_wrong);
  return std::move(*opened);
}

}  // namespace drover::crypto
