#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/encoding.hpp"
#include "crypto/aead.hpp"
#include "crypto/keyring.hpp"

#include <openssl/evp.h>

/// AES-GCM by itself does not commit to its key: whoever knows two keys can make one text that opens under both. Such a
/// text is made here, shown to open under both keys of bare AES-GCM, and refused as a sealed value (SEC-04).
namespace drover::crypto {
namespace {

using block = std::array<std::uint8_t, 16>;

block operator^(block a, const block& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] ^= b[i];
  return a;
}

bool bit(const block& x, std::size_t i) {
  return (x[i / 8] >> (7 - i % 8)) & 1;
}

/// In the field of GHASH (NIST SP 800-38D §6.3).
block times(const block& x, block v) {
  block z{};
  for (std::size_t i = 0; i < 128; ++i) {
    if (bit(x, i)) z = z ^ v;
    const bool carry = v[15] & 1;
    for (std::size_t j = 15; j > 0; --j) v[j] = static_cast<std::uint8_t>((v[j] >> 1) | (v[j - 1] << 7));
    v[0] >>= 1;
    if (carry) v[0] ^= 0xe1;
  }
  return z;
}

/// x^(2^128 - 2).
block inverse(const block& x) {
  block power = x, out{};
  out[0] = 0x80;
  for (int i = 1; i < 128; ++i) {
    power = times(power, power);
    out = times(out, power);
  }
  return out;
}

block encrypt_block(std::string_view key, const block& in) {
  block out;
  int size = 0;
  auto* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, EVP_aes_256_ecb(), nullptr, reinterpret_cast<const unsigned char*>(key.data()), nullptr);
  EVP_CIPHER_CTX_set_padding(context, 0);
  EVP_EncryptUpdate(context, out.data(), &size, in.data(), static_cast<int>(in.size()));
  EVP_CIPHER_CTX_free(context);
  return out;
}

/// Everything about one key that the tag of a one-block ciphertext C and no additional data depends on:
/// tag = C·H² + L·H + E(J0), with L the block of lengths.
struct key_facts {
  explicit key_facts(std::string_view key, const block& counter)
      : hash(encrypt_block(key, {})), mask(encrypt_block(key, counter)) {}
  block hash, mask;
};

struct collision {
  std::string nonce = std::string(12, 'n');
  std::string text;
};

collision collide(std::string_view one, std::string_view other) {
  collision out;
  block counter{}, lengths{};
  std::memcpy(counter.data(), out.nonce.data(), out.nonce.size());
  counter[15] = 1;
  lengths[15] = 128;
  const key_facts a(one, counter), b(other, counter);
  const auto constant = times(lengths, a.hash) ^ a.mask ^ times(lengths, b.hash) ^ b.mask;
  const auto factor = times(a.hash, a.hash) ^ times(b.hash, b.hash);
  const auto ciphertext = times(constant, inverse(factor));
  const auto tag = times(times(ciphertext, a.hash), a.hash) ^ times(lengths, a.hash) ^ a.mask;
  out.text.assign(ciphertext.begin(), ciphertext.end());
  out.text.append(tag.begin(), tag.end());
  return out;
}

TEST(KeyCollision, BareGcmOpensOneTextUnderTwoKeys) {
  const std::string one(32, '1'), other(32, '2');
  const auto made = collide(one, other);
  EXPECT_TRUE(aes_gcm(one).decrypt(made.nonce, {}, made.text));
  EXPECT_TRUE(aes_gcm(other).decrypt(made.nonce, {}, made.text));
  EXPECT_FALSE(aes_gcm(std::string(32, '3')).decrypt(made.nonce, {}, made.text));
}

/// A text made to fit two keys carries one commitment, which is of one of them at most.
TEST(KeyCollision, ASealedValueNamesItsOnlyKey) {
  seeded_random random(1);
  const keyring ring(master_key::generate(random), random);
  const user_id user(1);
  auto one = ring.unwrap(user, ring.make_data_key(user).value()).value();
  auto other = ring.unwrap(user, ring.make_data_key(user).value()).value();
  const sealed_place place{user, account_id(1), "api_secret", 1, "binance"};
  const auto text = one.seal(place, "sixteen bytes ok").value();
  auto relabelled = text;
  relabelled.replace(3, 16, other.id());
  EXPECT_TRUE(one.open(place, text));
  EXPECT_FALSE(other.open(place, text));
  EXPECT_FALSE(other.open(place, relabelled));
  EXPECT_NE(one.seal(place, "x").value().substr(20, 43), other.seal(place, "x").value().substr(20, 43));
}

}  // namespace
}  // namespace drover::crypto
