#include "web/last_told.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace drover::web {
namespace {

using rows = std::vector<int>;

TEST(LastTold, KeepsTheLastRowsOfEachUser) {
  last_told<rows> told(10);
  EXPECT_EQ(told.find(user_id(1)), nullptr);
  told.keep(user_id(1), {1, 2});
  told.keep(user_id(2), {});
  told.keep(user_id(1), {3});
  EXPECT_EQ(*told.find(user_id(1)), rows{3});
  EXPECT_EQ(*told.find(user_id(2)), rows{});
}

TEST(LastTold, ForgetsWhoWasToldLongestAgo) {
  last_told<rows> told(10);
  told.keep(user_id(1), {1, 2});
  told.keep(user_id(2), {1, 2});
  told.keep(user_id(1), {3, 4});
  told.keep(user_id(3), {1, 2, 3, 4});
  EXPECT_EQ(told.find(user_id(2)), nullptr);
  EXPECT_EQ(*told.find(user_id(1)), (rows{3, 4}));
  EXPECT_NE(told.find(user_id(3)), nullptr);
}

TEST(LastTold, DoesNotKeepWhatIsTooMuch) {
  last_told<rows> told(3);
  told.keep(user_id(1), {1});
  told.keep(user_id(1), {1, 2, 3});
  EXPECT_EQ(told.find(user_id(1)), nullptr);
}

}  // namespace
}  // namespace drover::web
