#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace drover::crypto {

constexpr std::size_t aes_key_bytes = 32;
constexpr std::size_t gcm_nonce_bytes = 12;
constexpr std::size_t gcm_tag_bytes = 16;

/// AES-256-GCM with the key schedule kept. One thread at a time. Nonces are the caller's duty.
class aes_gcm {
public:
  /// `key`: 32 bytes. Throws std::runtime_error when OpenSSL fails.
  explicit aes_gcm(std::string_view key);
  ~aes_gcm();
  aes_gcm(aes_gcm&&) noexcept;
  aes_gcm& operator=(aes_gcm&&) noexcept;

  /// Ciphertext followed by the tag; nothing when OpenSSL fails.
  std::optional<std::string> encrypt(std::string_view nonce, std::string_view associated, std::string_view plaintext);
  /// `sealed`: ciphertext followed by the tag. Nothing when it is not genuine.
  std::optional<secret> decrypt(std::string_view nonce, std::string_view associated, std::string_view sealed);

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::crypto
