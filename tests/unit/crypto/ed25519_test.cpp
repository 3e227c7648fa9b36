#include "crypto/ed25519.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "crypto/signing_key.hpp"

namespace drover::crypto {
namespace {

/// RFC 8032 §7.1, TEST 2.
const std::string rfc_key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const std::string rfc_signature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb0"
    "0d2916"
    "12bb0c00";

std::string bytes(std::string_view hex) {
  return from_hex(hex).value();
}

TEST(Ed25519, VerifiesTheVectorOfTheRfc) {
  EXPECT_TRUE(verify_ed25519(bytes(rfc_key), "r", bytes(rfc_signature)));
  EXPECT_FALSE(verify_ed25519(bytes(rfc_key), "s", bytes(rfc_signature)));
  EXPECT_FALSE(verify_ed25519(bytes(rfc_key), "r", bytes(rfc_signature).substr(1)));
  EXPECT_FALSE(verify_ed25519(bytes(rfc_key).substr(1), "r", bytes(rfc_signature)));
}

TEST(Ed25519, AKeyIsReadInEachOfItsSpellings) {
  const auto key = bytes(rfc_key);
  std::string upper = rfc_key;
  for (auto& c : upper) c = static_cast<char>(std::toupper(c));
  for (const auto& text : {rfc_key, upper, to_base64(key), to_base64url(key)})
    EXPECT_EQ(parse_ed25519_key(text).value(), key) << text;
  for (const auto& text : {std::string(), rfc_key + "00", rfc_key.substr(2), rfc_key.substr(1), "0x" + rfc_key,
                           std::string(1'000'000, 'a')})
    EXPECT_FALSE(parse_ed25519_key(text)) << text.substr(0, 80);
}

TEST(Ed25519, KeysOfSmallOrderAreRefused) {
  for (std::string_view key : {"0100000000000000000000000000000000000000000000000000000000000000",
                               "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "0000000000000000000000000000000000000000000000000000000000000000",
                               "0000000000000000000000000000000000000000000000000000000000000080",
                               "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                               "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                               "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                               "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"}) {
    const auto refused = parse_ed25519_key(key);
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().detail, "is of small order: anybody can sign under it") << key;
  }
}

TEST(Ed25519, OtherSpellingsOfAPointAreRefused) {
  for (std::string_view key : {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                               "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                               "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    const auto refused = parse_ed25519_key(key);
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().detail, "is not the canonical encoding of a point") << key;
  }
}

TEST(Ed25519, ASignatureHasOneForm) {
  const auto signature = bytes(rfc_signature);
  // The order of the group, little-endian: S + L satisfies the equation as S does.
  const auto order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  auto other = signature;
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned char>(other[32 + i]) + static_cast<unsigned char>(order[i]);
    other[32 + i] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  EXPECT_FALSE(verify_ed25519(bytes(rfc_key), "r", other));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    auto flipped = signature;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verify_ed25519(bytes(rfc_key), "r", flipped)) << bit;
  }
  EXPECT_EQ(parse_ed25519_signature(rfc_signature).value(), signature);
  EXPECT_EQ(parse_ed25519_signature(to_base64(signature)).value(), signature);
  EXPECT_FALSE(parse_ed25519_signature(rfc_key));
}

}  // namespace
}  // namespace drover::crypto
