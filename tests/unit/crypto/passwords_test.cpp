#include "crypto/passwords.hpp"

#include <gtest/gtest.h>

namespace drover::crypto {
namespace {

/// Little work: the tests are about form, not strength.
constexpr password_cost cheap{.memory_kib = 64, .passes = 1};

TEST(Passwords, VerifyAcceptsTheRightOneOnly) {
  seeded_random random(3);
  auto hash = hash_password(secret("correct horse battery"), random, cheap).value();
  EXPECT_TRUE(verify_password(secret("correct horse battery"), hash));
  for (auto wrong : {"", "correct horse batter", "correct horse batteryx", "Correct horse battery"})
    EXPECT_FALSE(verify_password(secret(std::string_view(wrong)), hash)) << wrong;
}

TEST(Passwords, BytesAfterAZeroCount) {
  seeded_random random(3);
  auto hash = hash_password(secret(std::string_view("with\0zero", 9)), random, cheap).value();
  EXPECT_TRUE(verify_password(secret(std::string_view("with\0zero", 9)), hash));
  EXPECT_FALSE(verify_password(secret(std::string_view("with\0zer0", 9)), hash));
  EXPECT_FALSE(verify_password(secret("with"), hash));
}

TEST(Passwords, HashIsAPhcStringWithItsOwnSalt) {
  seeded_random random(3);
  auto hash = hash_password(secret("some password"), random).value();
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash;
  EXPECT_NE(hash, hash_password(secret("some password"), random).value());
}

TEST(Passwords, BrokenHashesMatchNothing) {
  for (auto hash : {"", "x", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA", "plain"})
    EXPECT_FALSE(verify_password(secret("password"), hash)) << hash;
}

TEST(Passwords, OverlongOnesAreRefusedNotTruncated) {
  seeded_random random(3);
  EXPECT_FALSE(hash_password(secret(std::string(1025, 'x')), random, cheap));
  auto hash = hash_password(secret(""), random, cheap).value();
  EXPECT_FALSE(verify_password(secret(std::string(1025, 'x')), hash));
}

TEST(Passwords, DummyHashMatchesNoGuess) {
  seeded_random random(3);
  auto dummy = make_dummy_hash(random, cheap);
  EXPECT_TRUE(dummy.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
  EXPECT_FALSE(verify_password(secret(""), dummy));
}

TEST(PasswordRules, AcceptEightTo256CharactersOfAnyScript) {
  std::string eight_umlauts, most;
  for (int i = 0; i < 8; ++i) eight_umlauts += "ü";
  for (int i = 0; i < 256; ++i) most += "€";
  for (const auto& good : {std::string("tr0ub4dor&3"), eight_umlauts, most, std::string(" spaces count ")})
    EXPECT_TRUE(check_password_rules(secret(good))) << good;
}

TEST(PasswordRules, SayWhichRuleIsBroken) {
  auto detail = [](const std::string& password) {
    auto checked = check_password_rules(secret(password));
    return checked ? std::string() : checked.error().detail;
  };
  EXPECT_EQ(detail("seven77"), "password: must have at least 8 characters");
  EXPECT_EQ(detail("üüüü"), "password: must have at least 8 characters");
  EXPECT_EQ(detail(std::string(257, 'x')), "password: must have at most 256 characters");
  EXPECT_EQ(detail("password123"), "password: is one of the most common ones, choose another");
  EXPECT_EQ(detail("PassWord123"), "password: is one of the most common ones, choose another");
}

}  // namespace
}  // namespace drover::crypto
