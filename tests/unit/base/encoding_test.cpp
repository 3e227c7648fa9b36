#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "tests/support/manual_time.hpp"

namespace drover {
namespace {

TEST(Encoding, KnownValues) {
  EXPECT_EQ(to_hex("\x01\xff"), "01ff");
  EXPECT_EQ(from_hex("01FF").value(), "\x01\xff");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(from_base64("Zm9vYg==").value(), "foob");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(percent_encode("a b/\xc3\xa4~"), "a%20b%2F%C3%A4~");
  EXPECT_EQ(percent_decode("a%20b%2f").value(), "a b/");
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

TEST(Encoding, RefusesMalformedText) {
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("zz"));
  EXPECT_FALSE(from_base64("Zm9vYg="));
  EXPECT_FALSE(from_base64("Zm9v=g=="));
  EXPECT_FALSE(percent_decode("%2"));
  EXPECT_FALSE(percent_decode("%zz"));
}

TEST(Encoding, Base64urlHasOneTextPerValue) {
  EXPECT_TRUE(from_base64url("Zg"));
  for (const char* text : {"Zh", "Zg=", "Zg==", "Zg ", "Z", "Zm8/", "Zm8+"}) EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(Encoding, RoundTripsRandomBytes) {
  seeded_random random(3);
  for (std::size_t size = 0; size < 100; ++size) {
    std::string bytes(size, '\0');
    random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), size});
    EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
    EXPECT_EQ(percent_decode(percent_encode(bytes)).value(), bytes);
  }
}

TEST(Uuid, Version7SortsByTimeAndReadsBack) {
  test::manual_clock clock;
  seeded_random random(1);
  uuid last{};
  for (int i = 0; i < 100; ++i) {
    const uuid id = make_uuid_v7(clock, random);
    EXPECT_LT(last, id);
    EXPECT_EQ(id.to_hex().size(), 32u);
    EXPECT_EQ(id.to_string()[14], '7');
    EXPECT_EQ(uuid::parse(id.to_hex()).value(), id);
    EXPECT_EQ(uuid::parse(id.to_string()).value(), id);
    last = id;
    clock.advance(1ms);
  }
  for (const char* text : {"", "0123", "0123456789abcdef0123456789abcdeg", "0123456789ab-cdef-0123-4567-89abcdef0123"})
    EXPECT_FALSE(uuid::parse(text)) << text;
}

TEST(Time, Rfc3339RoundTripsAndReadsOffsets) {
  const auto at = parse_rfc3339("2024-02-29T23:59:59.123456Z").value();
  EXPECT_EQ(to_rfc3339(at), "2024-02-29T23:59:59.123456Z");
  EXPECT_EQ(parse_rfc3339("2024-03-01T01:59:59.123456+02:00").value(), at);
  EXPECT_EQ(parse_rfc3339("2024-02-29 23:59:59.123456+00").value(), at);
  EXPECT_EQ(to_rfc3339(wall_time::from_ms(0)), "1970-01-01T00:00:00.000000Z");
  for (const char* text : {"", "2024-02-30T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00Zx", "2024-1-1T00:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Time, RefusesYearsThatNanosecondsCannotHold) {
  for (const char* text : {"0001-01-01T00:00:00Z", "1677-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "infinity",
                           "1678-01-01T00:01:60+05:30", "2261-12-31T23:59:59-00:01", "2261-12-31T23:59:60Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  for (const char* text : {"1678-01-01T00:00:00.000000Z", "2261-12-31T23:59:59.000000Z"})
    EXPECT_EQ(to_rfc3339(parse_rfc3339(text).value()), text);
}

TEST(Random, SeededSourcesRepeatAndBelowIsInRange) {
  seeded_random a(5), b(5), c(6);
  EXPECT_EQ(a.hex(32), b.hex(32));
  EXPECT_NE(a.hex(32), c.hex(32));
  for (int i = 0; i < 1'000; ++i) EXPECT_LT(a.below(7), 7u);
  EXPECT_NE(system_random().hex(16), system_random().hex(16));
}

}  // namespace
}  // namespace drover
