#include <algorithm>
#include <sstream>

#include "tests/unit/web/contract.hpp"
#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using engine::intent_state;
using exchanges::side;
using test::expect_members;
using test::web_fixture;

std::vector<std::string> lines_of(const std::string& csv) {
  std::vector<std::string> out;
  std::istringstream in(csv);
  for (std::string line; std::getline(in, line);) out.push_back(line.substr(0, line.find('\r')));
  return out;
}

/// Alice with one account whose orders are in the journal.
class OrdersApi : public ::testing::Test {
protected:
  OrdersApi() : account(f.add_account("alice")), alice(f.token_of("alice")), bob(f.token_of("bob")), root(f.token_of("root")) {
    epoch = test::run(f.io, f.journal->acquire_lease(account_id(account), "one")).value();
  }
  uuid add(std::function<void(engine::order_intent&)> change = {}) {
    f.clock.advance(1s);
    engine::order_intent i;
    i.id = make_uuid_v7(f.clock, f.random);
    i.account = account_id(account);
    i.user = f.id_of("alice");
    i.exchange_name = "paper";
    i.symbol = "BTC/USDT";
    i.price = 100;
    i.quantity = 2;
    i.tag = "grid:1:buy";
    i.created_at = f.clock.wall_now();
    i.dead_after = i.created_at + 20s;
    i.bot = bot_id(5);
    if (change) change(i);
    const auto id = i.id;
    EXPECT_TRUE(test::run(f.io, f.journal->append_intent(std::move(i), epoch)));
    return id;
  }
  void end(uuid id, intent_state state, std::string reason) {
    EXPECT_TRUE(test::run(f.io, f.journal->record_outcome(id, state, std::move(reason), epoch)));
  }
  void fill(std::optional<uuid> id, const std::string& trade, decimal quantity, decimal price, side s = side::buy) {
    exchanges::instrument market;
    market.symbol = "BTC/USDT";
    market.base_asset = "BTC";
    market.quote_asset = "USDT";
    exchanges::fill x;
    x.symbol = "BTC/USDT";
    x.trade_id = trade;
    x.venue_order_id = "V1";
    x.side = s;
    x.quantity = quantity;
    x.price = price;
    x.fee_asset = "USDT";
    x.at = f.clock.wall_now();
    EXPECT_TRUE(test::run(f.io, f.journal->record_fill(f.id_of("alice"), account_id(account), id, market, x)));
  }
  json get(const std::string& path) {
    auto r = f.call("GET", path, alice);
    EXPECT_EQ(r.status, 200) << path << " " << r.body;
    return web_fixture::parse(r);
  }
  int status(const std::string& path, const std::string& token) { return f.call("GET", path, token).status; }
  std::string csv(const std::string& path) {
    auto r = f.call("GET", path, alice, {}, {{"Accept", "text/csv"}});
    EXPECT_EQ(r.status, 200) << r.body;
    EXPECT_TRUE(find_header(r.headers, "Content-Type").starts_with("text/csv"));
    return r.body;
  }

  web_fixture f;
  std::int64_t account, epoch = 0;
  std::string alice, bob, root;
};

TEST_F(OrdersApi, AnOrderIsShownAsTheContractSays) {
  const auto id = add();
  auto list = get("/api/orders");
  ASSERT_EQ(list["items"].size(), 1u);
  const auto& order = list["items"][0];
  expect_members(order, "Order");
  EXPECT_EQ(order["id"], id.to_string());
  EXPECT_EQ(order["client_order_id"], id.to_hex());
  EXPECT_EQ(order["price"], "100");
  EXPECT_EQ(order["bot_id"], 5);
  EXPECT_EQ(order["state"], "intended");
  EXPECT_EQ(order["accepted_at"], nullptr);
  EXPECT_EQ(list["total"], 1);
  EXPECT_EQ(list["next_cursor"], nullptr);
}

TEST_F(OrdersApi, PagesGoOnWhereTheyEndedWhileOrdersAreAdded) {
  for (int i = 0; i < 5; ++i) add();
  std::set<std::string> seen;
  auto page = get("/api/orders?limit=2");
  EXPECT_EQ(page["total"], 5);
  for (int pages = 1;; ++pages) {
    for (const auto& o : page["items"]) EXPECT_TRUE(seen.insert(o["id"]).second);
    if (page["next_cursor"].is_null()) break;
    ASSERT_LT(pages, 5);
    add();
    page = get("/api/orders?limit=2&cursor=" + page["next_cursor"].get<std::string>());
  }
  EXPECT_EQ(seen.size(), 5u);
}

