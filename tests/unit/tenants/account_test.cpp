#include "tenants/accounts/account.hpp"

#include <gtest/gtest.h>

namespace drover::tenants {
namespace {

TEST(Account, MaskShowsFourCharactersAtEachEnd) {
  EXPECT_EQ(mask_api_key("abcdefghijkl"), "abcd****ijkl");
  EXPECT_EQ(mask_api_key(std::string(64, 'a') + "wxyz"), "aaaa****wxyz");
}

TEST(Account, MaskOfShortKeysShowsNothing) {
  for (auto key : {"", "a", "abcdefghijk"}) EXPECT_EQ(mask_api_key(key), "****");
}

TEST(Account, StatusNamesAreReadBack) {
  for (auto s : {account_status::pending, account_status::approved, account_status::rejected})
    EXPECT_EQ(parse_account_status(to_string(s)), s);
  EXPECT_FALSE(parse_account_status("pending"));
  EXPECT_FALSE(parse_account_status(""));
}

}  // namespace
}  // namespace drover::tenants
