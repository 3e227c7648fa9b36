#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "crypto/guarded_bytes.hpp"
#include "crypto/keyring.hpp"

namespace drover::crypto {

/// What a keyring keeps of one master key. Const after construction: any thread.
class wrapping_key {
public:
  explicit wrapping_key(const master_key&);
  const std::string& id() const { return id_; }
  /// "w1.<id>.<commitment>.<nonce>.<key and tag>"; `place` tells what the key is for. Nothing when OpenSSL fails.
  std::optional<std::string> wrap(std::string_view place, std::string_view key, random_source&) const;
  /// sealed_value_refused.
  result<secret> unwrap(std::string_view place, std::string_view wrapped) const;
  std::string make_check_value() const;
  /// Ed25519, by a key that comes out of the master key.
  std::string attest(std::string_view message) const;
  std::string attestation_key() const;

private:
  std::string bind(std::string_view place) const;
  std::string id_, prefix_;
  /// Encryption key, the key of the check value, the seed of the key that signs.
  guarded_bytes keys_;
};

/// Of the master key that a wrapped key or a check value names; empty when it is neither.
std::string_view wrapping_id_of(std::string_view text);

/// What comes out of a master key for one purpose.
secret derive_from(const master_key&, std::string_view purpose, std::size_t size_bytes);

}  // namespace drover::crypto
