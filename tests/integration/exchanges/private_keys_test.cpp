// Binance with keys that the user made: only the public half is known to the venue.
#include "tests/integration/exchanges/live_venue.hpp"
#include "tests/support/test_keys.hpp"

namespace drover::exchanges {
namespace {

struct key_pair {
  const char* name;
  std::string_view pem, public_pem;
};

class PrivateKeys : public live_venue, public testing::WithParamInterface<key_pair> {
protected:
  PrivateKeys() : live_venue("binance") {}
  exchange_account& open_account_of(std::string_view pem) {
    const nlohmann::json wanted{
        {"venue", "binance"}, {"public_key", GetParam().public_pem}, {"balances", {{"USDT", "1000000"}, {"BTC", "10"}}}};
    const auto made = control("POST", "/paper/accounts", wanted);
    EXPECT_FALSE(made.contains("api_secret"));
    // As a field of one line leaves it.
    std::string on_one_line(pem);
    std::erase(on_one_line, '\n');
    return open_account_with(made["api_key"].get<std::string>(), on_one_line, {});
  }
};

TEST_P(PrivateKeys, LiveTheLifeOfOrders) {
  auto& account = open_account_of(GetParam().pem);
  heard stream;
  account.subscribe([&](const account_event& e) { stream(e); });
  ASSERT_TRUE(eventually([&] { return stream.opened; }));
  auto resting = resting_buy(1);
  auto placed = run(account.place_order(resting, 5'000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  auto found = find_until(account, {symbol, resting.client_order_id, ""},
                          [](const order& o) { return o.status == order_status::open; });
  ASSERT_TRUE(found) << last_problem;
  EXPECT_TRUE(eventually([&] { return stream.told(resting.client_order_id, order_status::open); }));
  auto cancelled = run(account.cancel_order({symbol, resting.client_order_id, placed->venue_order_id}, lane::kill));
  ASSERT_TRUE(cancelled) << cancelled.error().to_string();
  EXPECT_TRUE(eventually([&] { return stream.told(resting.client_order_id, order_status::cancelled); }));
  auto buying = market_buy(2);
  auto bought = run(account.place_order(buying, 5'000ms));
  ASSERT_TRUE(bought) << bought.error().to_string();
  EXPECT_TRUE(eventually([&] { return stream.told(buying.client_order_id, order_status::filled); }));
  auto fills = run(account.fetch_fills(symbol, fill_cursor{}, lane::reconcile));
  ASSERT_TRUE(fills) << fills.error().to_string();
  decimal sum;
  for (const auto& f : *fills) sum += f.quantity;
  EXPECT_EQ(sum, buying.quantity);
}

TEST_P(PrivateKeys, AnotherKeyIsRefused) {
  const auto other = GetParam().pem == drover::test::rsa_pem ? drover::test::ed25519_pem : drover::test::rsa_pem;
  auto& account = open_account_of(other);
  auto balances = run(account.fetch_balances(lane::read));
  ASSERT_FALSE(balances);
  EXPECT_EQ(balances.error().code, make_error_code(exchange_errc::bad_credentials)) << balances.error().to_string();
}

INSTANTIATE_TEST_SUITE_P(Types, PrivateKeys,
                         testing::Values(key_pair{"ed25519", drover::test::ed25519_pem, drover::test::ed25519_public_pem},
                                         key_pair{"rsa", drover::test::rsa_pem, drover::test::rsa_public_pem}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace drover::exchanges
