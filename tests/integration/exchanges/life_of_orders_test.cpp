// The whole life of orders at every venue: our connector against the simulated exchange in that venue's dialect, over
// real sockets. tests/wire runs the same life with a client that nobody here wrote.
#include "tests/integration/exchanges/live_venue.hpp"

namespace drover::exchanges {
namespace {

class LifeOfOrders : public live_venue, public testing::WithParamInterface<std::string> {
protected:
  LifeOfOrders() : live_venue(GetParam()) {}
};

TEST_P(LifeOfOrders, KnowsInstrumentsClockRightsAndBalances) {
  const auto& i = instrument();
  EXPECT_TRUE(i.tick_size.is_positive());
  EXPECT_TRUE(i.lot_size.is_positive());
  EXPECT_TRUE(i.trading);
  EXPECT_EQ(i.base_asset, "BTC");
  EXPECT_EQ(i.quote_asset, "USDT");
  auto& account = open_account();
  auto rights = run(account.fetch_permissions());
  ASSERT_TRUE(rights) << rights.error().to_string();
  EXPECT_EQ(rights->read, tristate::yes);
  EXPECT_NE(rights->trade, tristate::no);
  EXPECT_NE(rights->withdraw, tristate::yes);
  auto balances = run(account.fetch_balances(lane::read));
  ASSERT_TRUE(balances) << balances.error().to_string();
  auto money = std::ranges::find(*balances, "USDT", &balance::asset);
  ASSERT_NE(money, balances->end());
  EXPECT_EQ(money->free, decimal(1'000'000));
  auto coins = std::ranges::find(*balances, "BTC", &balance::asset);
  ASSERT_NE(coins, balances->end());
  EXPECT_EQ(coins->free, decimal(10));
  EXPECT_LT(std::abs(venue->clock_offset().count()), 2'000);
}

TEST_P(LifeOfOrders, HearsEveryMarketChannel) {
  std::shared_ptr<const book_view> book;
  std::shared_ptr<const public_trade> trade;
  int books = 0;
  subscriptions.push_back(venue->subscribe_book(symbol, [&](const auto& b) {
    if (b) ++books, book = b;
  }));
  subscriptions.push_back(venue->subscribe_trades(symbol, [&](const auto& t) {
    if (t) trade = t;
  }));
  const auto top = market();
  EXPECT_LT(top.bid_price, top.ask_price);
  ASSERT_TRUE(eventually([&] { return books > 10 && trade; })) << books << " books, trade " << (trade != nullptr);
  ASSERT_FALSE(book->bids.empty());
  ASSERT_FALSE(book->asks.empty());
  EXPECT_LT(book->bids[0].price, book->asks[0].price);
  EXPECT_EQ(book->symbol, symbol);
  EXPECT_EQ(trade->symbol, symbol);
  EXPECT_TRUE(trade->price.is_positive());
}

TEST_P(LifeOfOrders, RestsFindsAndCancels) {
  auto& account = open_account();
  heard stream;
  account.subscribe([&](const account_event& e) { stream(e); });
  ASSERT_TRUE(eventually([&] { return stream.opened; }));
  auto request = resting_buy(1);
  auto placed = run(account.place_order(request, 5'000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  EXPECT_FALSE(placed->venue_order_id.empty());
  const order_ref by_client{symbol, request.client_order_id, ""},
      by_both{symbol, request.client_order_id, placed->venue_order_id};
  for (const auto& of : {by_client, by_both}) {
    auto found = find_until(account, of, [](const order& o) { return o.status == order_status::open; });
    ASSERT_TRUE(found) << last_problem;
    EXPECT_EQ(found->venue_order_id, placed->venue_order_id);
    EXPECT_EQ(found->client_order_id, request.client_order_id);
    EXPECT_EQ(found->price, request.price);
    EXPECT_EQ(found->quantity, request.quantity);
    EXPECT_EQ(found->symbol, symbol);
  }
  auto open = run(account.fetch_open_orders(symbol, lane::read));
  ASSERT_TRUE(open) << open.error().to_string();
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(open->front().client_order_id, request.client_order_id);
  EXPECT_TRUE(eventually([&] { return stream.told(request.client_order_id, order_status::open); }));

  auto cancelled = run(account.cancel_order(by_both, lane::kill));
  ASSERT_TRUE(cancelled) << cancelled.error().to_string();
  EXPECT_TRUE(eventually([&] { return stream.told(request.client_order_id, order_status::cancelled); }));
  auto none = run(account.fetch_open_orders(symbol, lane::read));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  auto again = run(account.cancel_order(by_both, lane::kill));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, make_error_code(exchange_errc::order_not_found)) << again.error().to_string();
  auto nowhere = run(account.find_order({symbol, id_of(4711), ""}, lane::read));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, make_error_code(exchange_errc::order_not_found)) << nowhere.error().to_string();
}

TEST_P(LifeOfOrders, CancelsByClientIdAloneAndAllAtOnce) {
  auto& account = open_account();
  for (int number : {1, 2, 3}) {
    auto placed = run(account.place_order(resting_buy(number), 5'000ms));
    ASSERT_TRUE(placed) << placed.error().to_string();
  }
  auto one = run(account.cancel_order({symbol, id_of(2), ""}, lane::kill));
  ASSERT_TRUE(one) << one.error().to_string();
  auto two = run(account.fetch_open_orders(symbol, lane::read));
  ASSERT_TRUE(two);
  EXPECT_EQ(two->size(), 2u);
  auto all = run(account.cancel_all_orders(symbol, lane::kill));
  ASSERT_TRUE(all) << all.error().to_string();
  auto none = run(account.fetch_open_orders(symbol, lane::read));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST_P(LifeOfOrders, BuysAtMarketAndBooksEveryFillOnce) {
  auto& account = open_account();
  heard stream;
  account.subscribe([&](const account_event& e) { stream(e); });
  ASSERT_TRUE(eventually([&] { return stream.opened; }));
  auto request = market_buy(1);
  auto placed = run(account.place_order(request, 5'000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  auto done = find_until(account, {symbol, request.client_order_id, placed->venue_order_id},
                         [](const order& o) { return o.status == order_status::filled; });
  ASSERT_TRUE(done) << last_problem;
  EXPECT_EQ(done->filled_quantity, request.quantity);
  EXPECT_TRUE(done->filled_notional.is_positive());
  auto fills = run(account.fetch_fills(symbol, fill_cursor{}, lane::reconcile));
  ASSERT_TRUE(fills) << fills.error().to_string();
  decimal sum;
  for (const auto& f : *fills) {
    sum += f.quantity;
    EXPECT_EQ(f.venue_order_id, placed->venue_order_id);
    EXPECT_TRUE(f.fee.is_positive()) << f.fee.to_string();
    EXPECT_TRUE(f.fee_asset == "BTC" || f.fee_asset == "USDT") << f.fee_asset;
    EXPECT_FALSE(f.maker);
  }
  EXPECT_EQ(sum, request.quantity);
  auto later =
      run(account.fetch_fills(symbol, fill_cursor{fills->back().trade_id, fills->back().at + 1ns}, lane::reconcile));
  ASSERT_TRUE(later) << later.error().to_string();
  for (const auto& f : *later) EXPECT_EQ(f.trade_id, fills->back().trade_id) << "only the last one may come again";
  EXPECT_TRUE(eventually([&] { return stream.told(request.client_order_id, order_status::filled); }));
  // Fills of the stream, where it tells them, are those of the list.
  for (const auto& f : stream.fills)
    EXPECT_TRUE(std::ranges::any_of(*fills, [&](const fill& x) {
      return x.trade_id == f.trade_id && x.quantity == f.quantity && x.fee == f.fee;
    })) << f.trade_id;
}

TEST_P(LifeOfOrders, EndsWhatCannotRest) {
  auto& account = open_account();
  for (auto tif : {time_in_force::ioc, time_in_force::fok}) {
    auto request = resting_buy(tif == time_in_force::ioc ? 1 : 2);
    request.tif = tif;
    auto placed = run(account.place_order(request, 5'000ms));
    if (!placed) {
      // Some venues refuse a fill-or-kill order that cannot be filled.
      EXPECT_EQ(placed.error().code, make_error_code(exchange_errc::refused)) << placed.error().to_string();
      continue;
    }
    auto open = run(account.fetch_open_orders(symbol, lane::read));
    ASSERT_TRUE(open);
    EXPECT_TRUE(open->empty()) << to_string(tif);
  }
  auto crossing = resting_buy(3);
  crossing.type = order_type::limit_maker;
  crossing.price = (market().ask_price * "1.01"_dec).round_to_multiple(instrument().tick_size, rounding::down);
  auto placed = run(account.place_order(crossing, 5'000ms));
  if (!placed) {
    EXPECT_EQ(placed.error().code, make_error_code(exchange_errc::would_match)) << placed.error().to_string();
  }
  auto open = run(account.fetch_open_orders(symbol, lane::read));
  ASSERT_TRUE(open);
  EXPECT_TRUE(open->empty());
  auto fills = run(account.fetch_fills(symbol, fill_cursor{}, lane::reconcile));
  ASSERT_TRUE(fills) << fills.error().to_string();
  EXPECT_TRUE(fills->empty());
}

TEST_P(LifeOfOrders, NamesItsRefusals) {
  auto& account = open_account();
  int number = 0;
  const auto refusal = [&](const std::function<void(order_request&)>& spoil) {
    auto r = resting_buy(++number);
    spoil(r);
    auto placed = run(account.place_order(std::move(r), 5'000ms));
    return placed ? std::string("placed")
                  : std::string(to_string(static_cast<exchange_errc>(placed.error().code.value()))) + " (" +
                        placed.error().detail + ")";
  };
  EXPECT_TRUE(refusal([](order_request& r) { r.quantity = decimal(100); }).starts_with("insufficient_funds"));
  const auto small = refusal([](order_request& r) { r.quantity = "0.00001"_dec; });
  EXPECT_TRUE(small.starts_with("min_notional") || small.starts_with("bad_precision")) << small;
  const auto crooked = refusal([](order_request& r) { r.price += "0.001"_dec; });
  EXPECT_TRUE(crooked.starts_with("bad_precision")) << crooked;
  const auto nowhere = refusal([](order_request& r) { r.symbol = "NO/SUCH"; });
  EXPECT_TRUE(nowhere.starts_with("instrument_unknown")) << nowhere;
  auto first = resting_buy(50);
  auto placed = run(account.place_order(first, 5'000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  auto twice = run(account.place_order(first, 5'000ms));
  if (twice) {
    EXPECT_EQ(twice->venue_order_id, placed->venue_order_id) << "the id must not make a second order";
  } else {
    EXPECT_EQ(twice.error().code, make_error_code(exchange_errc::duplicate_order)) << twice.error().to_string();
  }
  auto open = run(account.fetch_open_orders(symbol, lane::read));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->size(), 1u);
}

TEST_P(LifeOfOrders, RefusesAForgedSecret) {
  // Base64 of a text of the right shape: also where secrets are decoded first.
  auto& account =
      open_account("Zm9yZ2VkIGZvcmdlZCBmb3JnZWQgZm9yZ2VkIGZvcmdlZCBmb3JnZWQgZm9yZ2VkIGZvcmdlZCBmb3JnZWQgZm9yZQ==");
  auto balances = run(account.fetch_balances(lane::read));
  ASSERT_FALSE(balances);
  EXPECT_EQ(balances.error().code, make_error_code(exchange_errc::bad_credentials)) << balances.error().to_string();
  EXPECT_EQ(balances.error().detail.find("Zm9yZ2Vk"), std::string::npos);
}

TEST_P(LifeOfOrders, LostAnswersLeaveTheOrderToBeFound) {
  auto& account = open_account();
  ASSERT_TRUE(run(account.fetch_balances(lane::read)));
  int number = 0;
  for (const char* kind : {"error_after_placing", "truncated"}) {
    auto request = resting_buy(++number);
    control("POST", "/paper/faults", {{"venue", GetParam()}, {"kind", kind}, {"method", "POST"}});
    auto placed = run(account.place_order(request, 5'000ms));
    ASSERT_FALSE(placed) << kind;
    EXPECT_EQ(placed.error().code, make_error_code(exchange_errc::unknown_outcome))
        << kind << ": " << placed.error().to_string();
    auto found = find_until(account, {symbol, request.client_order_id, ""},
                            [](const order& o) { return o.status == order_status::open; });
    EXPECT_TRUE(found) << kind << ": " << last_problem;
    control("DELETE", "/paper/faults");
  }
  auto request = resting_buy(++number);
  control("POST", "/paper/faults", {{"venue", GetParam()}, {"kind", "html"}, {"method", "POST"}});
  auto placed = run(account.place_order(request, 5'000ms));
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().code, make_error_code(exchange_errc::unknown_outcome)) << placed.error().to_string();
  auto missing = run(account.find_order({symbol, request.client_order_id, ""}, lane::read));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, make_error_code(exchange_errc::order_not_found)) << missing.error().to_string();
}

TEST_P(LifeOfOrders, ComesBackWhenItsStreamIsCut) {
  auto& account = open_account();
  int opened = 0, lost = 0;
  std::vector<order> orders;
  account.subscribe([&](const account_event& e) {
    if (std::holds_alternative<stream_opened>(e)) ++opened;
    if (std::holds_alternative<stream_lost>(e)) ++lost;
    if (auto* o = std::get_if<order_event>(&e)) orders.push_back(o->order);
  });
  ASSERT_TRUE(eventually([&] { return opened == 1; }));
  control("POST", "/paper/faults", {{"venue", GetParam()}, {"kind", "reset"}, {"websocket", true}});
  ASSERT_TRUE(eventually([&] { return lost >= 1 && opened >= 2; }, 40s)) << lost << " lost, " << opened << " opened";
  control("DELETE", "/paper/faults");
  auto request = resting_buy(1);
  auto placed = run(account.place_order(request, 5'000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  EXPECT_TRUE(eventually([&] {
    return std::ranges::any_of(orders, [&](const order& o) { return o.client_order_id == request.client_order_id; });
  }));
}

INSTANTIATE_TEST_SUITE_P(Venues, LifeOfOrders, testing::ValuesIn(known_dialects()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace drover::exchanges
