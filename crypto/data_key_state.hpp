#pragma once

#include <string>

#include "crypto/aead.hpp"
#include "crypto/binding.hpp"
#include "crypto/keyring.hpp"

namespace drover::crypto {

/// What an open data key holds: not the key itself but what is derived from it.
struct data_key::state {
  /// `key`: the 32 bytes of the data key.
  state(std::string dek_id, std::string_view key, random_source&);
  /// `derived`: encryption key, then commitment.
  state(std::string dek_id, const secret& derived, random_source&);

  std::string id;
  /// "v1.<dek id>.<key commitment>.", with which every text of this key begins.
  std::string prefix;
  aes_gcm cipher;
  random_source& random;
  /// Kept for its memory.
  binding associated;
};

}  // namespace drover::crypto
