#include "base/secret.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>

#include "base/log.hpp"

namespace drover {
namespace {

static_assert(!fmt::is_formattable<secret>::value, "a secret must not be printable by accident");
static_assert(!std::is_copy_constructible_v<secret>);

TEST(Secret, MovesAndComparesWithoutCopies) {
  secret a("abc");
  secret b = std::move(a);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(b.reveal(), "abc");
  EXPECT_TRUE(constant_time_equal(b.reveal(), b.clone().reveal()));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

TEST(Secret, LogsAsStars) {
  const log_capture lines;
  logger("test").info("key read", {{"key", secret("hunter2")}});
  EXPECT_EQ(lines.text(), "info test key read key=***\n");
}

TEST(Secret, WipesWhatItLeaves) {
  std::array<char, 8> bytes{'h', 'u', 'n', 't', 'e', 'r', '2', 0};
  wipe_memory(bytes.data(), bytes.size());
  EXPECT_EQ(bytes, (std::array<char, 8>{}));
}

}  // namespace
}  // namespace drover
