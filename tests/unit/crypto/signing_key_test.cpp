#include "crypto/signing_key.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "crypto/keyring.hpp"
#include "tests/support/test_keys.hpp"

namespace drover::crypto {
namespace {

TEST(SigningKey, Ed25519AgreesWithTheStandard) {
  // RFC 8032 §7.1, test 2.
  auto seed = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  auto key = signing_key::from_ed25519(*seed);
  ASSERT_TRUE(key);
  auto signature = key->sign("\x72");
  EXPECT_EQ(to_hex(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d2916"
            "12bb0c00");
  EXPECT_TRUE(key->verify("\x72", signature));
  EXPECT_FALSE(key->verify("\x73", signature));
}

TEST(SigningKey, Es256SignaturesVerifyAndAreBoundToTheMessage) {
  auto key = signing_key::generate(key_algorithm::es256);
  auto signature = key.sign("message");
  EXPECT_EQ(signature.size(), 64u);
  EXPECT_TRUE(key.verify("message", signature));
  EXPECT_FALSE(key.verify("massage", signature));
  signature[10] = static_cast<char>(signature[10] ^ 1);
  EXPECT_FALSE(key.verify("message", signature));
  EXPECT_FALSE(key.verify("message", "short"));
}

TEST(SigningKey, EveryFormOfPemComesBack) {
  for (auto algorithm : {key_algorithm::es256, key_algorithm::ed25519, key_algorithm::rsa})
    for (bool pkcs8 : {false, true}) {
      auto key = signing_key::generate(algorithm);
      auto pem = key.to_pem(pkcs8);
      auto again = signing_key::from_pem(pem.reveal());
      ASSERT_TRUE(again);
      EXPECT_EQ(again->algorithm(), algorithm);
      EXPECT_TRUE(key.verify("x", again->sign("x")));
    }
}

TEST(SigningKey, SignsAsTheCommandLineOfOpenssl) {
  for (auto [pem, expected] : {std::pair{test::ed25519_pem, test::ed25519_signature}, {test::rsa_pem, test::rsa_signature}}) {
    auto key = signing_key::from_pem(pem);
    ASSERT_TRUE(key);
    EXPECT_EQ(to_base64(key->sign(test::signed_text)), expected);
  }
  EXPECT_EQ(signing_key::from_pem(test::rsa_pem)->algorithm(), key_algorithm::rsa);
}

TEST(SigningKey, BlanksInPlaceOfLineEndsAreRead) {
  std::string pem(test::rsa_pem);
  for (auto& c : pem)
    if (c == '\n') c = ' ';
  auto key = signing_key::from_pem(pem);
  ASSERT_TRUE(key);
  EXPECT_EQ(to_base64(key->sign(test::signed_text)), test::rsa_signature);
  EXPECT_TRUE(looks_like_pem(pem));
  EXPECT_TRUE(looks_like_pem(" \n" + pem));
  EXPECT_FALSE(looks_like_pem("0123456789abcdef"));
  EXPECT_FALSE(looks_like_pem(""));
}

TEST(VerifyingKey, KnowsItsOwnSignaturesOnly) {
  auto ed25519 = verifying_key::from_pem(test::ed25519_public_pem), rsa = verifying_key::from_pem(test::rsa_public_pem);
  ASSERT_TRUE(ed25519 && rsa);
  EXPECT_TRUE(ed25519->verify(test::signed_text, *from_base64(test::ed25519_signature)));
  EXPECT_TRUE(rsa->verify(test::signed_text, *from_base64(test::rsa_signature)));
  EXPECT_FALSE(rsa->verify("another text", *from_base64(test::rsa_signature)));
  EXPECT_FALSE(rsa->verify(test::signed_text, *from_base64(test::ed25519_signature)));
  EXPECT_FALSE(ed25519->verify(test::signed_text, *from_base64(test::rsa_signature)));
  EXPECT_FALSE(ed25519->verify(test::signed_text, ""));
}

TEST(VerifyingKey, ComesFromEverySigningKey) {
  for (auto algorithm : {key_algorithm::es256, key_algorithm::ed25519, key_algorithm::rsa}) {
    auto key = signing_key::generate(algorithm);
    auto open = verifying_key::from_pem(key.to_public_pem());
    ASSERT_TRUE(open);
    EXPECT_EQ(open->algorithm(), algorithm);
    EXPECT_TRUE(open->verify("x", key.sign("x")));
  }
  EXPECT_FALSE(verifying_key::from_pem(test::ed25519_pem)) << "a private key is not a public one";
  EXPECT_FALSE(verifying_key::from_pem("canary"));
}

TEST(SigningKey, EscapedLineEndsAreRead) {
  auto key = signing_key::generate(key_algorithm::es256);
  auto kept = key.to_pem(false);
  std::string pem(kept.reveal());
  for (auto at = pem.find('\n'); at != std::string::npos; at = pem.find('\n', at)) pem.replace(at, 1, "\\n");
  EXPECT_TRUE(signing_key::from_pem(pem));
}

TEST(SigningKey, LinesThatWereRunTogetherAreRead) {
  for (bool pkcs8 : {false, true}) {
    auto key = signing_key::generate(key_algorithm::es256);
    auto kept = key.to_pem(pkcs8);
    std::string pem(kept.reveal());
    std::erase(pem, '\n');
    auto again = signing_key::from_pem(pem);
    ASSERT_TRUE(again);
    EXPECT_TRUE(key.verify("x", again->sign("x")));
  }
}

TEST(SigningKey, RawEd25519ComesBack) {
  auto key = signing_key::generate(key_algorithm::ed25519);
  auto again = signing_key::from_ed25519(key.to_ed25519().reveal());
  ASSERT_TRUE(again);
  EXPECT_TRUE(key.verify("x", again->sign("x")));
}

/// The quick way of reading a key and OpenSSL's own must be one: a second block sends the same key the other way.
TEST(SigningKey, IsTheSameHoweverItIsRead) {
  constexpr std::string_view other_block = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  for (auto algorithm : {key_algorithm::es256, key_algorithm::ed25519})
    for (bool as_pkcs8 : {false, true}) {
      const auto pem = signing_key::generate(algorithm).to_pem(as_pkcs8);
      const auto quick = signing_key::from_pem(pem.reveal()), slow = signing_key::from_pem(std::string(other_block) + std::string(pem.reveal()));
      ASSERT_TRUE(quick && slow);
      EXPECT_EQ(quick->to_pem(true).reveal(), slow->to_pem(true).reveal());
      EXPECT_EQ(quick->to_public_pem(), slow->to_public_pem());
    }
}

TEST(SigningKey, RefusesAPublicHalfThatIsOnNoCurve) {
  const auto pem = signing_key::generate(key_algorithm::es256).to_pem(false);
  auto der = from_base64([&] {
    std::string body(pem.reveal());
    body = body.substr(body.find('\n') + 1);
    body.resize(body.find("-----"));
    std::erase(body, '\n');
    return body;
  }());
  ASSERT_TRUE(der);
  der->back() = static_cast<char>(der->back() ^ 1);
  EXPECT_FALSE(signing_key::from_pem("-----BEGIN EC PRIVATE KEY-----\n" + to_base64(*der) + "\n-----END EC PRIVATE KEY-----\n"));
}

TEST(SigningKey, RefusesWhatIsNoKeyWithoutShowingIt) {
  for (std::string_view text : {"", "canary", "-----BEGIN EC PRIVATE KEY-----\ncanary\n-----END EC PRIVATE KEY-----\n"}) {
    auto key = signing_key::from_pem(text);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, make_error_code(crypto_errc::key_malformed));
    EXPECT_EQ(key.error().detail.find("canary"), std::string::npos);
  }
  EXPECT_FALSE(signing_key::from_ed25519("short"));
  EXPECT_FALSE(signing_key::from_pem(std::string(10'000, 'x')));
}

}  // namespace
}  // namespace drover::crypto
