#include "crypto/key_file.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace drover::crypto {
namespace {

const std::string first_key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string second_key = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr passphrase_cost cheap{.memory_kib = 8 * 1024, .passes = 1};

master_key key_of(const std::string& text) {
  return master_key::parse(secret(text)).value();
}
key_file file_of(const std::string& text) {
  return key_file::parse(secret(text)).value();
}

class LockedKey : public testing::Test {
protected:
  seeded_random random_{3};
  const secret passphrase_{"correct horse battery"};
  const std::string line_{make_locked_key_line(key_of(first_key), passphrase_, random_, cheap).value().reveal()};
};

TEST(KeyFile, HoldsOneKeyALineTheCurrentOneFirst) {
  const auto file = file_of(second_key + "\r\n\n" + to_base64(from_hex(first_key).value()) + "\n");
  EXPECT_FALSE(file.is_locked());
  EXPECT_EQ(file.ids(), (std::vector{key_of(second_key).id(), key_of(first_key).id()}));
  EXPECT_EQ(file.keys().at(1).to_hex().reveal(), first_key);
}

TEST(KeyFile, NamesTheLineThatIsWrongAndNotWhatIsInIt) {
  const auto damaged = key_file::parse(secret(first_key + "\n" + second_key.substr(2) + "\n"));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, crypto_errc::key_malformed);
  EXPECT_NE(damaged.error().detail.find("line 2"), std::string::npos);
  EXPECT_EQ(damaged.error().detail.find(second_key.substr(2, 8)), std::string::npos);
  EXPECT_FALSE(key_file::parse(secret("")));
  EXPECT_FALSE(key_file::parse(secret("\n\n")));
}

TEST(KeyFile, HoldsSixteenKeysAndNoMore) {
  seeded_random random(1);
  std::string text;
  for (int i = 0; i < 16; ++i) text += std::string(master_key::generate(random).to_hex().reveal()) + "\n";
  EXPECT_EQ(file_of(text).keys().size(), 16u);
  EXPECT_FALSE(key_file::parse(secret(text + first_key)));
}

TEST(KeyFile, PutsAKeyFirstAndDropsKeysById) {
  auto file = file_of(first_key + "\n");
  const auto two = file.with_first(make_key_line(key_of(second_key)));
  EXPECT_EQ(two.reveal(), second_key + "\n" + first_key + "\n");
  EXPECT_EQ(key_file::parse(two).value().without({key_of(first_key).id()}).reveal(), second_key + "\n");
}

TEST_F(LockedKey, OpensWithItsPassphraseOnly) {
  const auto file = file_of(line_);
  EXPECT_TRUE(file.is_locked());
  EXPECT_TRUE(file.keys().empty());
  EXPECT_EQ(file.ids(), std::vector{key_of(first_key).id()});
  EXPECT_EQ(file.unlock(passphrase_).value().front().to_hex().reveal(), first_key);
  const auto wrong = file.unlock(secret("correct horse batterz"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, crypto_errc::passphrase_wrong);
  EXPECT_EQ(line_.find(first_key.substr(0, 16)), std::string::npos);
}

TEST_F(LockedKey, EveryAlteredCharacterIsRefused) {
  for (std::size_t i = 0; i < line_.size(); ++i) {
    auto altered = line_;
    // Digits of the cost stay small: nobody wants to wait for them here.
    altered[i] = altered[i] == '1' ? '2' : '1';
    const auto file = key_file::parse(secret(altered));
    if (file) EXPECT_FALSE(file->unlock(passphrase_)) << i;
  }
}

TEST_F(LockedKey, CostsThatNobodyCanPayAreRefusedWithoutTrying) {
  for (const auto* cost : {".4294967295.1.", ".8192.65.", ".1.1.", ".8192.0.", ".8192.-1."}) {
    auto altered = line_;
    altered.replace(altered.find(".8192.1."), 8, cost);
    EXPECT_FALSE(key_file::parse(secret(altered))) << cost;
  }
}

TEST_F(LockedKey, WeakPassphrasesAreNotTaken) {
  for (const auto* weak : {"short", "eleven char", "password"}) {
    const auto made = make_locked_key_line(key_of(first_key), secret(weak), random_, cheap);
    ASSERT_FALSE(made) << weak;
    EXPECT_TRUE(made.error().detail.starts_with("passphrase: ")) << made.error().detail;
  }
}

TEST_F(LockedKey, LivesBesideKeysThatAreNot) {
  const auto file = file_of(second_key + "\n" + line_ + "\n");
  EXPECT_TRUE(file.is_locked());
  const auto keys = file.unlock(passphrase_).value();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].id(), key_of(second_key).id());
  EXPECT_EQ(keys[1].id(), key_of(first_key).id());
}

}  // namespace
}  // namespace drover::crypto
