#include "crypto/hkdf.hpp"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include <stdexcept>

#include "crypto/openssl_handles.hpp"

namespace drover::crypto {
namespace {

EVP_KDF* hkdf_algorithm() {
  static const kdf_algorithm algorithm(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
  return algorithm.get();
}

OSSL_PARAM octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

}  // namespace

secret hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info, std::size_t size_bytes) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[5];
  std::size_t count = 0;
  parameters[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
  parameters[count++] = octets(OSSL_KDF_PARAM_KEY, key);
  // An absent salt means zeros (RFC 5869 §2.2), and OpenSSL refuses empty ones.
  if (!salt.empty()) parameters[count++] = octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) parameters[count++] = octets(OSSL_KDF_PARAM_INFO, info);
  parameters[count] = OSSL_PARAM_END;

  kdf_context context(EVP_KDF_CTX_new(hkdf_algorithm()));
  auto out = secret::of_size(size_bytes);
  auto bytes = out.mutable_bytes();
  if (!context || EVP_KDF_derive(context.get(), bytes.data(), bytes.size(), parameters) != 1)
    throw std::runtime_error("OpenSSL cannot derive a key");
  return out;
}

}  // namespace drover::crypto