TEST_F(OrdersApi, EachFilterIsApplied) {
  add();
  const auto sell = add([](auto& i) { i.side = side::sell; });
  const auto eth = add([](auto& i) { i.symbol = "ETH/USDT"; });
  const auto other_bot = add([](auto& i) { i.bot = bot_id(6); });
  end(eth, intent_state::refused, "too small");
  const auto only = [&](const std::string& query) {
    auto list = get("/api/orders?" + query);
    EXPECT_EQ(list["total"], list["items"].size()) << query;
    return list["items"].size() == 1 ? list["items"][0]["id"].get<std::string>() : std::to_string(list["items"].size()) + " orders";
  };
  EXPECT_EQ(only("side=sell"), sell.to_string());
  EXPECT_EQ(only("symbol=ETH%2FUSDT"), eth.to_string());
  EXPECT_EQ(only("state=refused"), eth.to_string());
  EXPECT_EQ(only("bot_id=6"), other_bot.to_string());
  EXPECT_EQ(get("/api/orders?account_id=" + std::to_string(account))["total"], 4);
  EXPECT_EQ(get("/api/orders?account_id=999")["total"], 0);
  const auto at = get("/api/orders/" + sell.to_string())["created_at"].get<std::string>();
  EXPECT_EQ(get("/api/orders?from=" + at)["total"], 3);
  EXPECT_EQ(get("/api/orders?to=" + at)["total"], 1);
  EXPECT_EQ(get("/api/orders?sort=created_at")["items"][1]["id"], sell.to_string());
  EXPECT_EQ(get("/api/orders?sort=-created_at")["items"][2]["id"], sell.to_string());
}

TEST_F(OrdersApi, WhatIsWrongIsNamed) {
  for (const auto* query : {"colour=red", "side=left", "state=gone", "limit=0", "limit=201", "cursor=zzz", "sort=price", "format=xml",
                            "from=yesterday", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "account_id=x"}) {
    auto r = f.call("GET", std::string("/api/orders?") + query, alice);
    EXPECT_EQ(r.status, 422) << query;
    const std::string text(query);
    const auto name = text.starts_with("from=2026") ? "to" : text.substr(0, text.find('='));
    EXPECT_EQ(web_fixture::parse(r)["errors"][0]["pointer"], name) << query;
  }
  EXPECT_EQ(status("/api/fills?order_id=7", alice), 422);
  EXPECT_EQ(status("/api/positions?open=maybe", alice), 422);
  EXPECT_EQ(status("/api/positions?cursor=AAAA", alice), 422);
  EXPECT_EQ(status("/api/fills?state=closed", alice), 422);
  EXPECT_EQ(status("/api/orders/7", alice), 404);
  for (const auto* path : {"/api/orders", "/api/fills", "/api/positions"})
    for (const auto* symbol : {"%FF", "%00", "%C0%AF"}) EXPECT_EQ(status(std::string(path) + "?symbol=" + symbol, alice), 400) << symbol;
  EXPECT_EQ(status("/api/orders", {}), 401);
}

TEST_F(OrdersApi, OtherUsersSeeNothing) {
  const auto id = add();
  fill(id, "t1", 1, 100);
  EXPECT_EQ(status("/api/orders/" + id.to_string(), bob), 404);
  for (const auto* path : {"/api/orders", "/api/fills", "/api/positions"}) {
    EXPECT_EQ(web_fixture::parse(f.call("GET", path, bob))["total"], 0) << path;
    auto asked = std::string(path) + "?account_id=" + std::to_string(account);
    EXPECT_EQ(web_fixture::parse(f.call("GET", asked, bob))["total"], 0) << path;
    auto forged = std::string(path) + "?user_id=" + std::to_string(f.id_of("alice").value);
    EXPECT_EQ(status(forged, bob), 403) << path;
    EXPECT_EQ(web_fixture::parse(f.call("GET", forged, root))["total"], 1) << path;
    EXPECT_EQ(status(forged, alice), 200) << path;
  }
  EXPECT_EQ(status("/api/orders/" + id.to_string() + "?user_id=" + std::to_string(f.id_of("alice").value), root), 200);
  EXPECT_EQ(status("/api/orders/" + id.to_string() + "?user_id=" + std::to_string(f.id_of("alice").value), bob), 403);
}

