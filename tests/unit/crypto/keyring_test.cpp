#include "crypto/keyring.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "crypto/signing_key.hpp"

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

std::vector<master_key> keys_of(std::initializer_list<std::string> texts) {
  std::vector<master_key> keys;
  for (const auto& text : texts) keys.push_back(key_of(text));
  return keys;
}

TEST_F(Keyring, WrapsWithItsFirstKeyAndOpensWithAll) {
  const auto old = ring_.make_data_key(user_id(3)).value();
  keyring both(keys_of({other_hex_key, hex_key}), random_);
  EXPECT_TRUE(both.unwrap(user_id(3), old));
  EXPECT_EQ(both.master_key_id(), other_ring_.master_key_id());
  const auto fresh = both.make_data_key(user_id(3)).value();
  EXPECT_TRUE(other_ring_.unwrap(user_id(3), fresh));
  EXPECT_EQ(ring_.unwrap(user_id(3), fresh).error().code, crypto_errc::key_wrong);
}

TEST_F(Keyring, RewrappingKeepsTheDataKeyAndChangesTheMasterKey) {
  const sealed_place place{user_id(3), account_id(5), "api_secret", 1, "binance"};
  const auto wrapped = ring_.make_data_key(user_id(3)).value();
  const auto text = ring_.unwrap(user_id(3), wrapped).value().seal(place, "a secret").value();
  ring_.take_up(keys_of({other_hex_key}));
  const auto again = ring_.rewrap(user_id(3), wrapped, ring_).value();
  EXPECT_EQ(again.dek_id, wrapped.dek_id);
  EXPECT_EQ(other_ring_.unwrap(user_id(3), again).value().open(place, text).value().reveal(), "a secret");
  EXPECT_FALSE(ring_.rewrap(user_id(4), wrapped, ring_));
}

TEST_F(Keyring, FingerprintsOutliveTheMasterKeyTheyCameFrom) {
  const auto before = ring_.fingerprint("an api key");
  keyring both(keys_of({other_hex_key, hex_key}), random_);
  EXPECT_NE(both.fingerprint("an api key"), before);
  ASSERT_TRUE(both.use_fingerprint_key(ring_.wrap_fingerprint_key().value()));
  EXPECT_EQ(both.fingerprint("an api key"), before);
  ASSERT_TRUE(other_ring_.use_fingerprint_key(both.wrap_fingerprint_key().value()));
  EXPECT_EQ(other_ring_.fingerprint("an api key"), before);
}

TEST_F(Keyring, AttestsByItsCurrentKeyWithoutShowingIt) {
  const auto made = ring_.attest("the message");
  const auto key = verifying_key::from_pem(made.public_key).value();
  EXPECT_EQ(key.algorithm(), key_algorithm::ed25519);
  EXPECT_TRUE(key.verify("the message", made.signature));
  EXPECT_FALSE(key.verify("the massage", made.signature));
  EXPECT_EQ(ring_.attest("another").public_key, made.public_key);
  EXPECT_NE(other_ring_.attest("the message").public_key, made.public_key);
}

TEST_F(Keyring, AKeyWrappedForOnePurposeIsRefusedForAnother) {
  const auto wrapped = ring_.wrap_key("backup", secret(std::string(32, 'k'))).value();
  EXPECT_EQ(ring_.unwrap_key("backup", wrapped).value().reveal(), std::string(32, 'k'));
  EXPECT_EQ(ring_.unwrap_key("fingerprints", wrapped).error().code, crypto_errc::sealed_value_refused);
  EXPECT_FALSE(ring_.unwrap(user_id(1), {.dek_id = "backup", .wrapped = wrapped}));
  EXPECT_FALSE(ring_.use_fingerprint_key(wrapped));
}

TEST_F(Keyring, WrappedKeysHaveTheDocumentedForm) {
  const auto wrapped = ring_.make_data_key(user_id(3)).value().wrapped;
  EXPECT_TRUE(wrapped.starts_with("w1." + ring_.master_key_id() + "."));
  // id 16, commitment 43, nonce 16, key and tag 64.
  EXPECT_EQ(wrapped.size(), 2u + 16 + 43 + 16 + 64 + 4);
}

/// SEC-04: a master key whose id was made to collide still has another commitment.
TEST_F(Keyring, AnotherKeyUnderTheSameIdIsRefusedByItsCommitment) {
  auto wrapped = other_ring_.make_data_key(user_id(3)).value();
  wrapped.wrapped.replace(3, 16, ring_.master_key_id());
  EXPECT_EQ(ring_.unwrap(user_id(3), wrapped).error().code, crypto_errc::sealed_value_refused);
}

TEST_F(Keyring, CheckValuesOfAnyHeldKeyAreVerified) {
  keyring both(keys_of({other_hex_key, hex_key}), random_);
  EXPECT_TRUE(both.verify_check_value(ring_.make_check_value()));
  EXPECT_TRUE(both.verify_check_value(other_ring_.make_check_value()));
  EXPECT_TRUE(both.holds(ring_.master_key_id()));
  EXPECT_FALSE(ring_.holds(other_ring_.master_key_id()));
}

TEST_F(Keyring, FingerprintsAreKeyedAndStable) {
  EXPECT_EQ(ring_.fingerprint("an api key"), ring_.fingerprint("an api key"));
  EXPECT_NE(ring_.fingerprint("an api key"), ring_.fingerprint("an api kez"));
  EXPECT_NE(ring_.fingerprint("an api key"), other_ring_.fingerprint("an api key"));
  EXPECT_EQ(ring_.fingerprint("an api key").find("api"), std::string::npos);
}

}  // namespace
}  // namespace drover::crypto
