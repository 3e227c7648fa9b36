#include "crypto/tokens.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace drover::crypto {
namespace {

constexpr std::int64_t epoch = 4;
const std::string session = "0123456789abcdef";
const wall_time issued = wall_time::from_ms(1'760'000'000'000);

token_signer make_signer(std::vector<std::string> ids, const std::string& active) {
  std::map<std::string, secret> keys;
  for (const auto& id : ids) keys.emplace(id, secret(std::string(32, id.front())));
  return token_signer(std::move(keys), active, 3600s);
}

class Tokens : public testing::Test {
protected:
  void expect(std::string_view token, std::error_code code, wall_time now = issued + 1s) {
    auto verified = signer_.verify(token, epoch, now);
    ASSERT_FALSE(verified) << token;
    EXPECT_EQ(verified.error().code, code) << token;
  }
  token_signer signer_ = make_signer({"a1", "b2"}, "a1");
  const std::string token_ = signer_.make_token(user_id(17), epoch, session, issued);
};

TEST_F(Tokens, VerifyAnswersWhatWasSigned) {
  auto claims = signer_.verify(token_, epoch, issued + 1s).value();
  EXPECT_EQ(claims.user, user_id(17));
  EXPECT_EQ(claims.issued_at, issued);
  EXPECT_EQ(claims.key_id, "a1");
  EXPECT_EQ(claims.session_id, session);
}

TEST_F(Tokens, HaveTheDocumentedThreeFields) {
  auto plain = from_base64url(token_).value();
  EXPECT_TRUE(plain.starts_with("17:1760000000:a1." + session + ".")) << plain;
  EXPECT_EQ(plain.size(), std::string("17:1760000000:a1.").size() + 16 + 1 + 43);
}

TEST_F(Tokens, ParseAnswersTheClaimsUnverified) {
  auto claims = signer_.parse(token_).value();
  EXPECT_EQ(claims.user, user_id(17));
  EXPECT_EQ(claims.session_id, session);
}

TEST_F(Tokens, ExpireAfterTheirLife) {
  EXPECT_TRUE(signer_.verify(token_, epoch, issued + 3600s - 1ns));
  expect(token_, token_errc::expired, issued + 3600s);
}

TEST_F(Tokens, FromTheFutureAreNotValid) {
  EXPECT_TRUE(signer_.verify(token_, epoch, issued - 300s));
  expect(token_, token_errc::invalid, issued - 301s);
}

TEST_F(Tokens, OfAnEndedEpochAreNotValid) {
  EXPECT_FALSE(signer_.verify(token_, epoch + 1, issued + 1s));
}

TEST_F(Tokens, EveryMutatedCharacterIsRefused) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. ";
  for (std::size_t i = 0; i < token_.size(); ++i)
    for (char c : alphabet) {
      if (c == token_[i]) continue;
      auto altered = token_;
      altered[i] = c;
      expect(altered, token_errc::invalid);
    }
}

TEST_F(Tokens, EveryMutatedCharacterOfTheFieldsIsRefused) {
  auto plain = from_base64url(token_).value();
  for (std::size_t i = 0; i < plain.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      auto altered = plain;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      expect(to_base64url(altered), token_errc::invalid);
    }
}

