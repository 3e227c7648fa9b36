#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "crypto/keyring.hpp"

namespace drover::crypto {
namespace {

class SealedValue : public testing::Test {
protected:
  data_key make_key(user_id user) { return ring_.unwrap(user, ring_.make_data_key(user).value()).value(); }
  static void expect_refused(const result<secret>& opened, const std::string& what) {
    ASSERT_FALSE(opened) << what;
    EXPECT_EQ(opened.error().code, crypto_errc::sealed_value_refused) << what;
    EXPECT_EQ(opened.error().detail, "") << what;
  }

  seeded_random random_{11};
  keyring ring_{master_key::generate(random_), random_};
  data_key key_ = make_key(user_id(1));
  const sealed_place place_{
      .user = user_id(1), .account = account_id(5), .field = "api_secret", .version = 2, .exchange = "binance"};
};

TEST_F(SealedValue, OpensInItsPlace) {
  const std::string texts[] = {"", "x", "a secret with \0 inside", std::string(16 * 1024, 's')};
  for (const auto& text : texts) {
    auto sealed = key_.seal(place_, text).value();
    EXPECT_EQ(key_.open(place_, sealed).value().reveal(), text);
  }
}

TEST_F(SealedValue, HasTheDocumentedForm) {
  auto sealed = key_.seal(place_, "text").value();
  EXPECT_TRUE(sealed.starts_with("v1." + key_.id() + "."));
  EXPECT_EQ(std::ranges::count(sealed, '.'), 4);
  // id 16, commitment 43, nonce 16, ciphertext and tag 27.
  EXPECT_EQ(sealed.size(), 2u + 16 + 43 + 16 + 27 + 4);
}

TEST_F(SealedValue, TooLongTextsAreNotSealed) {
  auto sealed = key_.seal(place_, std::string(16 * 1024 + 1, 's'));
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code, errc::out_of_range);
}

TEST_F(SealedValue, SealingTwiceGivesTwoTexts) {
  EXPECT_NE(key_.seal(place_, "text").value(), key_.seal(place_, "text").value());
}

/// Two users × two accounts × three fields × two exchanges × two versions: no text opens in another place.
TEST_F(SealedValue, SwappingAnyTwoPlacesIsRefused) {
  data_key keys[] = {make_key(user_id(1)), make_key(user_id(2))};
  std::vector<sealed_place> places;
  for (std::int64_t user : {1, 2})
    for (std::int64_t account : {12, 1})
      for (auto field : {"api_key", "api_secret", "passphrase"})
        for (auto exchange : {"binance", "okx"})
          for (std::int64_t version : {1, 2})
            places.push_back({user_id(user), account_id(account), field, version, exchange});
  std::vector<std::string> texts;
  for (const auto& place : places) texts.push_back(keys[place.user.value - 1].seal(place, "same text").value());
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t j = 0; j < places.size(); ++j) {
      auto opened = keys[places[j].user.value - 1].open(places[j], texts[i]);
      if (i == j)
        EXPECT_TRUE(opened);
      else
        expect_refused(opened, std::to_string(i) + " in place of " + std::to_string(j));
    }
}

TEST_F(SealedValue, FieldsThatJoinToTheSameTextAreDifferentPlaces) {
  sealed_place one{user_id(1), account_id(5), "ab", 1, "c"};
  sealed_place other{user_id(1), account_id(5), "b", 1, "ca"};
  expect_refused(key_.open(other, key_.seal(one, "text").value()), "joined fields");
}

TEST_F(SealedValue, EveryFlippedBitIsRefused) {
  auto sealed = key_.seal(place_, "a secret of some length").value();
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    auto altered = sealed;
    altered[i / 8] = static_cast<char>(altered[i / 8] ^ (1 << (i % 8)));
    expect_refused(key_.open(place_, altered), "bit " + std::to_string(i));
  }
  EXPECT_TRUE(key_.open(place_, sealed));
}

TEST_F(SealedValue, EveryTruncationAndAdditionIsRefused) {
  auto sealed = key_.seal(place_, "a secret of some length").value();
  for (std::size_t size = 0; size < sealed.size(); ++size)
    expect_refused(key_.open(place_, sealed.substr(0, size)), "length " + std::to_string(size));
  for (auto suffix : {"A", "=", ".", " ", "\n", "AAAA"}) expect_refused(key_.open(place_, sealed + suffix), suffix);
}

/// One spelling per value: every other character in the last place is a different value or not canonical.
TEST_F(SealedValue, OtherSpellingsOfTheLastCharacterAreRefused) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  auto sealed = key_.seal(place_, "text").value();
  int opened = 0;
  for (char c : alphabet) {
    auto respelled = sealed;
    respelled.back() = c;
    opened += key_.open(place_, respelled).has_value();
  }
  EXPECT_EQ(opened, 1);
}

TEST_F(SealedValue, AnotherKeyOfTheSameUserIsRefusedByItsCommitment) {
  auto other = make_key(user_id(1));
  auto sealed = key_.seal(place_, "text").value();
  expect_refused(other.open(place_, sealed), "another key");
  // Even under the right id: the commitment names the key, not its label.
  auto relabelled = sealed;
  relabelled.replace(3, 16, other.id());
  expect_refused(other.open(place_, relabelled), "another key under its own id");
}

TEST_F(SealedValue, NoncesDoNotRepeat) {
  std::set<std::string> nonces;
  for (int i = 0; i < 1000; ++i) nonces.insert(key_.seal(place_, "text").value().substr(3 + 16 + 1 + 43 + 1, 16));
  EXPECT_EQ(nonces.size(), 1000u);
}

}  // namespace
}  // namespace drover::crypto
