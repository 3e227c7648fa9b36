#include "crypto/ed25519.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "base/encoding.hpp"
#include "crypto/keyring.hpp"
#include "crypto/openssl_handles.hpp"

namespace drover::crypto {
namespace {

constexpr std::size_t key_bytes = 32, signature_bytes = 64;
constexpr unsigned char sign_bit = 0x80;

using digest_context = std::unique_ptr<EVP_MD_CTX, openssl_delete<EVP_MD_CTX_free>>;
using key_handle = std::unique_ptr<EVP_PKEY, openssl_delete<EVP_PKEY_free>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// Big-endian, as they are written down; 2^255 - 19.
constexpr std::string_view field_prime = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
/// The second coordinates of the eight points whose order divides eight: 0, 1, -1, and two more.
constexpr std::array<std::string_view, 5> small_orders{
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000001",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
    "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
    "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
};

/// The second coordinate, big-endian in hex; the first one's sign is left out.
std::string coordinate_of(std::string_view key) {
  std::string bytes(key.rbegin(), key.rend());
  bytes.front() = static_cast<char>(static_cast<unsigned char>(bytes.front()) & ~sign_bit);
  return to_hex(bytes);
}

/// Hex when it has as many characters as that needs, else base64.
std::optional<std::string> decode(std::string_view text, std::size_t size) {
  for (auto read : {from_hex, from_base64, from_base64url})
    if (auto bytes = read(text); bytes && bytes->size() == size) return std::move(*bytes);
  return std::nullopt;
}

std::unexpected<error> malformed(const char* why) {
  return fail(crypto_errc::key_malformed, why);
}

}  // namespace

result<std::string> parse_ed25519_key(std::string_view text) {
  auto key = decode(text, key_bytes);
  if (!key) return malformed("must be the 32 bytes of an Ed25519 public key, as 64 hex digits or in base64");
  const auto coordinate = coordinate_of(*key);
  if (coordinate >= field_prime) return malformed("is not the canonical encoding of a point");
  if (std::ranges::find(small_orders, coordinate) != small_orders.end())
    return malformed("is of small order: anybody can sign under it");
  return std::move(*key);
}

result<std::string> parse_ed25519_signature(std::string_view text) {
  auto signature = decode(text, signature_bytes);
  if (!signature) return malformed("must be the 64 bytes of an Ed25519 signature, as 128 hex digits or in base64");
  return std::move(*signature);
}

bool verify_ed25519(std::string_view public_key, std::string_view message, std::string_view signature) {
  if (public_key.size() != key_bytes || signature.size() != signature_bytes) return false;
  key_handle key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key), public_key.size()));
  digest_context context(EVP_MD_CTX_new());
  return key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

}  // namespace drover::crypto
