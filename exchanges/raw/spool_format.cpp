#include "exchanges/raw/spool_format.hpp"

#include <algorithm>
#include <concepts>
#include <utility>

#include "base/encoding.hpp"

namespace drover::exchanges {

namespace {

constexpr std::uint32_t record_magic = 0x31575244;  // "DRW1"
constexpr std::size_t head_size = 36;
/// The checksum covers what follows it.
constexpr std::size_t checked_from = 8;

template <std::unsigned_integral I>
void put(char* at, I value) {
  for (std::size_t i = 0; i < sizeof(I); ++i) at[i] = static_cast<char>(value >> (8 * i));
}

template <std::unsigned_integral I>
I take(std::string_view bytes, std::size_t at) {
  I value = 0;
  for (std::size_t i = 0; i < sizeof(I); ++i)
    value |= static_cast<I>(static_cast<I>(static_cast<unsigned char>(bytes[at + i])) << (8 * i));
  return value;
}

struct record_sizes {
  std::size_t stream = 0, endpoint = 0, account = 0, body = 0;
  std::size_t total() const { return head_size + stream + endpoint + account + body; }
};

/// The sizes that a record's head claims; nothing when it is no head.
std::optional<record_sizes> read_head(std::string_view bytes) {
  if (bytes.size() < head_size || take<std::uint32_t>(bytes, 0) != record_magic) return std::nullopt;
  record_sizes s{take<std::uint8_t>(bytes, 33), take<std::uint16_t>(bytes, 12), take<std::uint8_t>(bytes, 34),
                 take<std::uint32_t>(bytes, 8)};
  if (s.body > body_limit || s.endpoint > name_limit) return std::nullopt;
  return s;
}

/// What is left when the process died while writing a record.
bool is_torn(std::string_view tail) {
  if (tail.size() < head_size) return true;
  auto sizes = read_head(tail);
  return sizes && sizes->total() > tail.size();
}

/// A whole record at the front of `bytes` and its size; nothing when there is none.
std::optional<std::pair<spool_record, std::size_t>> decode_record(std::string_view bytes) {
  auto sizes = read_head(bytes);
  if (!sizes || bytes.size() < sizes->total()) return std::nullopt;
  const auto size = sizes->total();
  if (crc32c(bytes.substr(checked_from, size - checked_from)) != take<std::uint32_t>(bytes, 4)) return std::nullopt;
  const auto kind = take<std::uint8_t>(bytes, 32);
  if (kind > static_cast<std::uint8_t>(spool_kind::gap)) return std::nullopt;

  spool_record out;
  out.kind = static_cast<spool_kind>(kind);
  out.status = take<std::uint16_t>(bytes, 14);
  out.sequence = take<std::uint64_t>(bytes, 16);
  out.received_at = wall_time{nanoseconds(static_cast<std::int64_t>(take<std::uint64_t>(bytes, 24)))};
  auto at = head_size;
  auto next = [&](std::size_t count) {
    auto part = bytes.substr(at, count);
    at += count;
    return std::string(part);
  };
  out.stream = next(sizes->stream);
  out.endpoint = next(sizes->endpoint);
  out.account = next(sizes->account);
  out.body = next(sizes->body);
  return std::pair(std::move(out), size);
}

}  // namespace

void encode_record(const spool_record_view& r, std::string& out) {
  auto stream = r.stream.substr(0, name_limit);
  auto endpoint = r.endpoint.substr(0, name_limit);
  auto account = r.account.substr(0, name_limit);
  const auto start = out.size();
  out.resize(start + head_size);
  char* head = out.data() + start;
  put<std::uint32_t>(head, record_magic);
  put<std::uint32_t>(head + 8, static_cast<std::uint32_t>(r.body.size()));
  put<std::uint16_t>(head + 12, static_cast<std::uint16_t>(endpoint.size()));
  put<std::uint16_t>(head + 14, static_cast<std::uint16_t>(std::clamp(r.status, 0, 65'535)));
  put<std::uint64_t>(head + 16, r.sequence);
  put<std::uint64_t>(head + 24, static_cast<std::uint64_t>(r.received_at.since_epoch.count()));
  head[32] = static_cast<char>(r.kind);
  head[33] = static_cast<char>(stream.size());
  head[34] = static_cast<char>(account.size());
  head[35] = 0;
  out += stream;
  out += endpoint;
  out += account;
  out += r.body;
  auto checked = std::string_view(out).substr(start + checked_from);
  put<std::uint32_t>(out.data() + start + 4, crc32c(checked));
}

std::string encode_gap(const spool_gap& gap) {
  std::string out(16, '\0');
  put<std::uint64_t>(out.data(), static_cast<std::uint64_t>(gap.from.since_epoch.count()));
  put<std::uint64_t>(out.data() + 8, static_cast<std::uint64_t>(gap.to.since_epoch.count()));
  return out + gap.reason;
}

std::optional<spool_gap> decode_gap(std::string_view body) {
  if (body.size() < 16) return std::nullopt;
  auto at = [body](std::size_t offset) {
    return wall_time{nanoseconds(static_cast<std::int64_t>(take<std::uint64_t>(body, offset)))};
  };
  return spool_gap{at(0), at(8), std::string(body.substr(16))};
}

segment_content decode_segment(std::string_view bytes) {
  segment_content out;
  if (!bytes.starts_with(segment_head)) {
    // An empty or cut head is a segment that was being born; other bytes are not ours.
    out.torn = segment_head.starts_with(bytes);
    out.unknown_version = !out.torn;
    return out;
  }
  constexpr std::string_view magic("DRW1", 4);
  auto at = segment_head.size();
  out.good_bytes = at;
  while (at < bytes.size()) {
    if (auto record = decode_record(bytes.substr(at))) {
      if (at > out.good_bytes) out.damaged.push_back({out.good_bytes, at - out.good_bytes});
      out.records.push_back(std::move(record->first));
      at += record->second;
      out.good_bytes = at;
      continue;
    }
    auto next = bytes.find(magic, at + 1);
    if (next == std::string_view::npos) break;
    at = next;
  }
  if (out.good_bytes < bytes.size()) {
    out.torn = is_torn(bytes.substr(out.good_bytes));
    if (!out.torn) out.damaged.push_back({out.good_bytes, bytes.size() - out.good_bytes});
  }
  return out;
}

}  // namespace drover::exchanges