TEST_F(OrdersApi, TheLifeOfAnOrderIsToldAndNothingIsMadeUp) {
  const auto names = [](const json& order) {
    std::string out;
    for (const auto& e : order["events"]) out += (out.empty() ? "" : " ") + e["event"].get<std::string>();
    return out;
  };
  const auto id = add();
  const auto path = "/api/orders/" + id.to_string();
  auto order = get(path);
  EXPECT_EQ(names(order), "intent sent");
  EXPECT_EQ(order["events"][1]["happened"], nullptr);
  const auto left = f.clock.wall_now() + 3ms;
  ASSERT_TRUE(test::run(f.io, f.journal->record_outcome(id, intent_state::unknown, "no answer in time", epoch, left)));
  order = get(path);
  EXPECT_EQ(order["sent_at"], to_rfc3339(left));
  EXPECT_EQ(order["events"][1]["at"], to_rfc3339(left));
  EXPECT_EQ(order["events"][1]["happened"], true);
  EXPECT_EQ(names(order), "intent sent unknown");
  EXPECT_NE(order["events"][2]["detail"].get<std::string>().find("no answer in time"), std::string::npos);
  EXPECT_EQ(order["state"], "unknown");
  ASSERT_TRUE(test::run(f.io, f.journal->record_accepted(id, "V1", epoch)));
  fill(id, "t1", decimal::literal("0.5"), 100);
  ASSERT_TRUE(test::run(f.io, f.journal->record_status(id, exchanges::order_status::cancelled, 1, "V1", epoch)));
  order = get(path);
  EXPECT_EQ(names(order), "intent sent unknown accepted fill ended");
  EXPECT_EQ(order["events"][1]["happened"], true);
  EXPECT_NE(order["events"][5]["detail"].get<std::string>().find("0.5"), std::string::npos);
  fill(id, "t2", decimal::literal("0.5"), 101);
  order = get(path);
  EXPECT_EQ(names(order), "intent sent unknown accepted fill fill closed");
  EXPECT_EQ(order["fills"].size(), 2u);
  expect_members(order["fills"][0], "Fill");
  for (const auto& e : order["events"]) expect_members(e, "OrderEvent");
}

TEST_F(OrdersApi, ARefusedOrderSaysWhy) {
  const auto id = add();
  end(id, intent_state::refused, "too small");
  const auto order = get("/api/orders/" + id.to_string());
  EXPECT_EQ(order["events"].back()["event"], "refused");
  EXPECT_EQ(order["events"].back()["detail"], "too small");
  EXPECT_EQ(order["reason"], "too small");
}