TEST_F(Tokens, TruncationsAndAdditionsAreRefused) {
  for (std::size_t size = 0; size < token_.size(); ++size) expect(token_.substr(0, size), token_errc::invalid);
  for (auto suffix : {"=", "==", "A", " ", "\n", "."}) expect(token_ + suffix, token_errc::invalid);
  expect(std::string(100'000, 'A'), token_errc::invalid);
}

TEST_F(Tokens, OtherSpellingsOfTheNumbersAreRefused) {
  auto plain = from_base64url(token_).value();
  auto rest = plain.substr(3);
  for (auto user : {"017:", "+17:", " 17:", "17 :", "0:", "-17:", ":", "99999999999999999999:", "0x11:"})
    expect(to_base64url(user + rest), token_errc::invalid);
}

TEST_F(Tokens, TimestampsThatOverflowAreRefused) {
  auto plain = from_base64url(token_).value();
  auto mac_part = plain.substr(plain.find("a1."));
  for (auto timestamp : {"9223372036854775807", "4611686019", "9300000000"}) {
    auto token = to_base64url("17:" + std::string(timestamp) + ":" + mac_part);
    expect(token, token_errc::invalid);
  }
  EXPECT_FALSE(signer_.parse(to_base64url("17:9223372036854775807:" + mac_part)));
}

TEST_F(Tokens, TheSeedsPlainFormIsRefused) {
  for (const auto& mac : {std::string(64, 'a'), std::string(43, 'a')})
    expect(to_base64url("17:1760000000:" + mac), token_errc::invalid);
}

TEST_F(Tokens, RotatedKeysVerifyUntilTheyAreRetired) {
  auto rotated = make_signer({"a1", "b2"}, "b2");
  EXPECT_TRUE(rotated.verify(token_, epoch, issued + 1s));
  EXPECT_EQ(rotated.parse(rotated.make_token(user_id(1), 1, session, issued))->key_id, "b2");
  auto retired = make_signer({"b2"}, "b2");
  EXPECT_FALSE(retired.verify(token_, epoch, issued + 1s));
}

TEST_F(Tokens, OfAKeyThatIsTakenOutAreInvalidAtOnce) {
  auto keys = [](std::vector<std::string> ids) {
    std::map<std::string, secret> out;
    for (const auto& id : ids) out.emplace(id, secret(std::string(32, id.front())));
    return out;
  };
  signer_.take_up(keys({"b2", "a1"}), "b2");
  EXPECT_TRUE(signer_.verify(token_, epoch, issued + 1s));
  auto next = signer_.make_token(user_id(17), epoch, session, issued);
  EXPECT_EQ(signer_.parse(next)->key_id, "b2");
  EXPECT_THROW(signer_.take_up(keys({"c3"}), "b2"), std::invalid_argument);
  EXPECT_TRUE(signer_.knows("a1")) << "a wrong set changes nothing";
  signer_.take_up(keys({"b2"}), "b2");
  EXPECT_FALSE(signer_.knows("a1"));
  expect(token_, token_errc::invalid);
  EXPECT_TRUE(signer_.verify(next, epoch, issued + 1s));
}

class Jwt : public Tokens {
protected:
  const std::string jwt_ = signer_.make_token(user_id(17), epoch, session, issued, token_form::jwt);
  std::vector<std::string> parts() const {
    auto first = jwt_.find('.'), second = jwt_.find('.', first + 1);
    return {jwt_.substr(0, first), jwt_.substr(first + 1, second - first - 1), jwt_.substr(second + 1)};
  }
};

TEST_F(Jwt, SaysWhatTheOtherFormSays) {
  auto claims = signer_.verify(jwt_, epoch, issued + 1s).value();
  EXPECT_EQ(claims.user, user_id(17));
  EXPECT_EQ(claims.issued_at, issued);
  EXPECT_EQ(claims.key_id, "a1");
  EXPECT_EQ(claims.session_id, session);
  EXPECT_EQ(claims.form, token_form::jwt);
  EXPECT_EQ(claims.expires_at, issued + 3600s);
  EXPECT_EQ(from_base64url(parts()[0]).value(), R"({"alg":"HS256","typ":"JWT","kid":"a1"})");
  EXPECT_EQ(from_base64url(parts()[1]).value(),
            R"({"iss":"drover","aud":"drover","sub":"17","sid":")" + session + R"(","iat":1760000000,"exp":1760003600,"epoch":4})");
}

TEST_F(Jwt, ExpiresAndEndsWithItsEpoch) {
  expect(jwt_, token_errc::expired, issued + 3600s);
  expect(jwt_, token_errc::invalid, issued - 301s);
  EXPECT_FALSE(signer_.verify(jwt_, epoch + 1, issued + 1s));
}

TEST_F(Jwt, LivesAsShortAsItSaysAndNeverLongerThanUsual) {
  const auto brief = signer_.make_token(user_id(17), epoch, session, issued, token_form::jwt, 60s);
  EXPECT_EQ(signer_.verify(brief, epoch, issued + 59s)->expires_at, issued + 60s);
  expect(brief, token_errc::expired, issued + 60s);
  const auto wished = signer_.make_token(user_id(17), epoch, session, issued, token_form::jwt, 7200s);
  EXPECT_EQ(signer_.verify(wished, epoch, issued + 1s)->expires_at, issued + 3600s);
}

TEST_F(Jwt, EveryMutatedCharacterIsRefused) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. ";
  for (std::size_t i = 0; i < jwt_.size(); ++i)
    for (char c : alphabet) {
      if (c == jwt_[i]) continue;
      auto altered = jwt_;
      altered[i] = c;
      expect(altered, token_errc::invalid);
    }
  for (std::size_t size = 0; size < jwt_.size(); ++size) expect(jwt_.substr(0, size), token_errc::invalid);
  for (auto suffix : {"=", "A", " ", ".", ".e30"}) expect(jwt_ + suffix, token_errc::invalid);
}

TEST_F(Jwt, NoOtherAlgorithmIsHeard) {
  for (auto head : {R"({"alg":"none","typ":"JWT","kid":"a1"})", R"({"alg":"HS512","typ":"JWT","kid":"a1"})",
                    R"({"alg":"RS256","typ":"JWT","kid":"a1"})", R"({"alg":"HS256","typ":"JWT","kid":"a1","crit":["x"]})",
                    R"({"kid":"a1","alg":"HS256","typ":"JWT"})", R"({"alg":"HS256","typ":"JWT","kid":"zz"})", "[]", "{}", ""}) {
    expect(to_base64url(head) + "." + parts()[1] + "." + parts()[2], token_errc::invalid);
    expect(to_base64url(head) + "." + parts()[1] + ".", token_errc::invalid);
  }
}

TEST_F(Jwt, ASignatureOfTheOtherFormIsNotOne) {
  auto plain = from_base64url(token_).value();
  auto mac = plain.substr(plain.rfind('.') + 1);
  expect(parts()[0] + "." + parts()[1] + "." + mac, token_errc::invalid);
}

TEST(TokenSigner, RefusesKeysThatAreTooShortOrMissing) {
  std::map<std::string, secret> brief;
  brief.emplace("a", secret(std::string(31, 'k')));
  EXPECT_THROW(token_signer(std::move(brief), "a", 60s), std::invalid_argument);
  EXPECT_THROW(make_signer({"a"}, "b"), std::invalid_argument);
  EXPECT_THROW(make_signer({"a.b"}, "a.b"), std::invalid_argument);
}

}  // namespace
}  // namespace drover::crypto
