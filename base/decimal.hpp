#pragma once

#include <compare>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace drover {

/// Thrown when a result leaves the range of `decimal`: a bug or a hostile number, never a rounding matter.
struct decimal_overflow : std::overflow_error {
  using std::overflow_error::overflow_error;
};

enum class rounding {
  /// Towards zero.
  down,
  /// Away from zero.
  up,
  /// To nearest, ties to even.
  half_even,
};

/// Exact decimal number with 18 digits after the point, held as a scaled 128-bit integer
/// (range about ±1.7e20). Prices, quantities, fees and amounts are never anything else.
/// Addition and subtraction are exact; multiplication and division state their rounding.
class decimal {
 public:
  static constexpr int scale = 18;
  using raw_type = __int128;

  constexpr decimal() = default;
  /// Whole number.
  constexpr decimal(std::int64_t whole) : raw_(static_cast<raw_type>(whole) * unit) {}
  static constexpr decimal from_raw(raw_type raw) {
    decimal d;
    d.raw_ = raw;
    return d;
  }

  /// Reads "-12.5", "0.00000001", "1e-8" (exponents only within the range). Refuses anything else: blanks,
  /// '+', hex, NaN, infinity, more than 18 fractional digits that are not zero, values out of range.
  static result<decimal> parse(std::string_view text);
  /// For literals in code and tests; throws std::invalid_argument.
  static decimal literal(std::string_view text);

  /// Shortest exact form without exponent: "0.1", "60000", "-3.00000001".
  std::string to_string() const;
  /// With exactly `places` fractional digits, padded with zeros; `places` must hold the value exactly,
  /// otherwise std::invalid_argument (round first).
  std::string to_string(int places) const;

  constexpr raw_type raw() const { return raw_; }
  constexpr bool is_zero() const { return raw_ == 0; }
  constexpr bool is_negative() const { return raw_ < 0; }
  constexpr bool is_positive() const { return raw_ > 0; }
  decimal abs() const;

  friend decimal operator+(decimal a, decimal b);
  friend decimal operator-(decimal a, decimal b);
  decimal operator-() const;
  decimal& operator+=(decimal b) { return *this = *this + b; }
  decimal& operator-=(decimal b) { return *this = *this - b; }

  /// Product rounded to 18 places.
  static decimal multiply(decimal a, decimal b, rounding r = rounding::half_even);
  /// Quotient rounded to 18 places. Division by zero throws decimal_overflow.
  static decimal divide(decimal a, decimal b, rounding r = rounding::half_even);
  friend decimal operator*(decimal a, decimal b) { return multiply(a, b); }
  friend decimal operator/(decimal a, decimal b) { return divide(a, b); }

  /// The nearest multiple of `step` (> 0) in the given direction: prices to ticks, quantities to lots.
  decimal round_to_multiple(decimal step, rounding r) const;
  bool is_multiple_of(decimal step) const;
  decimal round_to_places(int places, rounding r) const;

  friend constexpr auto operator<=>(decimal a, decimal b) = default;
  friend constexpr bool operator==(decimal a, decimal b) = default;

 private:
  static constexpr raw_type unit = 1'000'000'000'000'000'000;
  raw_type raw_ = 0;
};

inline namespace literals {
/// "0.001"_dec
inline decimal operator""_dec(const char* text, std::size_t size) { return decimal::literal({text, size}); }
}  // namespace literals

}  // namespace drover
