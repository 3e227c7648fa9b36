// Any text as a time: refused, or an instant that is written and read back to the microsecond.
#include <cstdint>
#include <cstdlib>

#include "base/clock.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover;
  const auto at = parse_rfc3339({reinterpret_cast<const char*>(data), size});
  if (!at) return 0;
  const auto again = parse_rfc3339(to_rfc3339(*at));
  if (!again) std::abort();
  const auto lost = *at - *again;
  if (lost < 0ns || lost >= 1us) std::abort();
  return 0;
}
