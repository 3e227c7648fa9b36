#pragma once

#include <cstddef>
#include <string_view>

#include "base/secret.hpp"

namespace drover::crypto {

/// HKDF-SHA256 (RFC 5869), extract and expand. `size_bytes` at most 255 * 32. Throws std::runtime_error when OpenSSL
/// fails.
secret hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info, std::size_t size_bytes);

}  // namespace drover::crypto
