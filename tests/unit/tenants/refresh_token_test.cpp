#include "tenants/users/refresh_token.hpp"

#include <gtest/gtest.h>

namespace drover::tenants {
namespace {

const std::string family(40, 'a'), use(40, 'b');

TEST(RefreshToken, ReadsWhatItWrote) {
  const auto text = write_refresh_token(user_id(17), family, use);
  EXPECT_TRUE(text.reveal().starts_with("engr_17_" + family + "_" + use));
  const auto read = read_refresh_token(text.reveal());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user, user_id(17));
  EXPECT_EQ(read->family, family);
  EXPECT_EQ(read->use, use);
}

TEST(RefreshToken, EveryMutationOfATextIsNone) {
  const std::string text(write_refresh_token(user_id(17), family, use).reveal());
  for (std::size_t i = 0; i < text.size(); ++i)
    for (char c : std::string_view("0123456789abcdefgA_ -")) {
      auto altered = text;
      altered[i] = c;
      EXPECT_EQ(read_refresh_token(altered).has_value(), altered == text) << altered;
    }
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(read_refresh_token(text.substr(0, size)));
  EXPECT_FALSE(read_refresh_token(std::string(1'000'000, 'e')));
  EXPECT_FALSE(read_refresh_token(write_refresh_token(user_id(0), family, use).reveal()));
  EXPECT_FALSE(read_refresh_token(write_refresh_token(user_id(1), family, use + "b").reveal()));
  EXPECT_FALSE(read_refresh_token(write_refresh_token(user_id(1), family + "_", use.substr(1)).reveal()));
}

}  // namespace
}  // namespace drover::tenants
