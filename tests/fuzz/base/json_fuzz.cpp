// Any bytes as outside JSON: refused with words that are text themselves, or a value that is written and read back.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace {

std::size_t depth_of(const drover::json& value) {
  std::size_t deepest = 0;
  if (value.is_structured())
    for (const auto& child : value) deepest = std::max(deepest, depth_of(child));
  return deepest + (value.is_structured() ? 1 : 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover;
  constexpr json_limits limits{.size_bytes = 2048, .depth = 8};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = parse_json(bytes, limits);
  if (!read) {
    // Throws when the words are no UTF-8: they go into answers.
    (void)json(read.error().detail).dump();
    return 0;
  }
  if (size > limits.size_bytes || depth_of(*read) > limits.depth) std::abort();
  const auto again = parse_json(read->dump());
  if (!again || *again != *read) std::abort();
  return 0;
}
