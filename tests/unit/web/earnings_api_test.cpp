#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using test::web_fixture;

class StaleEarnings : public ::testing::Test {
protected:
  StaleEarnings() : alice(f.token_of("alice")) {
    f.earnings.all.push_back({.id = 1, .user = f.id_of("alice"), .source = "trading", .asset = "USDT", .amount = decimal::literal("12.5")});
  }
  net::http_response sum(const std::string& token) { return f.call("GET", "/api/earnings/summary", token); }

  web_fixture f;
  std::string alice;
};

TEST_F(StaleEarnings, WithoutItsDatabaseTheLastTotalsAreToldAndCalledOld) {
  const auto fresh = sum(alice);
  EXPECT_EQ(find_header(fresh.headers, "X-Stale"), "");
  f.earnings.away = true;
  const auto old = sum(alice);
  EXPECT_EQ(old.status, 200);
  EXPECT_EQ(old.body, fresh.body);
  EXPECT_EQ(find_header(old.headers, "X-Stale"), "true");
  EXPECT_EQ(sum(f.token_of("bob")).status, 503) << "who was told nothing hears that it cannot be told";
  f.earnings.away = false;
  EXPECT_EQ(find_header(sum(alice).headers, "X-Stale"), "");
}

TEST_F(StaleEarnings, ADatabaseThatIsKnownToBeAwayIsNotAsked) {
  ASSERT_EQ(sum(alice).status, 200);
  f.services.parts.stale = [] { return true; };
  f.earnings.all.clear();
  const auto old = sum(alice);
  EXPECT_EQ(find_header(old.headers, "X-Stale"), "true");
  EXPECT_EQ(web_fixture::parse(old)[0]["amount"], "12.5");
}

}  // namespace
}  // namespace drover::web
