#include "crypto/totp.hpp"

#include <gtest/gtest.h>

namespace drover::crypto {
namespace {

constexpr std::string_view rfc_key = "12345678901234567890";

wall_time at(std::int64_t s) {
  return wall_time{seconds(s)};
}

TEST(Hotp, GivesTheValuesOfRfc4226) {
  const char* codes[] = {"755224", "287082", "359152", "969429", "338314",
                         "254676", "287922", "162583", "399871", "520489"};
  for (std::uint64_t counter = 0; counter < std::size(codes); ++counter)
    EXPECT_EQ(make_hotp(rfc_key, counter), codes[counter]) << counter;
}

TEST(Totp, GivesTheValuesOfRfc6238) {
  const std::pair<std::int64_t, const char*> vectors[] = {{59, "94287082"},         {1111111109, "07081804"},
                                                          {1111111111, "14050471"}, {1234567890, "89005924"},
                                                          {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [time, code] : vectors)
    EXPECT_EQ(make_hotp(rfc_key, static_cast<std::uint64_t>(time / 30), 8), code) << time;
}

TEST(Totp, MatchesThePresentStepAndItsNeighbours) {
  const auto now = at(1'700'000'010);
  const auto step = totp_step_of(now);
  for (auto offset : {-1, 0, 1})
    EXPECT_EQ(match_totp(rfc_key, make_hotp(rfc_key, static_cast<std::uint64_t>(step + offset)), now), step + offset);
  for (auto offset : {-2, 2})
    EXPECT_FALSE(match_totp(rfc_key, make_hotp(rfc_key, static_cast<std::uint64_t>(step + offset)), now));
  for (auto wrong : {"", "1", "12345", "1234567", "abcdef"}) EXPECT_FALSE(match_totp(rfc_key, wrong, now)) << wrong;
}

TEST(Base32, GivesTheValuesOfRfc4648WithoutPadding) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "MY"},
                                                         {"fo", "MZXQ"},
                                                         {"foo", "MZXW6"},
                                                         {"foob", "MZXW6YQ"},
                                                         {"fooba", "MZXW6YTB"},
                                                         {"foobar", "MZXW6YTBOI"}};
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(to_base32(bytes).reveal(), text);
}

TEST(Totp, UriNamesIssuerAndUser) {
  EXPECT_EQ(
      make_totp_uri("Drover engine", "alice", secret("MZXW6")).reveal(),
      "otpauth://totp/Drover%20engine:alice?secret=MZXW6&issuer=Drover%20engine&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace drover::crypto
