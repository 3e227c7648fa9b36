#include "tenants/users/api_token.hpp"

#include <gtest/gtest.h>

namespace drover::tenants {
namespace {

const std::string secret_part(40, 'a');

TEST(ApiToken, ReadsWhatItWrote) {
  auto text = write_api_token(user_id(17), 5, secret_part);
  EXPECT_TRUE(text.reveal().starts_with("eng_17_5_" + secret_part));
  auto read = read_api_token(text.reveal());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user, user_id(17));
  EXPECT_EQ(read->id, 5);
  EXPECT_EQ(read->secret_part, secret_part);
}

TEST(ApiToken, EveryMutationOfATextIsNone) {
  const std::string text(write_api_token(user_id(17), 5, secret_part).reveal());
  for (std::size_t i = 0; i < text.size(); ++i)
    for (char c : std::string_view("0123456789abcdefgA_ -")) {
      auto altered = text;
      altered[i] = c;
      EXPECT_EQ(read_api_token(altered).has_value(), altered == text) << altered;
    }
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(read_api_token(text.substr(0, size)));
  EXPECT_FALSE(read_api_token(std::string(1'000'000, 'e')));
  EXPECT_FALSE(read_api_token(write_api_token(user_id(17), 5, std::string(39, 'a')).reveal()));
  EXPECT_FALSE(read_api_token(write_api_token(user_id(0), 5, secret_part).reveal()));
}

TEST(ApiToken, NetworksHoldTheirAddresses) {
  EXPECT_TRUE(is_in("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(is_in("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(is_in("192.0.2.0/24", "192.0.2.255"));
  EXPECT_TRUE(is_in("192.0.2.99/24", "192.0.2.1"));
  EXPECT_FALSE(is_in("192.0.2.0/24", "192.0.3.1"));
  EXPECT_TRUE(is_in("192.0.2.0/24", "::ffff:192.0.2.1"));
  EXPECT_TRUE(is_in("2001:db8::/32", "2001:db8:1::1"));
  EXPECT_FALSE(is_in("2001:db8::/32", "2001:db9::1"));
  EXPECT_FALSE(is_in("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(is_in("0.0.0.0/0", "203.0.113.1"));
  for (auto address : {"", "nonsense", "192.0.2", "192.0.2.1 "}) EXPECT_FALSE(is_in("0.0.0.0/0", address)) << address;
  for (auto text : {"", "x", "192.0.2.0/33", "192.0.2.0/-1", "2001:db8::/129", "192.0.2.0/24/24", "192.0.2.0 /24", "::ffff:192.0.2.0/120"})
    EXPECT_FALSE(is_network(text)) << text;
}

TEST(ApiToken, ScopesAreNamed) {
  for (auto s : {token_scope::read, token_scope::write, token_scope::admin})
    EXPECT_EQ(parse_token_scope(to_string(s)), s);
  EXPECT_FALSE(parse_token_scope("root"));
}

}  // namespace
}  // namespace drover::tenants
