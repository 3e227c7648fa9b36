#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace drover::crypto {

enum class crypto_errc {
  /// No master key was configured; the detail names the settings that provide one.
  key_missing = 1,
  /// The master key has the wrong length or encoding; the detail names the setting, never the key.
  key_malformed,
  /// The master key is not the one this database was sealed with.
  key_wrong,
  /// The passphrase does not open the key file, or the file was altered.
  passphrase_wrong,
  /// A sealed value does not open: altered, moved from another row, or sealed under another key. One text for all.
  sealed_value_refused,
  /// Credentials that were replaced or destroyed since are in the row again (SEC-08).
  rolled_back,
  /// OpenSSL failed; nothing was produced.
  broken,
};
std::error_code make_error_code(crypto_errc);

/// AES-256 key-encryption key and its public id (first 8 bytes of SHA-256 over a label and the key, hex).
class master_key {
public:
  /// 64 hex digits or 44 base64 characters (32 bytes, not all equal). The detail of key_malformed never holds the key;
  /// the caller puts the setting's name before it.
  static result<master_key> parse(const secret& text);
  static master_key generate(random_source&);
  const std::string& id() const { return id_; }
  std::string_view bytes() const { return bytes_.reveal(); }
  /// For writing a fresh key to a file.
  secret to_hex() const;

private:
  secret bytes_;
  std::string id_;
};

/// Where a value lives; bound into the ciphertext as additional data with length prefixes, so that a value moved to
/// another user, account, field or version does not open (SEC-02).
struct sealed_place {
  user_id user;
  account_id account;
  /// "api_key", "api_secret", "passphrase".
  std::string_view field;
  /// Version of the credentials, counted up at each replacement.
  std::int64_t version = 0;
  std::string_view exchange;
};

/// A user's data key, unwrapped. Holds a kept AES-GCM context; one thread at a time.
class data_key {
public:
  data_key(data_key&&) noexcept;
  data_key& operator=(data_key&&) noexcept;
  ~data_key();
  /// "v1.<dek id>.<key commitment>.<nonce>.<ciphertext and tag>": the id is 16 hex digits, the rest base64url. The
  /// commitment (32 bytes, one per key) proves which key a text was made with: no text opens under two keys (SEC-04).
  /// At most 16 KiB of plaintext, longer ones answer errc::out_of_range.
  result<std::string> seal(const sealed_place&, std::string_view plaintext);
  /// sealed_value_refused, with one text whatever the reason.
  result<secret> open(const sealed_place&, std::string_view sealed);
  const std::string& id() const;

private:
  friend class keyring;
  struct state;
  explicit data_key(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

/// Wraps and unwraps data keys under master keys, of which it may hold several: the current one wraps, all of them open.
/// Keeps what is derived from them, in guarded memory. Any thread; copies nothing out.
class keyring {
public:
  keyring(master_key, random_source&);
  /// The first key is the current one. Throws std::logic_error without any.
  keyring(std::vector<master_key>, random_source&);
  ~keyring();
  /// The first of these is the current key from here on; those held before still open.
  void take_up(std::vector<master_key>);

  /// A fresh data key for a user: the text to store and the open key.
  struct wrapped_key {
    std::string dek_id;
    /// "w1.<master key id>.<commitment>.<nonce>.<key and tag>"
    std::string wrapped;
  };
  result<wrapped_key> make_data_key(user_id) const;
  /// key_wrong when a master key wrapped it that is not held, sealed_value_refused when it was altered or is another user's.
  result<data_key> unwrap(user_id, const wrapped_key&) const;
  /// The same data key wrapped by the current key of `target`. Errors as of unwrap().
  result<wrapped_key> rewrap(user_id, const wrapped_key&, const keyring& target) const;

  /// Keys that are nobody's: `purpose` is bound into the text, which is formed as above.
  result<std::string> wrap_key(std::string_view purpose, const secret& key) const;
  result<secret> unwrap_key(std::string_view purpose, std::string_view wrapped) const;

  /// A known text sealed under the current master key; stored once per key so that a wrong one is noticed at start.
  std::string make_check_value() const;
  /// By the held key that it names.
  result<void> verify_check_value(std::string_view stored) const;
  /// The current one.
  std::string master_key_id() const;
  bool holds(std::string_view master_key_id) const;

  /// What the holder of the current master key vouches for: an Ed25519 signature (64 bytes), and the public key (PEM) that
  /// verifies it without any secret. Another master key has another one.
  struct attestation {
    std::string public_key, signature;
  };
  attestation attest(std::string_view message) const;

  /// Keyed hash of an API key, for finding duplicates without the clear text. Its key comes out of the first master key
  /// ever used, and is kept wrapped from then on, so that a new master key leaves the stored hashes comparable.
  std::string fingerprint(std::string_view api_key) const;
  result<std::string> wrap_fingerprint_key() const;
  /// Errors as of unwrap().
  result<void> use_fingerprint_key(std::string_view wrapped);

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::crypto

template <>
struct std::is_error_code_enum<drover::crypto::crypto_errc> : std::true_type {};
