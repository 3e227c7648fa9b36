#include "base/decimal.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace drover {
namespace {

using raw_type = decimal::raw_type;
using unsigned_raw = unsigned __int128;

constexpr unsigned_raw largest = static_cast<unsigned_raw>(std::numeric_limits<raw_type>::max());
constexpr int exponent_limit = 64;

unsigned_raw magnitude(raw_type v) {
  return v < 0 ? ~static_cast<unsigned_raw>(v) + 1 : static_cast<unsigned_raw>(v);
}

decimal from_magnitude(unsigned_raw m, bool negative) {
  if (m > largest) throw decimal_overflow("decimal out of range");
  const auto v = static_cast<raw_type>(m);
  return decimal::from_raw(negative ? -v : v);
}

/// 256-bit unsigned integer: just enough for a product divided by one 128-bit number.
struct wide {
  unsigned_raw high = 0, low = 0;
};

wide multiply_wide(unsigned_raw a, unsigned_raw b) {
  constexpr unsigned_raw mask = ~std::uint64_t{0};
  const unsigned_raw a0 = a & mask, a1 = a >> 64, b0 = b & mask, b1 = b >> 64;
  const unsigned_raw p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
  const unsigned_raw middle = (p00 >> 64) + (p01 & mask) + (p10 & mask);
  return {p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64), (middle << 64) | (p00 & mask)};
}

struct division {
  unsigned_raw quotient = 0, remainder = 0;
};

/// n / d; the quotient must fit, which holds when n.high < d.
division divide_wide(wide n, unsigned_raw d) {
  if (n.high == 0) return {n.low / d, n.low % d};
  if (n.high >= d) throw decimal_overflow("decimal out of range");
  constexpr unsigned_raw word = ~std::uint64_t{0};
  if (d <= word) {
    // Every product ends here: long division by one 64-bit digit, in two steps.
    const unsigned_raw upper = (n.high << 64) | (n.low >> 64);
    const unsigned_raw lower = ((upper % d) << 64) | (n.low & word);
    return {((upper / d) << 64) | (lower / d), lower % d};
  }
  unsigned_raw remainder = n.high, quotient = 0;
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = (remainder >> 127) != 0;
    remainder = (remainder << 1) | ((n.low >> bit) & 1);
    quotient <<= 1;
    if (carry || remainder >= d) {
      remainder -= d;
      quotient |= 1;
    }
  }
  return {quotient, remainder};
}

/// Whether the magnitude goes one up, given what was cut off.
bool rounds_up(division d, unsigned_raw divisor, rounding r) {
  if (d.remainder == 0 || r == rounding::down) return false;
  if (r == rounding::up) return true;
  const unsigned_raw other_half = divisor - d.remainder;
  return d.remainder > other_half || (d.remainder == other_half && (d.quotient & 1) != 0);
}

decimal rounded(division d, unsigned_raw divisor, bool negative, rounding r) {
  if (rounds_up(d, divisor, r)) {
    if (d.quotient == ~unsigned_raw{0}) throw decimal_overflow("decimal out of range");
    ++d.quotient;
  }
  return from_magnitude(d.quotient, negative);
}

unsigned_raw power_of_ten(int exponent) {
  unsigned_raw value = 1;
  for (int i = 0; i < exponent; ++i) value *= 10;
  return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits of a number as text: sign, digits without the point, and how many of them are after it.
struct scanned {
  bool negative = false;
  unsigned_raw digits = 0;
  /// digits * 10^-places
  int places = 0;
};

result<int> scan_exponent(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || text.size() > 3 || !std::all_of(text.begin(), text.end(), is_digit))
    return fail(errc::malformed, "not a decimal number");
  int value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  if (value > exponent_limit) return fail(errc::out_of_range, "the exponent is out of range");
  return negative ? -value : value;
}

result<scanned> scan(std::string_view text) {
  scanned out;
  std::size_t at = 0;
  if (at < text.size() && text[at] == '-') {
    out.negative = true;
    ++at;
  }
  const std::size_t first = at;
  int digits = 0;
  bool point = false;
  int zeros_held = 0;  // zeros after the point are only taken when another digit follows: "1.5000…0" is fine
  for (; at < text.size() && (is_digit(text[at]) || text[at] == '.'); ++at) {
    if (text[at] == '.') {
      if (point || at == first) return fail(errc::malformed, "not a decimal number");
      point = true;
      continue;
    }
    ++digits;
    if (point && text[at] == '0') {
      ++zeros_held;
      continue;
    }
    for (int i = 0; i < zeros_held + 1; ++i) {
      if (out.digits > largest / 10) return fail(errc::out_of_range, "the number has too many digits");
      out.digits *= 10;
    }
    out.digits += static_cast<unsigned>(text[at] - '0');
    if (point) out.places += zeros_held + 1;
    zeros_held = 0;
  }
  if (digits == 0 || text[at - 1] == '.') return fail(errc::malformed, "not a decimal number");
  if (at == text.size()) return out;
  if (text[at] != 'e' && text[at] != 'E') return fail(errc::malformed, "not a decimal number");
  auto exponent = scan_exponent(text.substr(at + 1));
  if (!exponent) return std::unexpected(exponent.error());
  out.places -= *exponent;
  return out;
}

}  // namespace

