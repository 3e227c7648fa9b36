#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "crypto/keyring.hpp"
#include "crypto/signing_key.hpp"

namespace drover::tenants {

/// A signed end of the chain: up to here the trail was what it was when the engine signed it.
struct audit_head {
  std::int64_t seq = 0;
  /// Of that row, 32 bytes.
  std::string hash;
  wall_time signed_at;
  std::string key_id;
  /// Ed25519 (RFC 8032), 64 bytes, over signed_text().
  std::string signature;
};

/// "drover-audit-head-v1", number, hash in hex and time (RFC 3339), a line each.
std::string signed_text(const audit_head&);

struct signed_head {
  audit_head head;
  /// PEM.
  std::string public_key;
};
/// By the key that comes out of the current master key.
signed_head sign_head(const crypto::keyring&, std::int64_t seq, std::string hash, wall_time at);

/// One line of the head file, a JSON object, without its end.
std::string to_line(const audit_head&);
/// errc::malformed.
result<audit_head> parse_head(std::string_view line);

/// The first 8 bytes of SHA-256 over the PEM text, hex.
std::string audit_key_id(std::string_view public_key);

/// Public keys that heads may be signed by. One thread at a time.
class audit_keys {
public:
  /// Any number of keys in PEM, one after the other, other text between them. crypto_errc::key_malformed.
  static result<audit_keys> parse(std::string_view pem);
  result<void> add(const std::string& pem);
  bool empty() const { return keys_.empty(); }
  bool knows(const std::string& key_id) const { return keys_.contains(key_id); }
  /// Whether the key that it names signed it.
  bool verify(const audit_head&) const;

private:
  std::map<std::string, crypto::verifying_key> keys_;
};

}  // namespace drover::tenants
