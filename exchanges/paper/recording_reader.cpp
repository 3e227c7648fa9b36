#include <zlib.h>

#include <filesystem>

#include "base/files.hpp"
#include "exchanges/paper/recording.hpp"

namespace drover::exchanges::paper {

namespace {
constexpr std::size_t chunk_bytes = 256 * 1024;
/// zlib: detect gzip by its header.
constexpr int gzip_window_bits = 15 + 32;
}  // namespace

struct recording_reader::stream {
  std::string compressed;
  z_stream zlib{};
  bool ended = false;
  ~stream() { inflateEnd(&zlib); }
};

recording_reader::recording_reader(std::vector<std::string> files) : files_(std::move(files)) {}
recording_reader::~recording_reader() = default;

std::unexpected<error> recording_reader::fail_here(std::string what) const {
  const auto name = std::filesystem::path(files_[file_ - 1]).filename().string();
  return fail(errc::malformed, name + " line " + std::to_string(line_number_) + ": " + what);
}

result<bool> recording_reader::open_next() {
  if (file_ == files_.size()) return false;
  auto bytes = system_files().read(files_[file_], file_limit_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  ++file_;
  line_number_ = 0;
  stream_ = std::make_unique<stream>();
  stream_->compressed = std::move(*bytes);
  stream_->zlib.next_in = reinterpret_cast<Bytef*>(stream_->compressed.data());
  stream_->zlib.avail_in = static_cast<uInt>(stream_->compressed.size());
  if (inflateInit2(&stream_->zlib, gzip_window_bits) != Z_OK) return fail(errc::io, "zlib cannot start");
  return true;
}

/// False at the end of the file.
result<bool> recording_reader::inflate_more() {
  if (!stream_ || stream_->ended) return false;
  text_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  if (text_.size() > line_limit_bytes) return fail_here("longer than " + std::to_string(line_limit_bytes) + " bytes");
  const auto used = text_.size();
  text_.resize(used + chunk_bytes);
  auto& z = stream_->zlib;
  z.next_out = reinterpret_cast<Bytef*>(text_.data() + used);
  z.avail_out = static_cast<uInt>(chunk_bytes);
  const int outcome = inflate(&z, Z_NO_FLUSH);
  text_.resize(used + chunk_bytes - z.avail_out);
  if (outcome == Z_STREAM_END && z.avail_in > 0)
    inflateReset(&z);
  else if (outcome == Z_STREAM_END)
    stream_->ended = true;
  else if (outcome != Z_OK)
    return fail_here("the compressed data is damaged or cut off");
  return true;
}

result<bool> recording_reader::next_line() {
  for (;;) {
    const auto end = text_.find('\n', scanned_);
    if (end != text_.npos) {
      line_ = std::string_view(text_).substr(begin_, end - begin_);
      begin_ = scanned_ = end + 1;
      ++line_number_;
      return true;
    }
    scanned_ = text_.size();
    auto more = inflate_more();
    if (!more) return more;
    if (*more) continue;
    if (begin_ < text_.size()) {
      line_ = std::string_view(text_).substr(begin_);
      begin_ = scanned_ = text_.size();
      ++line_number_;
      return true;
    }
    auto opened = open_next();
    if (!opened || !*opened) return opened;
  }
}

result<const recorded_event*> recording_reader::next() {
  do {
    auto found = next_line();
    if (!found) return std::unexpected(found.error());
    if (!*found) return nullptr;
  } while (line_.empty());
  auto event = parser_.parse(line_);
  if (!event) return fail_here(event.error().detail);
  event_ = std::move(*event);
  return &event_;
}

}  // namespace drover::exchanges::paper
