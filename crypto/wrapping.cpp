#include <array>
#include <stdexcept>

#include "base/encoding.hpp"
#include "crypto/aead.hpp"
#include "crypto/binding.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/mac.hpp"
#include "crypto/signing_key.hpp"
#include "crypto/wrapping_detail.hpp"

namespace drover::crypto {
namespace {

constexpr std::string_view wrap_version = "w1";
constexpr std::string_view check_version = "c1";
constexpr std::size_t id_characters = 16;
constexpr std::size_t commitment_bytes = 32;
constexpr std::size_t nonce_characters = 16;
/// 48 bytes: the key and the tag.
constexpr std::size_t body_characters = 64;

/// Encryption key and commitment come out of one derivation: whoever finds two keys with one commitment has broken
/// HKDF.
secret derive_wrapping(const master_key& key) {
  return derive_from(key, "drover-wrapping-v1", aes_key_bytes + commitment_bytes);
}

}  // namespace

secret derive_from(const master_key& key, std::string_view purpose, std::size_t size_bytes) {
  return hkdf_sha256(key.bytes(), {}, purpose, size_bytes);
}

wrapping_key::wrapping_key(const master_key& key) : id_(key.id()) {
  const auto wrapping = derive_wrapping(key);
  const auto check = derive_from(key, "drover-check-value-v1", aes_key_bytes);
  prefix_ = std::string(wrap_version) + "." + id_ + "." + to_base64url(wrapping.reveal().substr(aes_key_bytes)) + ".";
  const auto seed = derive_from(key, "drover-attestation-v1", aes_key_bytes);
  auto kept = secret::of_size(3 * aes_key_bytes);
  auto* at = reinterpret_cast<char*>(kept.mutable_bytes().data());
  for (const auto* part : {&wrapping, &check, &seed}) {
    part->reveal().copy(at, aes_key_bytes);
    at += aes_key_bytes;
  }
  keys_ = guarded_bytes(kept.reveal());
}

std::string wrapping_key::bind(std::string_view place) const {
  binding bound;
  bound.add("drover-key-wrap-v1").add(prefix_).add(place);
  return std::string(bound.bytes());
}

std::optional<std::string> wrapping_key::wrap(std::string_view place, std::string_view key,
                                              random_source& random) const {
  std::array<std::uint8_t, gcm_nonce_bytes> nonce_bytes;
  random.fill(nonce_bytes);
  const std::string_view nonce(reinterpret_cast<const char*>(nonce_bytes.data()), nonce_bytes.size());
  aes_gcm cipher(keys_.reveal().substr(0, aes_key_bytes));
  const auto body = cipher.encrypt(nonce, bind(place), key);
  if (!body) return std::nullopt;
  return prefix_ + to_base64url(nonce) + "." + to_base64url(*body);
}

result<secret> wrapping_key::unwrap(std::string_view place, std::string_view wrapped) const {
  const auto body_at = prefix_.size() + nonce_characters + 1;
  if (wrapped.size() != body_at + body_characters || wrapped[body_at - 1] != '.' ||
      !constant_time_equal(wrapped.substr(0, prefix_.size()), prefix_))
    return fail(crypto_errc::sealed_value_refused);
  const auto nonce = from_base64url(wrapped.substr(prefix_.size(), nonce_characters));
  const auto body = from_base64url(wrapped.substr(body_at));
  if (!nonce || !body) return fail(crypto_errc::sealed_value_refused);
  aes_gcm cipher(keys_.reveal().substr(0, aes_key_bytes));
  auto key = cipher.decrypt(*nonce, bind(place), *body);
  if (!key || key->size() != aes_key_bytes) return fail(crypto_errc::sealed_value_refused);
  return std::move(*key);
}

std::string wrapping_key::make_check_value() const {
  const auto mac = hmac_sha256(keys_.reveal().substr(aes_key_bytes, aes_key_bytes), "drover-check-value");
  return std::string(check_version) + "." + id_ + "." + to_base64url(mac);
}

namespace {

/// Made for each use: what OpenSSL keeps of a key is in ordinary memory.
signing_key attestation_key_of(std::string_view seed) {
  auto key = signing_key::from_ed25519(seed);
  if (!key) throw std::logic_error("32 bytes are always a seed of Ed25519");
  return std::move(*key);
}

}  // namespace

std::string wrapping_key::attest(std::string_view message) const {
  return attestation_key_of(keys_.reveal().substr(2 * aes_key_bytes)).sign(message);
}

std::string wrapping_key::attestation_key() const {
  return attestation_key_of(keys_.reveal().substr(2 * aes_key_bytes)).to_public_pem();
}

std::string_view wrapping_id_of(std::string_view text) {
  constexpr auto id_at = wrap_version.size() + 1;
  if (text.size() <= id_at + id_characters || text[id_at - 1] != '.' || text[id_at + id_characters] != '.') return {};
  if (!text.starts_with(wrap_version) && !text.starts_with(check_version)) return {};
  const auto id = text.substr(id_at, id_characters);
  return from_hex(id) ? id : std::string_view();
}

}  // namespace drover::crypto
