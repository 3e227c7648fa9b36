#include "base/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/log.hpp"

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

TEST(Log, OneCallIsOneLineAndSecretsAreStars) {
  const log_capture lines;
  const logger log("test");
  log.info("first\nsecond", {{"user", 7}, {"text", "a\x1b[31m b"}, {"key", secret("hunter2")}});
  const std::string text = lines.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_NE(text.find("user=7"), std::string::npos);
  EXPECT_NE(text.find("key=***"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
}

TEST(Secret, MovesAndComparesWithoutCopies) {
  secret a("abc");
  secret b = std::move(a);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(b.reveal(), "abc");
  EXPECT_TRUE(constant_time_equal(b.reveal(), b.clone().reveal()));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

}  // namespace
}  // namespace drover
