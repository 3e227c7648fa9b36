#include "engine/backtest/line_reader.hpp"

#include <zlib.h>

#include <algorithm>

#include "base/files.hpp"

namespace drover::engine {

namespace {
constexpr std::size_t chunk_bytes = 256 * 1024;
/// zlib: expect a gzip header.
constexpr int gzip_window_bits = 15 + 16;
}  // namespace

struct line_reader::stream {
  std::string bytes;
  z_stream zlib{};
  bool packed = false;
  std::size_t read = 0;
  ~stream() {
    if (packed) inflateEnd(&zlib);
  }
};

line_reader::line_reader() : stream_(std::make_unique<stream>()) {}
line_reader::~line_reader() = default;

result<std::unique_ptr<line_reader>> line_reader::open(const std::filesystem::path& file) {
  auto bytes = system_files().read(file, file_limit_bytes);
  if (!bytes) return fail(errc::io, file.filename().string() + ": " + bytes.error().detail);
  std::unique_ptr<line_reader> out(new line_reader);
  out->name_ = file.filename().string();
  auto& s = *out->stream_;
  s.bytes = std::move(*bytes);
  s.packed = s.bytes.starts_with("\x1f\x8b");
  if (!s.packed) return out;
  s.zlib.next_in = reinterpret_cast<Bytef*>(s.bytes.data());
  s.zlib.avail_in = static_cast<uInt>(s.bytes.size());
  if (inflateInit2(&s.zlib, gzip_window_bits) != Z_OK) return fail(errc::io, "zlib cannot start");
  return out;
}

std::string line_reader::place() const {
  return name_ + " line " + std::to_string(number_);
}

result<bool> line_reader::read_more() {
  auto& s = *stream_;
  if (ended_) return false;
  text_.erase(0, begin_);
  begin_ = 0;
  if (text_.size() > line_limit_bytes)
    return fail(errc::malformed, place() + ": longer than " + std::to_string(line_limit_bytes) + " bytes");
  if (!s.packed) {
    const auto count = std::min(chunk_bytes, s.bytes.size() - s.read);
    text_.append(s.bytes, s.read, count);
    s.read += count;
    ended_ = s.read == s.bytes.size();
    return true;
  }
  const auto used = text_.size();
  text_.resize(used + chunk_bytes);
  s.zlib.next_out = reinterpret_cast<Bytef*>(text_.data() + used);
  s.zlib.avail_out = static_cast<uInt>(chunk_bytes);
  const int outcome = inflate(&s.zlib, Z_NO_FLUSH);
  text_.resize(used + chunk_bytes - s.zlib.avail_out);
  if (outcome == Z_STREAM_END && s.zlib.avail_in > 0) {
    inflateReset(&s.zlib);
  } else if (outcome == Z_STREAM_END) {
    ended_ = true;
  } else if (outcome != Z_OK) {
    return fail(errc::malformed, place() + ": the compressed data is damaged or cut off");
  }
  return true;
}

result<std::optional<std::string_view>> line_reader::next() {
  std::size_t scanned = begin_;
  for (;;) {
    auto end = text_.find('\n', scanned);
    if (end == text_.npos && ended_) end = text_.size();
    if (end != text_.npos && begin_ < text_.size()) {
      std::string_view line(text_.data() + begin_, end - begin_);
      begin_ = std::min(end + 1, text_.size());
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      return std::optional(line);
    }
    scanned = text_.size() - begin_;
    auto more = read_more();
    if (!more) return std::unexpected(more.error());
    if (!*more) return std::optional<std::string_view>();
  }
}

}  // namespace drover::engine
