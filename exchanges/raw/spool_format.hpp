#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

/// The bytes of a spool segment: an 8-byte head, then records of a 40-byte little-endian head, stream, endpoint, account,
/// operation, arguments and body, each under a CRC-32C. Segments of the version before (36-byte heads, neither operation nor
/// arguments) are read as well. Pure functions; nothing here trusts what it reads.
namespace drover::exchanges {

enum class spool_kind : std::uint8_t { rest_response = 0, ws_frame = 1, gap = 2 };

struct spool_record {
  spool_kind kind = spool_kind::ws_frame;
  /// Of a gap: `operation` is its channel, `arguments` its details (gap_details).
  std::string stream, endpoint, account, operation, arguments;
  std::uint64_t sequence = 0;
  wall_time received_at;
  int status = 0;
  std::string body;
};

/// What a gap record's body holds.
struct spool_gap {
  wall_time from, to;
  std::string reason;
};

inline constexpr std::string_view segment_head = "DRVRAW2\n";
inline constexpr std::string_view segment_head_v1 = "DRVRAW1\n";
/// Bytes of a record besides its texts and body.
inline constexpr std::size_t record_head_size = 40;
/// Longer arguments are left out whole: half of them would mean something else.
inline constexpr std::size_t arguments_limit = 4'000;
/// Longer names are cut, longer bodies are not recorded (transports refuse them long before).
inline constexpr std::size_t name_limit = 255;
inline constexpr std::size_t body_limit = 256u << 20;

/// Appends the encoded record to `out`. Views only: called for each frame.
struct spool_record_view {
  spool_kind kind = spool_kind::ws_frame;
  std::string_view stream, endpoint, account, operation, arguments;
  std::uint64_t sequence = 0;
  wall_time received_at;
  int status = 0;
  std::string_view body;
};
spool_record_view view_of(const spool_record&);
void encode_record(const spool_record_view&, std::string& out);

std::string encode_gap(const spool_gap&);
std::optional<spool_gap> decode_gap(std::string_view body);

/// One stretch of bytes that is no valid record.
struct damaged_bytes {
  std::size_t offset = 0, size = 0;
};
struct segment_content {
  /// Not our head, or a version this program does not know: leave the file alone.
  bool unknown_version = false;
  std::vector<spool_record> records;
  /// Stretches that fail their checksum or are no records at all.
  std::vector<damaged_bytes> damaged;
  /// The last record was cut while being written: everything before `good_bytes` is accounted for.
  bool torn = false;
  std::size_t good_bytes = 0;
};
segment_content decode_segment(std::string_view bytes);

}  // namespace drover::exchanges
