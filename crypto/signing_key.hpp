#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace drover::crypto {

enum class key_algorithm {
  /// ECDSA on P-256 with SHA-256; signatures are the 64 bytes r and s (RFC 7518 §3.4).
  es256,
  /// RFC 8032; signatures are 64 bytes.
  ed25519,
  /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2), 2048 to 4096 bits; signatures are as long as the modulus.
  rsa,
};

/// A private key that signs, and its public half that verifies. One thread at a time.
class signing_key {
 public:
  /// PEM, SEC1 ("EC PRIVATE KEY"), PKCS #1 ("RSA PRIVATE KEY") or PKCS #8 ("PRIVATE KEY"): P-256, Ed25519 or RSA; literal "\n" as
  /// JSON files hold them are read as line ends, and lines that a form field ran together are parted. crypto_errc::key_malformed
  /// never says what the key was.
  static result<signing_key> from_pem(std::string_view pem);
  /// 32 bytes of seed, or 64 of seed and public key.
  static result<signing_key> from_ed25519(std::string_view bytes);
  static signing_key generate(key_algorithm);

  signing_key(signing_key&&) noexcept;
  signing_key& operator=(signing_key&&) noexcept;
  ~signing_key();

  key_algorithm algorithm() const;
  /// Throws std::runtime_error when OpenSSL fails.
  std::string sign(std::string_view message) const;
  bool verify(std::string_view message, std::string_view signature) const;
  /// PEM as from_pem reads it: SEC1 or PKCS #1 (`pkcs8` false; Ed25519 has no such form), else PKCS #8.
  secret to_pem(bool pkcs8) const;
  /// The public half as verifying_key::from_pem reads it.
  std::string to_public_pem() const;
  /// Ed25519 only: seed and public key, 64 bytes.
  secret to_ed25519() const;

 private:
  struct state;
  explicit signing_key(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
  friend class verifying_key;
};

/// The public half of somebody else's key. One thread at a time.
class verifying_key {
 public:
  /// PEM ("PUBLIC KEY"), read as leniently as private keys. crypto_errc::key_malformed.
  static result<verifying_key> from_pem(std::string_view pem);

  verifying_key(verifying_key&&) noexcept;
  verifying_key& operator=(verifying_key&&) noexcept;
  ~verifying_key();

  key_algorithm algorithm() const;
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  explicit verifying_key(std::unique_ptr<signing_key::state>);
  std::unique_ptr<signing_key::state> state_;
};

/// Whether the text looks like a key in PEM, whatever became of its line ends.
bool looks_like_pem(std::string_view);

}  // namespace drover::crypto
