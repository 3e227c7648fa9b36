#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

/// Ed25519 (RFC 8032) where strangers choose the keys: each key has one spelling, and only its holder can sign under
/// it.
namespace drover::crypto {

/// The 32 bytes of a public key, written as 64 hex digits or in base64 or base64url. crypto_errc::key_malformed:
/// something else, not the canonical encoding of a point, or a point of small order, under which anybody can make
/// signatures.
result<std::string> parse_ed25519_key(std::string_view text);
/// The 64 bytes of a signature, written as 128 hex digits or in base64 or base64url. crypto_errc::key_malformed.
result<std::string> parse_ed25519_signature(std::string_view text);
/// False for any signature that is not in its canonical form (S below the order of the group). Any thread.
bool verify_ed25519(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace drover::crypto
