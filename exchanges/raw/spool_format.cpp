#include "exchanges/raw/spool_format.hpp"

#include <algorithm>
#include <concepts>
#include <utility>

#include "base/encoding.hpp"

namespace drover::exchanges {

namespace {

/// How a segment's records begin.
struct record_format {
  std::string_view magic;
  std::size_t head_size = 0;
  bool has_operation = false;
};
constexpr record_format format_v1{"DRW1", 36, false}, format_v2{"DRW2", record_head_size, true};
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
  std::size_t head = 0, stream = 0, endpoint = 0, account = 0, operation = 0, arguments = 0, body = 0;
  std::size_t total() const { return head + stream + endpoint + account + operation + arguments + body; }
};

/// The sizes that a record's head claims; nothing when it is no head.
std::optional<record_sizes> read_head(std::string_view bytes, const record_format& format) {
  if (bytes.size() < format.head_size || !bytes.starts_with(format.magic)) return std::nullopt;
  record_sizes s;
  s.head = format.head_size;
  s.body = take<std::uint32_t>(bytes, 8);
  s.endpoint = take<std::uint16_t>(bytes, 12);
  s.stream = take<std::uint8_t>(bytes, 33);
  s.account = take<std::uint8_t>(bytes, 34);
  if (format.has_operation) {
    s.operation = take<std::uint8_t>(bytes, 35);
    s.arguments = take<std::uint16_t>(bytes, 36);
  }
  if (s.body > body_limit || s.endpoint > name_limit || s.arguments > arguments_limit) return std::nullopt;
  return s;
}

/// What is left when the process died while writing a record.
bool is_torn(std::string_view tail, const record_format& format) {
  if (tail.size() < format.head_size) return true;
  auto sizes = read_head(tail, format);
  return sizes && sizes->total() > tail.size();
}

/// A whole record at the front of `bytes` and its size; nothing when there is none.
std::optional<std::pair<spool_record, std::size_t>> decode_record(std::string_view bytes, const record_format& format) {
  auto sizes = read_head(bytes, format);
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
  auto at = sizes->head;
  auto next = [&](std::size_t count) {
    auto part = bytes.substr(at, count);
    at += count;
    return std::string(part);
  };
  out.stream = next(sizes->stream);
  out.endpoint = next(sizes->endpoint);
  out.account = next(sizes->account);
  out.operation = next(sizes->operation);
  out.arguments = next(sizes->arguments);
  out.body = next(sizes->body);
  return std::pair(std::move(out), size);
}

}  // namespace

spool_record_view view_of(const spool_record& r) {
  return {r.kind, r.stream, r.endpoint, r.account, r.operation, r.arguments, r.sequence, r.received_at, r.status, r.body};
}

void encode_record(const spool_record_view& r, std::string& out) {
  auto stream = r.stream.substr(0, name_limit);
  auto endpoint = r.endpoint.substr(0, name_limit);
  auto account = r.account.substr(0, name_limit);
  auto operation = r.operation.substr(0, name_limit);
  auto arguments = r.arguments.size() > arguments_limit ? std::string_view() : r.arguments;
  const auto start = out.size();
  out.resize(start + record_head_size);
  char* head = out.data() + start;
  format_v2.magic.copy(head, format_v2.magic.size());
  put<std::uint32_t>(head + 8, static_cast<std::uint32_t>(r.body.size()));
  put<std::uint16_t>(head + 12, static_cast<std::uint16_t>(endpoint.size()));
  put<std::uint16_t>(head + 14, static_cast<std::uint16_t>(std::clamp(r.status, 0, 65'535)));
  put<std::uint64_t>(head + 16, r.sequence);
  put<std::uint64_t>(head + 24, static_cast<std::uint64_t>(r.received_at.since_epoch.count()));
  head[32] = static_cast<char>(r.kind);
  head[33] = static_cast<char>(stream.size());
  head[34] = static_cast<char>(account.size());
  head[35] = static_cast<char>(operation.size());
  put<std::uint16_t>(head + 36, static_cast<std::uint16_t>(arguments.size()));
  put<std::uint16_t>(head + 38, 0);
  out += stream;
  out += endpoint;
  out += account;
  out += operation;
  out += arguments;
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
  const bool old = bytes.starts_with(segment_head_v1);
  if (!old && !bytes.starts_with(segment_head)) {
    // An empty or cut head is a segment that was being born; other bytes are not ours.
    out.torn = segment_head.starts_with(bytes) || segment_head_v1.starts_with(bytes);
    out.unknown_version = !out.torn;
    return out;
  }
  const auto& format = old ? format_v1 : format_v2;
  auto at = segment_head.size();
  out.good_bytes = at;
  while (at < bytes.size()) {
    if (auto record = decode_record(bytes.substr(at), format)) {
      if (at > out.good_bytes) out.damaged.push_back({out.good_bytes, at - out.good_bytes});
      out.records.push_back(std::move(record->first));
      at += record->second;
      out.good_bytes = at;
      continue;
    }
    auto next = bytes.find(format.magic, at + 1);
    if (next == std::string_view::npos) break;
    at = next;
  }
  if (out.good_bytes < bytes.size()) {
    out.torn = is_torn(bytes.substr(out.good_bytes), format);
    if (!out.torn) out.damaged.push_back({out.good_bytes, bytes.size() - out.good_bytes});
  }
  return out;
}

}  // namespace drover::exchanges
