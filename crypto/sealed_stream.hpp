#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "crypto/aead.hpp"

namespace drover::crypto {

/// Bytes of plaintext of a chunk; the last one may have fewer, down to none.
constexpr std::size_t stream_chunk_bytes = 64 * 1024;

/// A long text in chunks (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): each is
/// authenticated with its number, whether it is the last one, and the header, so that none can be changed, cut off,
/// moved or taken from another stream. A key is for one stream. One thread at a time.
class stream_sealer {
public:
  /// `key`: 32 random bytes.
  stream_sealer(const secret& key, std::string_view header);
  /// Four bytes of length and mark (big endian, highest bit: the last), ciphertext, tag. Throws std::runtime_error when
  /// OpenSSL fails, std::logic_error after the last chunk or for one that is too long.
  std::string seal(std::string_view chunk, bool last);

private:
  aes_gcm cipher_;
  std::string header_;
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

class stream_opener {
public:
  stream_opener(const secret& key, std::string_view header);
  /// What the four bytes before a chunk say; errc::malformed.
  struct chunk_head {
    std::size_t sealed_bytes = 0;
    bool last = false;
  };
  static constexpr std::size_t head_bytes = 4;
  static result<chunk_head> read_head(std::string_view four_bytes);
  /// The next chunk; errc::malformed when it is not genuine, or not the next, or comes after the last.
  result<secret> open(chunk_head, std::string_view sealed);

private:
  aes_gcm cipher_;
  std::string header_;
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

}  // namespace drover::crypto
