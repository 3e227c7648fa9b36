#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include "base/secret.hpp"
#include "crypto/openssl_handles.hpp"

namespace drover::crypto {

using key_handle = std::unique_ptr<EVP_PKEY, openssl_delete<EVP_PKEY_free>>;

/// The DER inside PEM of one block, its lines in place. Empty when it is anything else.
secret read_single_block(std::string_view pem);

/// A P-256 or Ed25519 key in just the bytes that OpenSSL and the venues write: SEC1 with curve and public half (RFC
/// 5915), PKCS #8 of that (RFC 5958), or PKCS #8 of a seed (RFC 8410). Null for all the rest, broken or not: OpenSSL's
/// own decoders know more forms, but take about fifteen times as long, and keys are read for each signature so that
/// none stays in memory.
key_handle read_usual_key(std::string_view der);

}  // namespace drover::crypto
