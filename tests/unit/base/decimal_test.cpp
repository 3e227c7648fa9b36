#include "base/decimal.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/random.hpp"

namespace drover {
namespace {

TEST(Decimal, ReadsAndPrintsExactly) {
  for (const char* text : {"0", "1", "-1", "0.1", "60000", "-3.00000001", "0.000000000000000001", "123456789012345678.987654321012345678"})
    EXPECT_EQ(decimal::literal(text).to_string(), text);
  EXPECT_EQ(decimal::literal("1.500000000000000000000000").to_string(), "1.5");
  EXPECT_EQ(decimal::literal("1e-8").to_string(), "0.00000001");
  EXPECT_EQ(decimal::literal("1.5E3").to_string(), "1500");
  EXPECT_EQ(decimal::literal("0e60").to_string(), "0");
  EXPECT_EQ(decimal::literal("10").to_string(2), "10.00");
  EXPECT_EQ(decimal::literal("-0.05").to_string(3), "-0.050");
}

TEST(Decimal, RefusesWhatIsNotANumber) {
  for (const char* text : {"", " 1", "1 ", "+1", ".5", "5.", "-", "1..2", "0x10", "NaN", "inf", "1e", "1e+", "1e4000", "--1", "1,5", "1e1.5"})
    EXPECT_FALSE(decimal::parse(text)) << text;
}

TEST(Decimal, RefusesDigitsItCannotKeep) {
  EXPECT_FALSE(decimal::parse("0.0000000000000000001"));
  EXPECT_FALSE(decimal::parse("1e400"));
  EXPECT_FALSE(decimal::parse("1e64"));
  EXPECT_FALSE(decimal::parse("200000000000000000000"));
  EXPECT_TRUE(decimal::parse("170000000000000000000"));
}

TEST(Decimal, PrintingWithTooFewPlacesThrows) {
  EXPECT_THROW((void)decimal::literal("1.25").to_string(1), std::invalid_argument);
}

TEST(Decimal, RoundsAsAsked) {
  const auto third = decimal::divide(1, 3, rounding::down);
  EXPECT_EQ(third.to_string(), "0.333333333333333333");
  EXPECT_EQ(decimal::divide(1, 3, rounding::up).to_string(), "0.333333333333333334");
  EXPECT_EQ(decimal::divide(-2, 3, rounding::half_even).to_string(), "-0.666666666666666667");
  const auto smallest = decimal::literal("0.000000000000000001");
  const auto half = decimal::literal("0.5");
  EXPECT_EQ(decimal::multiply(smallest, half), decimal());
  EXPECT_EQ(decimal::multiply(smallest, decimal::literal("1.5")).to_string(), "0.000000000000000002");
  EXPECT_EQ(decimal::literal("10.017").round_to_multiple("0.01"_dec, rounding::down), "10.01"_dec);
  EXPECT_EQ(decimal::literal("10.011").round_to_multiple("0.01"_dec, rounding::up), "10.02"_dec);
  EXPECT_EQ(decimal::literal("-10.011").round_to_multiple("0.01"_dec, rounding::up), "-10.02"_dec);
  EXPECT_EQ(decimal::literal("0.125").round_to_places(2, rounding::half_even), "0.12"_dec);
  EXPECT_TRUE("0.30"_dec.is_multiple_of("0.1"_dec));
  EXPECT_FALSE("0.35"_dec.is_multiple_of("0.1"_dec));
}

TEST(Decimal, ProductsAndQuotientsOfTheLargestNumbersAreExact) {
  const auto most = decimal::from_raw(std::numeric_limits<__int128>::max());
  EXPECT_EQ(most.to_string(), "170141183460469231731.687303715884105727");
  EXPECT_EQ(decimal::parse(most.to_string()).value(), most);
  EXPECT_FALSE(decimal::parse("170141183460469231731.687303715884105728"));
  EXPECT_EQ(most * 1, most);
  EXPECT_EQ(most / 1, most);
  EXPECT_EQ(most / most, 1);
  EXPECT_EQ(-most / most, -1);
  EXPECT_EQ(decimal::literal("12345678901.5") * decimal::literal("9876543210.25"), decimal::literal("121932631130536503540.375"));
  EXPECT_EQ(decimal::divide(decimal::literal("121932631130536503540.375"), decimal::literal("9876543210.25")), decimal::literal("12345678901.5"));
  const auto least = decimal::from_raw(std::numeric_limits<__int128>::min());
  EXPECT_EQ(least.to_string(), "-170141183460469231731.687303715884105728");
  EXPECT_THROW((void)-least, decimal_overflow);
  EXPECT_THROW((void)least.abs(), decimal_overflow);
}

TEST(Decimal, ProductUndoesQuotientOnWideRandomNumbers) {
  seeded_random random(11);
  for (int i = 0; i < 5'000; ++i) {
    const auto a = decimal::from_raw(static_cast<__int128>(random.next_u64() >> random.below(40)) * 1'000'003 + 1);
    const auto b = decimal::from_raw(static_cast<__int128>(random.next_u64()) * static_cast<__int128>(1 + random.below(90)) + 1);
    const auto quotient = decimal::divide(a, b, rounding::down);
    const auto above = decimal::divide(a, b, rounding::up);
    EXPECT_LE(decimal::multiply(quotient, b, rounding::down), a);
    EXPECT_GE(decimal::multiply(above, b, rounding::up), a);
    EXPECT_LE(above.raw() - quotient.raw(), 1);
  }
}

TEST(Decimal, OverflowThrowsInsteadOfWrapping) {
  const auto big = decimal::literal("170000000000000000000");
  EXPECT_THROW(big + big, decimal_overflow);
  EXPECT_THROW(-big - big, decimal_overflow);
  EXPECT_THROW(big * big, decimal_overflow);
  EXPECT_THROW(decimal::divide(big, "0.000000000000000001"_dec), decimal_overflow);
  EXPECT_THROW(decimal::divide(1, 0), decimal_overflow);
}

/// Against exact rational arithmetic on small numbers: a*b and a/b of integers over 10^9 fit 128 bits.
TEST(Decimal, AgreesWithWideIntegersOnRandomNumbers) {
  seeded_random random(7);
  constexpr std::int64_t places = 1'000'000'000;
  const auto smallest = decimal::divide(1, places, rounding::down);
  for (int i = 0; i < 20'000; ++i) {
    const auto a = static_cast<std::int64_t>(random.below(4'000'000'000)) - 2'000'000'000;
    const auto b = static_cast<std::int64_t>(random.below(4'000'000'000)) - 2'000'000'000;
    const decimal x = decimal(a) * smallest, y = decimal(b) * smallest;
    EXPECT_EQ((x * y).raw(), static_cast<__int128>(a) * b);
    EXPECT_EQ((x + y).raw(), static_cast<__int128>(a + b) * places);
    if (b == 0) continue;
    const auto q = decimal::divide(x, y, rounding::down);
    EXPECT_EQ(q.raw(), static_cast<__int128>(a) * 1'000'000'000'000'000'000 / b);
    EXPECT_EQ(decimal::parse(x.to_string()).value(), x);
  }
}

}  // namespace
}  // namespace drover
