#include "crypto/plain_tokens.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace drover::crypto {
namespace {

const wall_time issued{1'760'000'000s};

class PlainTokens : public testing::Test {
protected:
  std::error_code refusal(const std::string& token, wall_time now = issued + 1s) const {
    const auto claims = tokens_.verify(token, now);
    return claims ? std::error_code() : claims.error().code;
  }
  const plain_tokens tokens_{secret("an older system's key"), 3600s};
  /// printf '17:1760000000' | openssl dgst -sha256 -hmac "an older system's key"
  const std::string text_ = "17:1760000000:51e7f69a330fe43fb61c9cd4579f58e6e3d8a3859c2d2c3788cd86498ccee357";
};

TEST_F(PlainTokens, AreTakenForAnHourInBothAlphabets) {
  for (const auto& token : {to_base64(text_), to_base64url(text_)}) {
    const auto claims = tokens_.verify(token, issued + 3599s).value();
    EXPECT_EQ(claims.user, user_id(17));
    EXPECT_EQ(claims.issued_at, issued);
    EXPECT_EQ(claims.expires_at, issued + 3600s);
    EXPECT_EQ(refusal(token, issued + 3600s), token_errc::expired);
    EXPECT_EQ(refusal(token, issued - 301s), token_errc::invalid);
  }
}

TEST_F(PlainTokens, EveryOtherTextIsRefused) {
  for (std::size_t i = 0; i < text_.size(); ++i)
    for (char c : std::string_view("0123456789abcdef:+- A\0", 23)) {
      auto altered = text_;
      altered[i] = c;
      if (altered != text_) EXPECT_EQ(refusal(to_base64(altered)), token_errc::invalid) << altered;
    }
  for (std::size_t size = 0; size < text_.size(); ++size)
    EXPECT_EQ(refusal(to_base64(text_.substr(0, size))), token_errc::invalid);
  const auto signature = text_.substr(text_.rfind(':'));
  for (auto head : {"017:1760000000", "17:01760000000", "+17:1760000000", " 17:1760000000",
                    "17:1760000000:", "-17:1760000000", ":", "17:99999999999999999999"})
    EXPECT_EQ(refusal(to_base64(head + signature)), token_errc::invalid) << head;
  EXPECT_EQ(refusal(text_), token_errc::invalid);
  EXPECT_EQ(refusal(std::string(1'000'000, 'A')), token_errc::invalid);
}

TEST_F(PlainTokens, OfAnotherKeyAreRefused) {
  const plain_tokens others(secret("another key"), 3600s);
  EXPECT_FALSE(others.verify(to_base64(text_), issued));
  EXPECT_THROW(plain_tokens(secret(), 3600s), std::invalid_argument);
}

}  // namespace
}  // namespace drover::crypto
