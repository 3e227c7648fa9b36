#include "tenants/backup/backup_file.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "crypto/key_purposes.hpp"

namespace drover::tenants {
namespace {

constexpr std::string_view magic = "drover-backup 1";
constexpr std::size_t header_limit_bytes = 4096;
/// No row of the database comes near it.
constexpr std::size_t line_limit_bytes = 256 * 1024 * 1024;
constexpr std::size_t key_bytes = 32;

std::unexpected<error> malformed(std::string what) {
  return fail(errc::malformed, std::move(what));
}

std::optional<std::string> read_line(std::istream& in) {
  std::string line;
  for (char c = 0; line.size() < header_limit_bytes && in.get(c);) {
    if (c == '\n') return line;
    line.push_back(c);
  }
  return std::nullopt;
}

}  // namespace

struct backup_writer::state {
  std::string header;
  std::unique_ptr<crypto::stream_sealer> sealer;
  byte_sink sink;
  std::string chunk;
  std::uint64_t size_bytes = 0;

  result<void> write(std::string_view bytes) {
    size_bytes += bytes.size();
    return sink(bytes);
  }
  result<void> begin() {
    if (!header.empty()) return write(std::exchange(header, {}));
    return {};
  }
};

backup_writer::backup_writer(const crypto::keyring& keys, random_source& random, std::string created_at, byte_sink sink)
    : state_(std::make_unique<state>()) {
  auto key = secret::of_size(key_bytes);
  random.fill(key.mutable_bytes());
  const auto wrapped = keys.wrap_key(crypto::backup_key_purpose, key);
  if (!wrapped) throw std::runtime_error("a backup's key cannot be wrapped: " + wrapped.error().to_string());
  const json facts{{"created_at", std::move(created_at)}, {"key", *wrapped}};
  state_->header = std::string(magic) + "\n" + facts.dump() + "\n";
  state_->sealer = std::make_unique<crypto::stream_sealer>(key, state_->header);
  state_->sink = std::move(sink);
}

backup_writer::~backup_writer() {
  wipe_memory(state_->chunk.data(), state_->chunk.size());
}

result<void> backup_writer::add(std::string_view line) {
  auto& s = *state_;
  if (auto begun = s.begin(); !begun) return begun;
  s.chunk.append(line);
  s.chunk.push_back('\n');
  std::size_t sealed = 0;
  // The last chunk is never sealed here: which one that is shows in finish() only.
  for (; s.chunk.size() - sealed > crypto::stream_chunk_bytes; sealed += crypto::stream_chunk_bytes) {
    auto written = s.write(s.sealer->seal(std::string_view(s.chunk).substr(sealed, crypto::stream_chunk_bytes), false));
    if (!written) return written;
  }
  s.chunk.erase(0, sealed);
  return {};
}

result<void> backup_writer::finish() {
  auto& s = *state_;
  if (auto begun = s.begin(); !begun) return begun;
  return s.write(s.sealer->seal(s.chunk, true));
}

std::uint64_t backup_writer::size_bytes() const {
  return state_->size_bytes;
}

struct backup_reader::state {
  std::istream& in;
  std::unique_ptr<crypto::stream_opener> opener;
  std::string created_at, pending;
  std::size_t at = 0;
  bool ended = false;

  result<void> read_chunk() {
    std::array<char, crypto::stream_opener::head_bytes> head_bytes{};
    in.read(head_bytes.data(), head_bytes.size());
    const auto head = crypto::stream_opener::read_head({head_bytes.data(), static_cast<std::size_t>(in.gcount())});
    if (!head) return malformed("the backup ends before its last chunk, or was changed");
    std::string sealed(head->sealed_bytes, '\0');
    in.read(sealed.data(), static_cast<std::streamsize>(sealed.size()));
    if (static_cast<std::size_t>(in.gcount()) != sealed.size()) return malformed("the backup ends within a chunk");
    const auto chunk = opener->open(*head, sealed);
    if (!chunk) return malformed("the backup is damaged: " + chunk.error().detail);
    pending.erase(0, std::exchange(at, 0));
    pending.append(chunk->reveal());
    ended = head->last;
    if (ended && in.peek() != std::istream::traits_type::eof())
      return malformed("something follows the end of the backup");
    return {};
  }
};

backup_reader::backup_reader(std::unique_ptr<state> s) : state_(std::move(s)) {}
backup_reader::backup_reader(backup_reader&&) noexcept = default;
backup_reader::~backup_reader() = default;

result<backup_reader> backup_reader::open(std::istream& in, const crypto::keyring& keys) {
  const auto first = read_line(in);
  if (!first || *first != magic) return malformed("this is not a backup of an engine");
  const auto second = read_line(in);
  if (!second) return malformed("the backup ends within its header");
  const auto facts = parse_json(*second);
  if (!facts || !facts->is_object() || !facts->contains("key") || !facts->at("key").is_string() ||
      !facts->contains("created_at") || !facts->at("created_at").is_string())
    return malformed("the header of the backup is damaged");
  const auto key = keys.unwrap_key(crypto::backup_key_purpose, facts->at("key").get<std::string>());
  if (!key) {
    if (key.error().code == crypto::crypto_errc::key_wrong)
      return fail(crypto::crypto_errc::key_wrong, "another key opens this backup: " + key.error().detail);
    return malformed("the header of the backup is damaged");
  }
  auto opened = std::make_unique<state>(in);
  opened->opener = std::make_unique<crypto::stream_opener>(*key, *first + "\n" + *second + "\n");
  opened->created_at = facts->at("created_at").get<std::string>();
  return backup_reader(std::move(opened));
}

result<std::optional<std::string>> backup_reader::next() {
  auto& s = *state_;
  for (std::size_t looked = s.at;;) {
    const auto end = s.pending.find('\n', looked);
    if (end != std::string::npos) {
      auto line = s.pending.substr(s.at, end - s.at);
      s.at = end + 1;
      return line;
    }
    if (s.ended) {
      if (s.at != s.pending.size()) return malformed("the backup ends within a line");
      return std::nullopt;
    }
    if (s.pending.size() - s.at > line_limit_bytes) return malformed("a line of the backup is too long");
    looked = s.pending.size() - s.at;
    if (auto read = s.read_chunk(); !read) return std::unexpected(read.error());
  }
}

const std::string& backup_reader::created_at() const {
  return state_->created_at;
}

}  // namespace drover::tenants
