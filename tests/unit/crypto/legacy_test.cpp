#include "crypto/legacy.hpp"

#include <gtest/gtest.h>

#include <string>

#include "crypto/keyring.hpp"

namespace drover::crypto {
namespace {

/// Made by the reference implementation in Python (cryptography.fernet).
constexpr std::string_view fernet_key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
constexpr std::string_view fernet_token =
    "gAAAAABlU_EARE_GmyhlkB4gRYmvD1PPlIhIVIVY995F5Byt-NonJjQhCS1tHE96D7heHZ6h671IJCpNFAQT6C_"
    "KZ27iCvvOKG16rEmSJ4es5XqwO2Ukg0I=";

TEST(Fernet, OpensWhatTheReferenceSealed) {
  const auto key = read_fernet_key(fernet_key);
  ASSERT_TRUE(key);
  const auto opened = open_fernet(*key, fernet_token);
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_EQ(opened->reveal(), "okx api secret 42");
}

/// The vector of the specification (generate.json / verify.json).
TEST(Fernet, OpensTheVectorOfTheSpecification) {
  const auto opened = open_fernet(
      *read_fernet_key(fernet_key),
      "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==");
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_EQ(opened->reveal(), "hello");
}

TEST(Fernet, RefusesEveryAlteredByteAndEveryCut) {
  const auto key = read_fernet_key(fernet_key);
  for (std::size_t i = 0; i < fernet_token.size() - 2; ++i) {
    std::string altered(fernet_token);
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_fernet(*key, altered)) << i;
    EXPECT_FALSE(open_fernet(*key, fernet_token.substr(0, i))) << i;
  }
  const auto other = read_fernet_key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  EXPECT_EQ(open_fernet(*other, fernet_token).error().code, crypto_errc::key_wrong);
}

TEST(Fernet, NamesWhatAKeyMustBe) {
  for (const char* text : {"", "short", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4Zcw_0x689",
                           "no base64 at all, but 44 characters long!!!!"})
    EXPECT_EQ(read_fernet_key(text).error().code, crypto_errc::key_malformed) << text;
}

struct cbc_case {
  const char *name, *key, *value, *clear;
};
/// Made by Node.js (crypto.createCipheriv), with the key as its name says.
constexpr cbc_case cbc_cases[] = {
    {"characters", "0123456789abcdef0123456789abcdef",
     "000102030405060708090a0b0c0d0e0f:6831ca73439fd255fd0d1d22a0525ef30713fea5d099a777e946d36f1a80cc79",
     "AKEY-example-0001"},
    {"hex", "60b420bb3851d9d47acb933dbe70399bf6c92da33af01d4fb770e98c0325f41d",
     "000102030405060708090a0b0c0d0e0f:867fbb398a194bba26482c483be6ab1e1e996351950d90804864d2fe635cfbb4",
     "secret value with = signs"},
    {"sha256", "any length of text",
     "000102030405060708090a0b0c0d0e0f:449759c9eb463a5ef7e1e54fefcfc93ffc72162b9e9b58119ee91d630886ddbf",
     "AKEY-example-0002"},
    {"scrypt", "any length of text",
     "000102030405060708090a0b0c0d0e0f:2e9d0f0473a4ed0c67da97cfa14bfc2ac9c83e00b35405fa028e3a819da01640",
     "AKEY-example-0003"},
};

TEST(Cbc, OneOfTheKeysOfATextOpensWhatItSealed) {
  for (const auto& c : cbc_cases) {
    int opening = 0;
    for (const auto& key : cbc_keys_of(secret(c.key)))
      if (const auto opened = open_cbc(key, c.value)) {
        ++opening;
        EXPECT_EQ(opened->reveal(), c.clear) << c.name;
      }
    EXPECT_EQ(opening, 1) << c.name;
  }
}

TEST(Cbc, RefusesWhatIsNotOfItsForm) {
  const auto key = std::move(cbc_keys_of(secret(cbc_cases[0].key)).front());
  for (const char* value :
       {"", ":", "00:00", "plain-text-key",
        "000102030405060708090a0b0c0d0e0f:", "000102030405060708090a0b0c0d0e0f:6831",
        "000102030405060708090a0b0c0d0e:6831ca73439fd255fd0d1d22a0525ef30713fea5d099a777e946d36f1a80cc79",
        "zz0102030405060708090a0b0c0d0e0f:6831ca73439fd255fd0d1d22a0525ef3"})
    EXPECT_EQ(open_cbc(key, value).error().code, crypto_errc::sealed_value_refused) << value;
}

}  // namespace
}  // namespace drover::crypto
