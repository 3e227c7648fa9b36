#include "crypto/keyring.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace drover::crypto {
namespace {

const std::string hex_key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string other_hex_key = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

master_key key_of(const std::string& text) {
  return master_key::parse(secret(text)).value();
}

TEST(MasterKey, ReadsHexAndBase64AsTheSameKey) {
  auto from_hex_text = key_of(hex_key);
  auto from_base64_text = key_of(to_base64(from_hex(hex_key).value()));
  EXPECT_EQ(from_hex_text.bytes(), from_base64_text.bytes());
  EXPECT_EQ(from_hex_text.id(), from_base64_text.id());
  EXPECT_EQ(from_hex_text.to_hex().reveal(), hex_key);
}

TEST(MasterKey, RefusesWhatIsNotThirtyTwoRandomBytesWithoutRepeatingIt) {
  const std::string bad[] = {"",
                             "short",
                             hex_key.substr(1),
                             hex_key + "0",
                             std::string(64, 'g'),
                             hex_key + "\n",
                             std::string(64, '0'),
                             std::string(44, '!'),
                             to_base64(std::string(31, 'x'))};
  for (const auto& text : bad) {
    auto key = master_key::parse(secret(text));
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, crypto_errc::key_malformed);
    if (text.size() > 4) EXPECT_EQ(key.error().to_string().find(text), std::string::npos);
  }
}

TEST(MasterKey, IdTellsKeysApartAndDoesNotHoldTheKey) {
  auto id = key_of(hex_key).id();
  EXPECT_EQ(id.size(), 16u);
  EXPECT_NE(id, key_of(other_hex_key).id());
  EXPECT_EQ(hex_key.find(id), std::string::npos);
}

TEST(MasterKey, GeneratedKeysDiffer) {
  seeded_random random(1);
  EXPECT_NE(master_key::generate(random).id(), master_key::generate(random).id());
}

class Keyring : public testing::Test {
protected:
  seeded_random random_{7};
  keyring ring_{key_of(hex_key), random_};
  keyring other_ring_{key_of(other_hex_key), random_};
};

TEST_F(Keyring, UnwrapsForTheUserItWasMadeForOnly) {
  auto wrapped = ring_.make_data_key(user_id(3)).value();
  EXPECT_TRUE(ring_.unwrap(user_id(3), wrapped));
  auto foreign = ring_.unwrap(user_id(4), wrapped);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, crypto_errc::sealed_value_refused);
}

TEST_F(Keyring, AnotherMasterKeyIsNamedAsSuch) {
  auto wrapped = ring_.make_data_key(user_id(3)).value();
  auto opened = other_ring_.unwrap(user_id(3), wrapped);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crypto_errc::key_wrong);
  EXPECT_NE(opened.error().detail.find(ring_.master_key_id()), std::string::npos);
}

TEST_F(Keyring, EveryAlteredCharacterOfAWrappedKeyIsRefused) {
  auto wrapped = ring_.make_data_key(user_id(3)).value();
  for (std::size_t i = 0; i < wrapped.wrapped.size(); ++i) {
    auto altered = wrapped;
    altered.wrapped[i] = altered.wrapped[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ring_.unwrap(user_id(3), altered)) << i;
    EXPECT_FALSE(ring_.unwrap(user_id(3), {wrapped.dek_id, wrapped.wrapped.substr(0, i)})) << i;
  }
  auto renamed = wrapped;
  renamed.dek_id[0] = renamed.dek_id[0] == '0' ? '1' : '0';
  EXPECT_FALSE(ring_.unwrap(user_id(3), renamed));
}

TEST_F(Keyring, CheckValueNoticesAnotherKey) {
  auto stored = ring_.make_check_value();
  EXPECT_TRUE(ring_.verify_check_value(stored));
  auto checked = other_ring_.verify_check_value(stored);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, crypto_errc::key_wrong);
  EXPECT_NE(checked.error().detail.find(ring_.master_key_id()), std::string::npos);
  EXPECT_NE(checked.error().detail.find(other_ring_.master_key_id()), std::string::npos);
}

TEST_F(Keyring, DamagedCheckValuesAreRefused) {
  auto stored = ring_.make_check_value();
  for (std::size_t i = 0; i <= stored.size(); ++i) {
    if (i < stored.size()) EXPECT_FALSE(ring_.verify_check_value(stored.substr(0, i))) << i;
    auto altered = stored;
    if (i < stored.size()) altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(ring_.verify_check_value(altered).has_value(), i == stored.size()) << i;
  }
}

TEST_F(Keyring, FingerprintsAreKeyedAndStable) {
  EXPECT_EQ(ring_.fingerprint("an api key"), ring_.fingerprint("an api key"));
  EXPECT_NE(ring_.fingerprint("an api key"), ring_.fingerprint("an api kez"));
  EXPECT_NE(ring_.fingerprint("an api key"), other_ring_.fingerprint("an api key"));
  EXPECT_EQ(ring_.fingerprint("an api key").find("api"), std::string::npos);
}

}  // namespace
}  // namespace drover::crypto
