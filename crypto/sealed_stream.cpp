#include "crypto/sealed_stream.hpp"

#include <stdexcept>

#include "crypto/hkdf.hpp"
#include "crypto/mac.hpp"

namespace drover::crypto {
namespace {

constexpr std::uint32_t last_mark = 0x80000000;

std::string big_endian(std::uint64_t value, std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t i = bytes; i > 0; --i, value >>= 8) out[i - 1] = static_cast<char>(value & 0xff);
  return out;
}

/// Twelve bytes: the chunk's number, then whether it is the last.
std::string nonce_of(std::uint64_t number, bool last) {
  return big_endian(number, 8) + big_endian(last ? 1 : 0, 4);
}

aes_gcm cipher_for(const secret& key) {
  return aes_gcm(hkdf_sha256(key.reveal(), {}, "drover-stream-v1", aes_key_bytes).reveal());
}

}  // namespace

stream_sealer::stream_sealer(const secret& key, std::string_view header)
    : cipher_(cipher_for(key)), header_(sha256(header)) {}

std::string stream_sealer::seal(std::string_view chunk, bool last) {
  if (ended_ || chunk.size() > stream_chunk_bytes) throw std::logic_error("not a chunk of this stream");
  const auto sealed = cipher_.encrypt(nonce_of(number_++, last), header_, chunk);
  if (!sealed) throw std::runtime_error("OpenSSL cannot seal a chunk");
  ended_ = last;
  return big_endian(static_cast<std::uint32_t>(sealed->size()) | (last ? last_mark : 0), stream_opener::head_bytes) +
         *sealed;
}

stream_opener::stream_opener(const secret& key, std::string_view header)
    : cipher_(cipher_for(key)), header_(sha256(header)) {}

result<stream_opener::chunk_head> stream_opener::read_head(std::string_view four_bytes) {
  std::uint32_t value = 0;
  for (const char c : four_bytes.substr(0, head_bytes)) value = value << 8 | static_cast<unsigned char>(c);
  const chunk_head head{value & ~last_mark, (value & last_mark) != 0};
  if (four_bytes.size() != head_bytes || head.sealed_bytes < gcm_tag_bytes ||
      head.sealed_bytes > stream_chunk_bytes + gcm_tag_bytes)
    return fail(errc::malformed, "a chunk has no possible length");
  return head;
}

result<secret> stream_opener::open(chunk_head head, std::string_view sealed) {
  if (ended_) return fail(errc::malformed, "something follows the last chunk");
  auto chunk = cipher_.decrypt(nonce_of(number_, head.last), header_, sealed);
  if (!chunk || sealed.size() != head.sealed_bytes)
    return fail(errc::malformed, "chunk " + std::to_string(number_) + " was changed, moved or cut");
  ++number_;
  ended_ = head.last;
  return std::move(*chunk);
}

}  // namespace drover::crypto
