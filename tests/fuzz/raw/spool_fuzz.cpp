// Any bytes as a spool segment: records, damage and tail account for every byte, and what was read is written the same again.
#include <cstdlib>

#include "exchanges/raw/call_text.hpp"
#include "exchanges/raw/redaction.hpp"
#include "exchanges/raw/spool_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover::exchanges;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto check = [](std::string_view bytes) {
    const auto content = decode_segment(bytes);
    if (content.good_bytes > bytes.size()) std::abort();
    std::string again(segment_head);
    for (const auto& r : content.records) {
      encode_record(view_of(r), again);
      (void)decode_gap(r.body);
      (void)read_call(r.operation, r.arguments);
      (void)read_gap_details(r.arguments);
    }
    const auto second = decode_segment(again);
    if (second.records.size() != content.records.size() || second.torn || !second.damaged.empty()) std::abort();
    for (const auto& d : content.damaged)
      if (d.offset + d.size > bytes.size()) std::abort();
  };
  check(input);
  check(std::string(segment_head) + std::string(input));
  check(std::string(segment_head_v1) + std::string(input));
  // A valid record of the input between two others.
  std::string framed(segment_head);
  encode_record({spool_kind::ws_frame, "a.b", "", "", "", "", 1, {}, 0, input}, framed);
  framed += input;
  encode_record({spool_kind::ws_frame, "a.b", "", "", "", "", 2, {}, 0, "end"}, framed);
  check(framed);
  std::string scratch;
  for (std::string_view operation : {"stream_access", "permissions", "balances"}) {
    const auto clean = redact_body(operation, input, scratch);
    std::string second;
    const auto twice = redact_body(operation, std::string(clean), second);
    if (twice.size() > clean.size() + input.size()) std::abort();
  }
  return 0;
}
