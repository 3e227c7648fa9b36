#include "crypto/hkdf.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace drover::crypto {
namespace {

std::string bytes(const char* hex) {
  return from_hex(hex).value();
}

TEST(Hkdf, MatchesRfc5869Case1) {
  auto key =
      hkdf_sha256(std::string(22, '\x0b'), bytes("000102030405060708090a0b0c"), bytes("f0f1f2f3f4f5f6f7f8f9"), 42);
  EXPECT_EQ(to_hex(key.reveal()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Hkdf, MatchesRfc5869Case2) {
  std::string input, salt, info;
  for (int i = 0; i < 80; ++i) {
    input.push_back(static_cast<char>(i));
    salt.push_back(static_cast<char>(0x60 + i));
    info.push_back(static_cast<char>(0xb0 + i));
  }
  EXPECT_EQ(to_hex(hkdf_sha256(input, salt, info, 82).reveal()),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST(Hkdf, MatchesRfc5869Case3WithoutSaltAndInfo) {
  EXPECT_EQ(to_hex(hkdf_sha256(std::string(22, '\x0b'), {}, {}, 42).reveal()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

}  // namespace
}  // namespace drover::crypto
