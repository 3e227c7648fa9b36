#pragma once

#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

/// Values that other systems sealed. For importers alone: nothing here is written any more. Errors are crypto_errc.
namespace drover::crypto {

/// The 32 bytes of a Fernet key (base64url): half to sign, half to encrypt. key_malformed for anything else.
result<secret> read_fernet_key(std::string_view text);
/// A Fernet token of any age (github.com/fernet/spec): version 0x80, AES-128-CBC, HMAC-SHA256. key_wrong when the key
/// did not make it, or it was altered: the two look alike.
result<secret> open_fernet(const secret& key, std::string_view token);

/// The AES-256 keys that a text may stand for, the likeliest first: its 32 characters, its 64 hex digits, its SHA-256,
/// and what scrypt makes of it with the salt "salt" (the example of Node.js).
std::vector<secret> cbc_keys_of(const secret& text);
/// "iv:ciphertext" in hex, AES-256-CBC with PKCS #7 padding. Nothing authenticates it: key_wrong when what comes out is
/// no printable ASCII, which a wrong key passes for one text of eight characters in about 4,000 million.
result<secret> open_cbc(const secret& key, std::string_view value);

}  // namespace drover::crypto
