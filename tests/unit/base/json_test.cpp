#include "base/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace drover {
namespace {

TEST(Json, ReadsOrdinaryDocuments) {
  const auto v = parse_json(R"({"a":[1,-2,true,null,"x"],"b":{"c":"1.50"}})").value();
  EXPECT_EQ(v.dump(), R"({"a":[1,-2,true,null,"x"],"b":{"c":"1.50"}})");
  EXPECT_EQ(parse_json("9223372036854775807").value().get<std::int64_t>(), INT64_MAX);
}

TEST(Json, RefusesWhatWouldLoseOrHideSomething) {
  for (const char* text : {"", "{", "[1,]", "{} {}", R"({"a":1,"a":2})", R"("\u0000")", R"({"\u0000":1})", "1.5", "1e400",
                           "9223372036854775808", "NaN", "\"\xff\"", "// comment\n1"})
    EXPECT_FALSE(parse_json(text)) << text;
}

TEST(Json, BoundsDepthAndSize) {
  const std::string deep = std::string(33, '[') + std::string(33, ']');
  EXPECT_FALSE(parse_json(deep));
  EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']')));
  EXPECT_FALSE(parse_json("\"" + std::string(70'000, 'x') + "\""));
}

TEST(Json, LooksAtWhatFollowsARawNul) {
  using namespace std::string_view_literals;
  for (const auto text : {"{}\0"sv, "{\"a\":1}\0garbage"sv, "\0{}"sv, "[1,\0 2]"sv}) EXPECT_FALSE(parse_json(text)) << text.size();
}

TEST(Json, QuotesALongKeyOnlyInWholeCharacters) {
  for (std::size_t before = 60; before < 66; ++before) {
    const std::string key = std::string(before, 'k') + "äöü€𝄞äöü";
    const auto refused = parse_json("{\"" + key + "\":1,\"" + key + "\":2}");
    ASSERT_FALSE(refused);
    EXPECT_NO_THROW((void)json(refused.error().detail).dump());
  }
}

TEST(Json, NamesThePlaceOfTheMistake) {
  EXPECT_EQ(parse_json("{\"a\":1,}").error().detail, "not JSON at byte 8");
  EXPECT_EQ(parse_json("{\"a\":1.5}").error().detail, "numbers must be whole; send decimals as strings");
}

}  // namespace
}  // namespace drover
