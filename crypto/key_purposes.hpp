#pragma once

#include <string_view>

namespace drover::crypto {

/// What keys that are nobody's are wrapped for (keyring::wrap_key).
inline constexpr std::string_view fingerprint_key_purpose = "fingerprints";
inline constexpr std::string_view backup_key_purpose = "backup";

}  // namespace drover::crypto
