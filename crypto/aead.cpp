#include "crypto/aead.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <stdexcept>

#include "crypto/openssl_handles.hpp"

namespace drover::crypto {
namespace {

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
int size_of(std::string_view bytes) {
  return static_cast<int>(bytes.size());
}

const EVP_CIPHER* cipher() {
  // Fetched once: the implicit fetch of EVP_aes_256_gcm() costs more than sealing does.
  static EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return fetched;
}

}  // namespace

/// One context serves both directions: the key schedule is the same, and most keys are only ever used to open.
struct aes_gcm::state {
  cipher_context context{EVP_CIPHER_CTX_new()};
};

aes_gcm::aes_gcm(std::string_view key) : state_(std::make_unique<state>()) {
  auto* context = state_->context.get();
  if (key.size() != aes_key_bytes) throw std::logic_error("an AES-256 key has 32 bytes");
  if (context == nullptr || EVP_CipherInit_ex2(context, cipher(), in(key), nullptr, 0, nullptr) != 1)
    throw std::runtime_error("OpenSSL cannot key AES-256-GCM");
}

aes_gcm::~aes_gcm() = default;
aes_gcm::aes_gcm(aes_gcm&&) noexcept = default;
aes_gcm& aes_gcm::operator=(aes_gcm&&) noexcept = default;

std::optional<std::string> aes_gcm::encrypt(std::string_view nonce, std::string_view associated,
                                            std::string_view plaintext) {
  if (nonce.size() != gcm_nonce_bytes) return std::nullopt;
  auto* context = state_->context.get();
  std::string out(plaintext.size() + gcm_tag_bytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  bool done = EVP_CipherInit_ex2(context, nullptr, nullptr, in(nonce), 1, nullptr) == 1 &&
              EVP_CipherUpdate(context, nullptr, &size, in(associated), size_of(associated)) == 1 &&
              EVP_CipherUpdate(context, bytes, &size, in(plaintext), size_of(plaintext)) == 1 &&
              EVP_CipherFinal_ex(context, bytes + plaintext.size(), &size) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, gcm_tag_bytes, bytes + plaintext.size()) == 1;
  if (!done) return std::nullopt;
  return out;
}

std::optional<secret> aes_gcm::decrypt(std::string_view nonce, std::string_view associated, std::string_view sealed) {
  if (nonce.size() != gcm_nonce_bytes || sealed.size() < gcm_tag_bytes) return std::nullopt;
  auto* context = state_->context.get();
  auto ciphertext = sealed.substr(0, sealed.size() - gcm_tag_bytes);
  auto* tag = const_cast<char*>(sealed.data() + ciphertext.size());
  auto plaintext = secret::of_size(ciphertext.size());
  int size = 0;
  bool genuine =
      EVP_CipherInit_ex2(context, nullptr, nullptr, in(nonce), 0, nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, gcm_tag_bytes, tag) == 1 &&
      EVP_CipherUpdate(context, nullptr, &size, in(associated), size_of(associated)) == 1 &&
      EVP_CipherUpdate(context, plaintext.mutable_bytes().data(), &size, in(ciphertext), size_of(ciphertext)) == 1 &&
      EVP_CipherFinal_ex(context, plaintext.mutable_bytes().data(), &size) == 1;
  if (!genuine) return std::nullopt;
  return plaintext;
}

}  // namespace drover::crypto
