// Any text as a decimal: refused, or a value that is written and read back unchanged and whose arithmetic is exact or
// refused.
#include <cstdint>
#include <cstdlib>

#include "base/decimal.hpp"

namespace {

using drover::decimal;
using drover::rounding;

void check_text(decimal value) {
  const auto text = value.to_string();
  const auto again = decimal::parse(text);
  if (!again || *again != value || again->to_string() != text) std::abort();
  const auto padded = decimal::parse(value.to_string(decimal::scale));
  if (!padded || *padded != value) std::abort();
}

void check_arithmetic(decimal a, decimal b) {
  try {
    if ((a + b) - b != a) std::abort();
    if (decimal::multiply(a, 1) != a) std::abort();
    if (!b.is_zero()) (void)decimal::divide(a, b);
    (void)decimal::multiply(a, b);
    if (!b.is_positive()) return;
    const auto down = a.round_to_multiple(b, rounding::down);
    if (!down.is_multiple_of(b) || down.abs() > a.abs() || (a - down).abs() >= b) std::abort();
  } catch (const drover::decimal_overflow&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto blank = std::min(text.find(' '), text.size());
  const auto a = decimal::parse(text.substr(0, blank));
  const auto b = decimal::parse(blank < text.size() ? text.substr(blank + 1) : "1");
  if (a) check_text(*a);
  if (b) check_text(*b);
  if (a && b) check_arithmetic(*a, *b);
  return 0;
}
