#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace drover::crypto {

std::string sha256(std::string_view bytes);
std::string sha512(std::string_view bytes);
std::string sha1(std::string_view bytes);
/// Raw 32 (64) bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);
std::string hmac_sha512(std::string_view key, std::string_view message);

/// HMAC-SHA256 with the key schedule kept: several times faster than one-shot. One thread.
class hmac_context {
public:
  explicit hmac_context(std::string_view key);
  ~hmac_context();
  hmac_context(hmac_context&&) noexcept;
  std::string sign(std::string_view message);

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::crypto
