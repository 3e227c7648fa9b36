#include "simulation/budget_watch.hpp"

#include <gtest/gtest.h>

#include "simulation/api_keys.hpp"

namespace drover::simulation {
namespace {

constexpr exchanges::rate_rule three_a_second{.name = "three", .limit = 3, .window = std::chrono::seconds(1)};

TEST(BudgetWatch, SeesMoreThanAWindowMayHold) {
  budget_watch watch;
  const steady_time begin{1h};
  EXPECT_TRUE(watch.note(begin, three_a_second, "1"));
  EXPECT_TRUE(watch.note(begin + 500ms, three_a_second, "1"));
  EXPECT_TRUE(watch.note(begin + 900ms, three_a_second, "1"));
  EXPECT_TRUE(watch.note(begin + 950ms, three_a_second, "2"));
  EXPECT_FALSE(watch.note(begin + 999ms, three_a_second, "1"));
  EXPECT_TRUE(watch.note(begin + 2s, three_a_second, "1"));
}

TEST(ApiKeys, NameAccountAndVersion) {
  const auto key = parse_api_key(to_string(api_key{account_id(12), 3}));
  EXPECT_EQ(key.account, account_id(12));
  EXPECT_EQ(key.version, 3);
  EXPECT_EQ(parse_api_key("somebody-else").account, account_id());
  key_register keys;
  EXPECT_TRUE(keys.takes(key));
  keys.revoke_before(account_id(12), 4);
  EXPECT_FALSE(keys.takes(key));
}

}  // namespace
}  // namespace drover::simulation
