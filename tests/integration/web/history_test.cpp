#include <algorithm>
#include <set>

#include "tests/integration/web/web_world.hpp"

namespace drover::web {
namespace {

using test::web_world;

/// Orders of alice in PostgreSQL, read over real sockets.
class WebHistory : public ::testing::Test {
protected:
  WebHistory() : account(w.add_account("alice", "key-of-alice-0001")), alice(w.token_of("alice")), bob(w.token_of("bob")), root(w.token_of("root")) {}

  /// `count` closed orders with a fill each, a minute apart, from `first` on.
  void add_orders(int first, int count) {
    const auto ids = std::to_string(account) + ", " + std::to_string(w.ids.at("alice").value);
    w.database_of_test.sql(
        "INSERT INTO order_intents (id, account_id, user_id, exchange_name, symbol, side, type, tif, price, quantity, tag, state, status, "
        "filled_quantity, reported_quantity, created_at, dead_after) SELECT md5(n::text)::uuid, " + ids +
        ", 'paper', CASE WHEN n % 2 = 0 THEN 'ETH/USDT' ELSE 'BTC/USDT' END, 'buy', 'limit', 'gtc', 100.5, 2, '=cmd', 'closed', 'filled', 2, 2, "
        "t, t + interval '20 seconds' FROM (SELECT n, timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute' AS t "
        "FROM generate_series(" + std::to_string(first) + ", " + std::to_string(first + count - 1) + ") AS n) AS made;"
        "INSERT INTO fills (account_id, user_id, intent_id, symbol, trade_id, venue_order_id, side, price, quantity, fee, fee_asset, maker, "
        "quote_asset, realised, at) SELECT account_id, user_id, id, symbol, id::text, 'V', side, price, quantity, 0, 'USDT', true, 'USDT', "
        "-0.1, created_at FROM order_intents ON CONFLICT DO NOTHING");
  }
  json get(const std::string& path, const std::string& token) {
    auto r = w.call("GET", path, token);
    EXPECT_EQ(r.status, 200) << path << " " << r.body;
    return r.parsed();
  }

  web_world w;
  std::int64_t account;
  std::string alice, bob, root;
};

TEST_F(WebHistory, PagesOverInsertsRepeatNothingAndMissNothing) {
  add_orders(1, 25);
  for (const std::string path : {"/api/orders", "/api/fills"}) {
    std::set<std::string> seen;
    auto page = get(path + "?limit=10", alice);
    const auto total = page["total"].get<std::size_t>();
    int next = 1000 + static_cast<int>(total);
    for (int pages = 1; pages < 10; ++pages) {
      for (const auto& item : page["items"]) EXPECT_TRUE(seen.insert(item["id"].dump()).second);
      if (page["next_cursor"].is_null()) break;
      add_orders(next++, 1);
      page = get(path + "?limit=10&cursor=" + page["next_cursor"].get<std::string>(), alice);
    }
    EXPECT_EQ(seen.size(), total) << path;
  }
}

TEST_F(WebHistory, FiltersMeetTheDatabase) {
  add_orders(1, 10);
  EXPECT_EQ(get("/api/orders?symbol=ETH%2FUSDT", alice)["total"], 5);
  EXPECT_EQ(get("/api/orders?state=closed&side=buy&account_id=" + std::to_string(account), alice)["total"], 10);
  EXPECT_EQ(get("/api/orders?state=accepted", alice)["total"], 0);
  EXPECT_EQ(get("/api/orders?from=2026-01-01T00:03:00Z&to=2026-01-01T00:05:00Z", alice)["total"], 2);
  EXPECT_EQ(get("/api/orders?sort=created_at&limit=1", alice)["items"][0]["created_at"], "2026-01-01T00:01:00.000000Z");
  EXPECT_EQ(get("/api/fills?symbol=BTC%2FUSDT&sort=at&limit=1", alice)["items"][0]["at"], "2026-01-01T00:01:00.000000Z");
  const auto id = get("/api/orders?limit=1", alice)["items"][0]["id"].get<std::string>();
  EXPECT_EQ(get("/api/fills?order_id=" + id, alice)["total"], 1);
  EXPECT_EQ(get("/api/orders/" + id, alice)["fills"].size(), 1u);
}

TEST_F(WebHistory, NobodySeesAnothersRowsButAdministrators) {
  add_orders(1, 3);
  const auto id = get("/api/orders", alice)["items"][0]["id"].get<std::string>();
  const auto of_alice = "user_id=" + std::to_string(w.ids.at("alice").value);
  EXPECT_EQ(w.call("GET", "/api/orders/" + id, bob).status, 404);
  EXPECT_EQ(get("/api/orders", bob)["total"], 0);
  EXPECT_EQ(get("/api/fills?order_id=" + id, bob)["total"], 0);
  EXPECT_EQ(w.call("GET", "/api/orders?" + of_alice, bob).status, 403);
  EXPECT_EQ(get("/api/orders?" + of_alice, root)["total"], 3);
  EXPECT_EQ(get("/api/orders/" + id + "?" + of_alice, root)["id"], id);
  EXPECT_EQ(w.call("GET", "/api/orders/" + id, root).status, 404);
}

TEST_F(WebHistory, CsvOfThousandsIsOneFile) {
  add_orders(1, 2'500);
  auto r = w.call("GET", "/api/fills?format=csv", alice);
  ASSERT_EQ(r.status, 200);
  EXPECT_EQ(std::ranges::count(r.body, '\n'), 2'501);
  EXPECT_EQ(r.header("X-Next-Cursor"), "");
  EXPECT_NE(r.body.find(",-0.1,"), std::string::npos);
  auto orders = w.call("GET", "/api/orders?symbol=ETH%2FUSDT", alice, {}, {{"Accept", "text/csv"}});
  EXPECT_EQ(std::ranges::count(orders.body, '\n'), 1'251);
  EXPECT_NE(orders.body.find(",'=cmd,"), std::string::npos);
  EXPECT_EQ(std::ranges::count(w.call("GET", "/api/fills?format=csv", bob).body, '\n'), 1);
}

TEST_F(WebHistory, StatisticsComeFromTheDatabase) {
  add_orders(1, 2'000);
  const std::string path = "/admin/statistics/orders?from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z";
  auto found = get(path, root);
  ASSERT_EQ(found["items"].size(), 4u);
  EXPECT_EQ(found["items"][0]["day"], "2026-01-01");
  EXPECT_EQ(found["items"][0]["symbol"], "BTC/USDT");
  EXPECT_EQ(found["sums"]["orders"], 2'000);
  EXPECT_EQ(found["sums"]["by_asset"][0]["volume"], "402000");
  EXPECT_EQ(found["sums"]["by_asset"][0]["realised"], "-200");
  EXPECT_EQ(std::ranges::count(w.call("GET", path + "&format=csv", root).body, '\n'), 5);
  EXPECT_EQ(w.call("GET", path, alice).status, 403);
}

}  // namespace
}  // namespace drover::web
