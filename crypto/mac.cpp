#include "crypto/mac.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "crypto/openssl_handles.hpp"

namespace drover::crypto {
namespace {

constexpr std::size_t sha256_bytes = 32;

const unsigned char* bytes_of(std::string_view text) {
  // OpenSSL reads a null key as "the key of last time".
  static constexpr unsigned char nothing = 0;
  return text.empty() ? &nothing : reinterpret_cast<const unsigned char*>(text.data());
}

std::string digest(const EVP_MD* algorithm, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, algorithm, nullptr) != 1)
    throw std::runtime_error("OpenSSL cannot compute a digest");
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hmac(const EVP_MD* algorithm, std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  auto* done = HMAC(algorithm, bytes_of(key), static_cast<int>(key.size()), bytes_of(message), message.size(),
                    out.data(), &size);
  if (done == nullptr) throw std::runtime_error("OpenSSL cannot compute an HMAC");
  return {reinterpret_cast<const char*>(out.data()), size};
}

EVP_MAC* hmac_algorithm() {
  static const mac_algorithm algorithm(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
  return algorithm.get();
}

}  // namespace

std::string sha256(std::string_view bytes) {
  return digest(EVP_sha256(), bytes);
}
std::string sha512(std::string_view bytes) {
  return digest(EVP_sha512(), bytes);
}
std::string sha1(std::string_view bytes) {
  return digest(EVP_sha1(), bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  return hmac(EVP_sha256(), key, message);
}
std::string hmac_sha512(std::string_view key, std::string_view message) {
  return hmac(EVP_sha512(), key, message);
}

struct hmac_context::state {
  mac_context mac;
};

hmac_context::hmac_context(std::string_view key) : state_(std::make_unique<state>()) {
  char name[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_END};
  state_->mac.reset(EVP_MAC_CTX_new(hmac_algorithm()));
  if (!state_->mac || EVP_MAC_init(state_->mac.get(), bytes_of(key), key.size(), parameters) != 1)
    throw std::runtime_error("OpenSSL cannot key an HMAC");
}

hmac_context::~hmac_context() = default;
hmac_context::hmac_context(hmac_context&&) noexcept = default;

std::string hmac_context::sign(std::string_view message) {
  auto* mac = state_->mac.get();
  std::string out(sha256_bytes, '\0');
  std::size_t size = 0;
  bool done = EVP_MAC_init(mac, nullptr, 0, nullptr) == 1 &&
              EVP_MAC_update(mac, bytes_of(message), message.size()) == 1 &&
              EVP_MAC_final(mac, reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) == 1;
  if (!done || size != sha256_bytes) throw std::runtime_error("OpenSSL cannot compute an HMAC");
  return out;
}

}  // namespace drover::crypto