TEST_F(OrdersApi, CsvHasTheSameFiltersAndNoFormulas) {
  add([](auto& i) { i.tag = "=HYPERLINK(\"x\")"; });
  add([](auto& i) { i.side = side::sell; });
  const auto all = lines_of(csv("/api/orders"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[0].starts_with("id,venue_order_id,account_id,"));
  EXPECT_NE(all[2].find("\"'=HYPERLINK(\"\"x\"\")\""), std::string::npos) << all[2];
  EXPECT_EQ(lines_of(csv("/api/orders?side=sell")).size(), 2u);
  auto first = f.call("GET", "/api/orders?format=csv&limit=1&sort=created_at", alice);
  EXPECT_EQ(lines_of(first.body).size(), 2u);
  const auto next = find_header(first.headers, "X-Next-Cursor");
  ASSERT_FALSE(next.empty());
  EXPECT_NE(find_header(first.headers, "Content-Disposition").find("orders.csv"), std::string_view::npos);
  auto rest = f.call("GET", "/api/orders?format=csv&sort=created_at&cursor=" + std::string(next), alice);
  EXPECT_EQ(lines_of(rest.body).size(), 2u);
  EXPECT_TRUE(find_header(rest.headers, "X-Next-Cursor").empty());
}

TEST_F(OrdersApi, EveryRowOfAFileHasTheColumnsOfItsTitles) {
  fill(add(), "t1", 1, 100);
  const auto columns = [](const std::string& line) { return std::ranges::count(line, ','); };
  for (const auto* path : {"/api/orders", "/api/fills", "/api/positions"}) {
    const auto lines = lines_of(csv(path));
    ASSERT_EQ(lines.size(), 2u) << path;
    EXPECT_EQ(columns(lines[0]), columns(lines[1])) << lines[1];
  }
  f.clock.advance(1s);
  const auto days = lines_of(f.call("GET", "/admin/statistics/orders?format=csv", root).body);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(columns(days[0]), columns(days[1])) << days[1];
}

TEST_F(OrdersApi, CsvGoesOnOverManyBatches) {
  for (int i = 0; i < 2'100; ++i) add();
  EXPECT_EQ(lines_of(csv("/api/orders")).size(), 2'101u);
  EXPECT_EQ(lines_of(csv("/api/orders?limit=1500")).size(), 1'501u);
}

TEST_F(OrdersApi, ExternalOrdersAreShownAndMarked) {
  engine::external_order e{.user = f.id_of("alice"), .account = account_id(account), .bot = bot_id(5), .exchange_name = "paper", .order = {}, .seen_at = f.clock.wall_now()};
  e.order.symbol = "BTC/USDT";
  e.order.venue_order_id = "V9";
  e.order.client_order_id = "by hand";
  e.order.price = 90;
  e.order.quantity = 1;
  f.external_orders.push_back(e);
  add();
  auto list = get("/api/orders?state=external");
  ASSERT_EQ(list["items"].size(), 1u);
  expect_members(list["items"][0], "Order");
  EXPECT_EQ(list["items"][0]["id"], nullptr);
  EXPECT_EQ(list["items"][0]["venue_order_id"], "V9");
  EXPECT_EQ(list["items"][0]["state"], "external");
  EXPECT_EQ(get("/api/orders?state=external&side=sell")["total"], 0);
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/api/orders?state=external", bob))["total"], 0);
  const auto file = lines_of(csv("/api/orders?state=external"));
  ASSERT_EQ(file.size(), 2u);
  EXPECT_EQ(std::ranges::count(file[0], ','), std::ranges::count(file[1], ','));
  EXPECT_EQ(get("/api/orders")["total"], 1);
}

TEST_F(OrdersApi, FillsNameTheirOrderOrAreExternal) {
  const auto id = add();
  fill(id, "t1", 1, 100);
  fill(std::nullopt, "x1", 1, 100);
  auto list = get("/api/fills");
  EXPECT_EQ(list["total"], 2);
  EXPECT_EQ(get("/api/fills?order_id=" + id.to_string())["items"][0]["trade_id"], "t1");
  EXPECT_EQ(get("/api/fills?bot_id=5")["total"], 1);
  for (const auto& fill : list["items"]) EXPECT_EQ(fill["external"], fill["order_id"].is_null());
  EXPECT_EQ(lines_of(csv("/api/fills")).size(), 3u);
}

TEST_F(OrdersApi, PositionsAreValuedAtTheLatestPrice) {
  const auto id = add();
  fill(id, "t1", decimal::literal("0.3"), decimal::literal("100.01"));
  auto list = get("/api/positions");
  ASSERT_EQ(list["items"].size(), 1u);
  expect_members(list["items"][0], "Position");
  EXPECT_EQ(list["items"][0]["quantity"], "0.3");
  EXPECT_EQ(list["items"][0]["average_price"], "100.01");
  EXPECT_EQ(list["items"][0]["price"], nullptr);
  EXPECT_EQ(list["items"][0]["unrealised"], nullptr);
  EXPECT_EQ(list["sums"][0]["unpriced"], 1);
  f.prices[{"paper", "BTC/USDT"}] = {109, 111, 250ms};
  list = get("/api/positions");
  EXPECT_EQ(list["items"][0]["price"], "110");
  EXPECT_EQ(list["items"][0]["price_age_ms"], 250);
  EXPECT_EQ(list["items"][0]["value"], "33");
  EXPECT_EQ(list["items"][0]["unrealised"], "2.997");
  expect_members(list["sums"][0], "PositionSum");
  EXPECT_EQ(list["sums"][0]["unrealised"], "2.997");
  EXPECT_EQ(get("/api/positions?open=true")["total"], 1);
  EXPECT_EQ(get("/api/positions?symbol=ETH%2FUSDT")["total"], 0);
  EXPECT_EQ(lines_of(csv("/api/positions")).size(), 2u);
}

TEST_F(OrdersApi, StatisticsOfAllUsersAreForAdministrators) {
  const auto bought = add();
  end(add(), intent_state::refused, "no");
  fill(bought, "t1", 1, 100);
  EXPECT_EQ(status("/admin/statistics/orders", alice), 403);
  f.clock.advance(1s);
  auto r = f.call("GET", "/admin/statistics/orders", root);
  ASSERT_EQ(r.status, 200) << r.body;
  auto found = web_fixture::parse(r);
  ASSERT_EQ(found["items"].size(), 1u);
  expect_members(found["items"][0], "OrderDay");
  EXPECT_EQ(found["items"][0]["orders"], 2);
  EXPECT_EQ(found["items"][0]["error_ratio"], "0.5");
  EXPECT_EQ(found["items"][0]["volume"], "100");
  EXPECT_EQ(found["sums"]["by_asset"][0]["volume"], "100");
  EXPECT_EQ(lines_of(f.call("GET", "/admin/statistics/orders?format=csv", root).body).size(), 2u);
  EXPECT_EQ(status("/admin/statistics/orders?from=2020-01-01T00:00:00Z", root), 422);
  EXPECT_EQ(status("/admin/statistics/orders?user=1", root), 422);
}

TEST_F(OrdersApi, MetricsCountOrdersByState) {
  add();
  end(add(), intent_state::refused, "no");
  f.counters.add({.accepted = 3, .refused = 1});
  auto r = f.call("GET", "/metrics", root);
  ASSERT_EQ(r.status, 200);
  EXPECT_NE(r.body.find("engine_orders{state=\"refused\"} 1"), std::string::npos) << r.body;
  EXPECT_NE(r.body.find("engine_orders{state=\"intended\"} 1"), std::string::npos);
  EXPECT_NE(r.body.find("engine_order_error_ratio 0.25"), std::string::npos);
}

}  // namespace
}  // namespace drover::web
