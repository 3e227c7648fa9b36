#pragma once

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <memory>

namespace drover::crypto {

/// Owner of an OpenSSL object; included by .cpp files of this folder only.
template <auto Free>
struct openssl_delete {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, openssl_delete<EVP_CIPHER_CTX_free>>;
using mac_context = std::unique_ptr<EVP_MAC_CTX, openssl_delete<EVP_MAC_CTX_free>>;
using mac_algorithm = std::unique_ptr<EVP_MAC, openssl_delete<EVP_MAC_free>>;
using kdf_context = std::unique_ptr<EVP_KDF_CTX, openssl_delete<EVP_KDF_CTX_free>>;
using kdf_algorithm = std::unique_ptr<EVP_KDF, openssl_delete<EVP_KDF_free>>;

}  // namespace drover::crypto
