#include "crypto/aead.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace drover::crypto {
namespace {

std::string bytes(const std::string& hex) {
  return from_hex(hex).value();
}

/// The AES-256 cases of the GCM specification (McGrew and Viega, test cases 13, 14 and 16).
struct gcm_vector {
  std::string key, nonce, associated, plaintext, sealed;
};

const gcm_vector vectors[] = {
    {std::string(64, '0'), std::string(24, '0'), "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {std::string(64, '0'), std::string(24, '0'), "", std::string(32, '0'),
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
     "ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
     "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(Aead, MatchesTheGcmSpecification) {
  for (const auto& v : vectors) {
    aes_gcm cipher(bytes(v.key));
    EXPECT_EQ(to_hex(cipher.encrypt(bytes(v.nonce), bytes(v.associated), bytes(v.plaintext)).value()), v.sealed);
    EXPECT_EQ(to_hex(cipher.decrypt(bytes(v.nonce), bytes(v.associated), bytes(v.sealed)).value().reveal()),
              v.plaintext);
  }
}

TEST(Aead, OpensAgainAfterARefusal) {
  const auto& v = vectors[2];
  aes_gcm cipher(bytes(v.key));
  EXPECT_FALSE(cipher.decrypt(bytes(v.nonce), "other", bytes(v.sealed)));
  EXPECT_TRUE(cipher.decrypt(bytes(v.nonce), bytes(v.associated), bytes(v.sealed)));
}

TEST(Aead, RefusesNoncesOfAnotherLengthAndTextsWithoutTag) {
  aes_gcm cipher(std::string(32, 'k'));
  EXPECT_FALSE(cipher.encrypt(std::string(11, 'n'), "", "text"));
  EXPECT_FALSE(cipher.decrypt(std::string(16, 'n'), "", std::string(32, 'c')));
  EXPECT_FALSE(cipher.decrypt(std::string(12, 'n'), "", std::string(15, 'c')));
}

TEST(Aead, KeyOfAnotherLengthIsABug) {
  EXPECT_THROW(aes_gcm(std::string(16, 'k')), std::logic_error);
}

}  // namespace
}  // namespace drover::crypto
