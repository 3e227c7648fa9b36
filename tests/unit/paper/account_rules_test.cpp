#include <gtest/gtest.h>

#include "crypto/signing_key.hpp"
#include "base/encoding.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {
namespace {

using namespace drover::literals;
using test::small_market;

struct ruled_market : small_market {
  account_number carol;
  explicit ruled_market(account_rules rules) : carol(engine.open_account(rules)) {
    engine.credit(carol, quote, decimal(10'000));
    engine.credit(carol, base, decimal(10));
  }
};

TEST(FeeRule, BuyInTheQuoteAssetLocksItsFeeAndGivesBackTheRest) {
  ruled_market m({.fee = fee_rule::quote_asset});
  const auto o = m.place(m.limit(m.carol, side::buy, "1", "1000")).order;
  EXPECT_EQ(m.locked(m.carol, m.quote), "1002");
  m.place(m.limit(m.bob, side::sell, "0.4", "1000"));
  EXPECT_EQ(m.locked(m.carol, m.quote), "601.6");
  EXPECT_EQ(m.free(m.carol, m.base), "10.4");
  EXPECT_EQ(m.engine.account(m.carol).fills.back().fee, "0.4"_dec);
  EXPECT_EQ(m.engine.account(m.carol).fills.back().fee_asset, m.quote);
  ASSERT_NE(m.engine.cancel(m.carol, o->number, m.now), nullptr);
  EXPECT_EQ(m.locked(m.carol, m.quote), "0");
  EXPECT_EQ(m.free(m.carol, m.quote), "9599.6");
}

TEST(FeeRule, BuyThatCannotPayItsFeeIsRefused) {
  ruled_market m({.fee = fee_rule::quote_asset});
  EXPECT_EQ(m.refused(m.limit(m.carol, side::buy, "10", "1000")), refusal::insufficient_funds);
  m.place(m.limit(m.carol, side::buy, "9.98", "1000"));
}

TEST(FeeRule, FeeIsPartOfAQuoteAmount) {
  ruled_market m({.fee = fee_rule::quote_asset});
  m.place(m.limit(m.bob, side::sell, "5", "1000"));
  auto t = m.market(m.carol, side::buy, "0");
  t.quote_quantity = decimal(1'002);
  EXPECT_EQ(m.place(t).order->filled_quantity, decimal(1));
  EXPECT_EQ(m.free(m.carol, m.quote), "8998");
}

TEST(ClientIdRule, NeverReusedMeansNotAfterTheEndEither) {
  ruled_market m({.ids = client_id_rule::never_reused});
  const auto t = m.limit(m.carol, side::buy, "1", "900");
  const auto o = m.place(t).order;
  ASSERT_NE(m.engine.cancel(m.carol, o->number, m.now), nullptr);
  EXPECT_EQ(m.refused(t), refusal::duplicate_client_id);
}

TEST(ClientIdRule, SecondOrderOfAnIdIsTheFirstOne) {
  ruled_market m({.ids = client_id_rule::returns_existing});
  const auto t = m.limit(m.carol, side::buy, "1", "900");
  const auto number = m.place(t).order->number;
  const auto again = m.place(t);
  EXPECT_TRUE(again.existing);
  EXPECT_EQ(again.order->number, number);
  EXPECT_EQ(m.locked(m.carol, m.quote), "900");
}

TEST(ClientIdRule, OrdersWithoutAnIdDoNotCollide) {
  ruled_market m({});
  auto t = m.limit(m.carol, side::buy, "1", "900");
  t.client_id.clear();
  m.place(t);
  m.place(t);
  EXPECT_EQ(m.engine.account(m.carol).open_orders.size(), 2u);
}

TEST(PostOnlyRule, OrderIsTakenInAndCancelled) {
  ruled_market m({.post_only = post_only_rule::cancelled});
  m.place(m.limit(m.bob, side::sell, "1", "1000"));
  auto t = m.limit(m.carol, side::buy, "1", "1000");
  t.type = order_type::limit_maker;
  const auto placed = m.place(t);
  EXPECT_EQ(placed.order->status, order_status::cancelled);
  EXPECT_TRUE(placed.order->cancelled_as_taker);
  EXPECT_EQ(m.locked(m.carol, m.quote), "0");
}

struct venue_of_kucoin {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue{{}, clock, random};
  test::deaf_listener deaf;
  venue_of_kucoin() {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
  }
};

TEST(Accounts, CredentialsHaveTheVenuesForm) {
  venue_of_kucoin d;
  d.venue.add_venue({.name = "kraken", .credentials = {.key = key_style::base64, .secret = secret_style::base64}}, d.deaf);
  d.venue.add_venue({.name = "coinbase", .credentials = {.key = key_style::resource_name, .secret = secret_style::signing_key}}, d.deaf);
  const auto* k = *d.venue.open_account({});
  EXPECT_EQ(k->venue, "kraken");
  EXPECT_EQ(k->api_key.size(), 56u);
  EXPECT_EQ(from_base64(k->api_secret)->size(), 64u);
  const auto* pem = *d.venue.open_account({.venue = "coinbase"});
  EXPECT_TRUE(pem->api_secret.starts_with("-----BEGIN EC PRIVATE KEY"));
  EXPECT_TRUE(pem->api_key.starts_with("organizations/"));
  const auto signature = crypto::signing_key::from_pem(pem->api_secret)->sign("hello");
  EXPECT_TRUE(pem->verifier->verify("hello", signature));
  const auto* raw = *d.venue.open_account({.venue = "coinbase", .key_form = signing_key_form::ed25519});
  EXPECT_EQ(from_base64(raw->api_secret)->size(), 64u);
  EXPECT_FALSE(d.venue.open_account({.venue = "nowhere"}));
  EXPECT_FALSE(d.venue.open_account({.venue = "coinbase", .api_secret = "no key"}));
}

TEST(Visibility, YoungOrdersAreNotFound) {
  venue_of_kucoin d;
  d.venue.add_venue({.name = "kucoin", .visibility_delay = milliseconds(50)}, d.deaf);
  d.venue.begin();
  const auto* a = *d.venue.open_account({.balances = {{"USDT", decimal(1'000)}}});
  const auto number = d.venue.place({.account = a->number, .price = decimal(50'000), .quantity = "0.01"_dec, .client_id = "x"})->order->number;
  EXPECT_EQ(find_visible_order(d.venue, *a, number), nullptr);
  EXPECT_EQ(find_visible_order(d.venue, *a, "x"), nullptr);
  EXPECT_TRUE(list_open_orders(d.venue, *a).empty());
  d.clock.wall = d.clock.wall + 50ms;
  EXPECT_NE(find_visible_order(d.venue, *a, number), nullptr);
  ASSERT_TRUE(d.venue.faults().add({.kind = fault_kind::delayed_visibility, .venue = "kucoin", .delay = milliseconds(1)}));
  EXPECT_EQ(find_visible_order(d.venue, *a, "x"), nullptr);
}

TEST(Later, WorkRunsInTheOrderInWhichItIsDue) {
  venue_of_kucoin d;
  std::string said;
  int woken = 0;
  d.venue.on_earlier_work([&] { ++woken; });
  d.venue.later(milliseconds(20), [&] { said += "c"; });
  d.venue.later(milliseconds(0), [&] {
    said += "a";
    d.venue.later(milliseconds(0), [&] { said += "b"; });
  });
  d.venue.run_due();
  EXPECT_EQ(said, "a") << "what work puts off waits for the next turn";
  d.venue.run_due();
  EXPECT_EQ(said, "ab");
  d.clock.wall = d.clock.wall + 20ms;
  d.venue.run_due();
  EXPECT_EQ(said, "abc");
  EXPECT_EQ(woken, 3);
  EXPECT_FALSE(d.venue.next_due());
}

TEST(QuietMarket, StillHasAnUpdateASecond) {
  venue_of_kucoin d;
  struct counting final : venue_listener {
    void on_depth(instrument_number n, const depth_diff& diff) override {
      if (n != instrument_number{0}) return;
      ++heard;
      expected = expected == 0 ? diff.first_update_id : expected;
      EXPECT_EQ(diff.first_update_id, expected);
      expected = diff.last_update_id + 1;
    }
    void on_depth_lost(instrument_number n, const depth_diff& diff) override {
      if (n != instrument_number{0}) return;
      ++lost;
      expected = diff.last_update_id + 1;
    }
    int heard = 0, lost = 0;
    std::int64_t expected = 0;
  } listener;
  d.venue.add_venue({.name = "mexc"}, listener);
  d.venue.begin();
  d.venue.set_paused(true);
  d.venue.publish_depth();
  const int before = listener.heard;
  for (int i = 0; i < 2; ++i) {
    d.venue.publish_second();
    d.venue.publish_depth();
  }
  EXPECT_EQ(listener.heard - before, 1) << "the first second had the opening book";
  ASSERT_TRUE(d.venue.faults().add({.kind = fault_kind::sequence_gap}));
  d.venue.publish_second();
  d.venue.publish_second();
  d.venue.publish_depth();
  EXPECT_EQ(listener.lost, 1);
}

}  // namespace
}  // namespace drover::exchanges::paper