result<decimal> decimal::parse(std::string_view text) {
  auto read = scan(text);
  if (!read) return std::unexpected(read.error());
  unsigned_raw value = read->digits;
  if (value == 0) return decimal();
  int shift = scale - read->places;
  for (; shift < 0; ++shift) {
    if (value % 10 != 0) return fail(errc::out_of_range, "the number has more than 18 digits after the point");
    value /= 10;
  }
  for (; shift > 0; --shift) {
    if (value > largest / 10) return fail(errc::out_of_range, "the number is too large");
    value *= 10;
  }
  if (value > largest) return fail(errc::out_of_range, "the number is too large");
  return from_magnitude(value, read->negative);
}

decimal decimal::literal(std::string_view text) {
  auto parsed = parse(text);
  if (!parsed) throw std::invalid_argument("not a decimal literal: " + std::string(text));
  return *parsed;
}

std::string decimal::to_string() const {
  std::string text = to_string(scale);
  const auto last = text.find_last_not_of('0');
  text.resize(text[last] == '.' ? last : last + 1);
  return text;
}

std::string decimal::to_string(int places) const {
  if (places < 0 || places > scale) throw std::invalid_argument("places must be 0 to 18");
  const unsigned_raw cut = power_of_ten(scale - places);
  unsigned_raw value = magnitude(raw_);
  if (value % cut != 0) throw std::invalid_argument("the value has more digits than asked for; round it first");
  value /= cut;
  std::array<char, 48> buffer;
  auto at = buffer.end();
  for (int digit = 0; value != 0 || digit <= places; ++digit) {
    if (digit == places && places != 0) *--at = '.';
    *--at = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  }
  if (raw_ < 0) *--at = '-';
  return {at, buffer.end()};
}

decimal decimal::abs() const { return from_magnitude(magnitude(raw_), false); }
decimal decimal::operator-() const { return from_magnitude(magnitude(raw_), raw_ > 0); }

decimal operator+(decimal a, decimal b) {
  raw_type sum = 0;
  if (__builtin_add_overflow(a.raw_, b.raw_, &sum)) throw decimal_overflow("decimal out of range");
  return decimal::from_raw(sum);
}

decimal operator-(decimal a, decimal b) {
  raw_type difference = 0;
  if (__builtin_sub_overflow(a.raw_, b.raw_, &difference)) throw decimal_overflow("decimal out of range");
  return decimal::from_raw(difference);
}

decimal decimal::multiply(decimal a, decimal b, rounding r) {
  const bool negative = (a.raw_ < 0) != (b.raw_ < 0);
  return rounded(divide_wide(multiply_wide(magnitude(a.raw_), magnitude(b.raw_)), unit), unit, negative, r);
}

decimal decimal::divide(decimal a, decimal b, rounding r) {
  if (b.raw_ == 0) throw decimal_overflow("division by zero");
  const bool negative = (a.raw_ < 0) != (b.raw_ < 0);
  const unsigned_raw divisor = magnitude(b.raw_);
  return rounded(divide_wide(multiply_wide(magnitude(a.raw_), unit), divisor), divisor, negative, r);
}

decimal decimal::round_to_multiple(decimal step, rounding r) const {
  if (step.raw_ <= 0) throw std::invalid_argument("the step must be positive");
  const auto size = static_cast<unsigned_raw>(step.raw_);
  const unsigned_raw value = magnitude(raw_);
  division d{value / size, value % size};
  if (rounds_up(d, size, r)) ++d.quotient;
  if (d.quotient != 0 && size > largest / d.quotient) throw decimal_overflow("decimal out of range");
  return from_magnitude(d.quotient * size, raw_ < 0);
}

bool decimal::is_multiple_of(decimal step) const { return step.raw_ > 0 && raw_ % step.raw_ == 0; }

decimal decimal::round_to_places(int places, rounding r) const {
  if (places < 0 || places > scale) throw std::invalid_argument("places must be 0 to 18");
  return round_to_multiple(from_raw(static_cast<raw_type>(power_of_ten(scale - places))), r);
}

}  // namespace drover
