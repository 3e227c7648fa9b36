#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "engine/history/history_store.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/postgres.hpp"

namespace drover::engine {
namespace {

using drover::test::test_database;

constexpr int page = 50;
/// Rows that a page may cost: itself, the joined ones, and what an index hands over besides.
constexpr std::int64_t rows_of_a_page = 8 * page;

/// 100,000 orders with a fill each: nine of ten belong to user 1.
class HistoryScale : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    stored = std::make_unique<test_database>();
    stored->sql(
        "INSERT INTO users (id, username, password_hash) VALUES (1, 'much', 'x'), (2, 'little', 'x');"
        "INSERT INTO user_exchanges (id, user_id, exchange_name, label, api_key, api_secret, api_key_mask, key_fingerprint) "
        "SELECT i, u, 'paper', 'label', 'k', 's', 'm', 'f' || i FROM (VALUES (1, 1), (2, 1), (3, 2)) AS v (i, u);"
        "INSERT INTO bots (id, account_id, user_id, strategy, symbol) VALUES (1, 1, 1, 'grid', 'BTC/USDT'), (2, 2, 1, 'grid', 'ETH/USDT');"
        "INSERT INTO order_intents (id, account_id, user_id, exchange_name, symbol, side, type, tif, price, quantity, tag, state, status, "
        "created_at, dead_after, bot_id) "
        "SELECT md5(n::text)::uuid, CASE WHEN n % 10 = 0 THEN 3 WHEN n % 500 = 1 THEN 2 ELSE 1 END, CASE WHEN n % 10 = 0 THEN 2 ELSE 1 END, "
        "'paper', CASE WHEN n % 500 = 1 THEN 'ETH/USDT' ELSE 'BTC/USDT' END, CASE WHEN n % 2 = 0 THEN 'sell' ELSE 'buy' END, 'limit', 'gtc', "
        "100, 1, '', CASE WHEN n % 1000 = 7 THEN 'refused' ELSE 'closed' END, 'filled', t, t + interval '20 seconds', "
        "CASE WHEN n % 10 = 0 THEN NULL WHEN n % 500 = 1 THEN 2 ELSE 1 END "
        "FROM (SELECT n, timestamptz '2026-01-01 00:00:00Z' + n * interval '1 minute' AS t FROM generate_series(1, 100000) AS n) AS made;"
        "INSERT INTO fills (account_id, user_id, intent_id, symbol, trade_id, venue_order_id, side, price, quantity, fee, fee_asset, maker, "
        "quote_asset, at) SELECT account_id, user_id, id, symbol, id::text, '', side, 100, 1, 0, 'USDT', true, 'USDT', created_at "
        "FROM order_intents ORDER BY created_at;"
        "INSERT INTO positions (account_id, symbol, quantity, cost) VALUES (1, 'BTC/USDT', 1, 100)");
    stored->sql("VACUUM ANALYZE order_intents");
    stored->sql("VACUUM ANALYZE fills");
  }
  static void TearDownTestSuite() { stored.reset(); }

  /// What the tables' statistics say since they were last reset.
  struct cost {
    std::int64_t scans = 0, rows = 0;
  };
  /// Runs it on a connection of its own: statistics arrive when that ends.
  template <class Read>
  cost measure(Read read) {
    const auto before = settled_figures();
    asio::io_context io(1);
    {
      auto pool = make_database(stored->config(1), system_clock());
      const auto store = make_postgres_history_store(*pool);
      auto done = drover::test::run(io, read(*store));
      EXPECT_TRUE(done) << done.error().to_string();
    }
    const auto after = settled_figures();
    return {after.scans - before.scans, after.rows - before.rows};
  }
  static cost figures() {
    const std::string of_tables = " FROM pg_stat_user_tables WHERE relname IN ('order_intents', 'fills')";
    return {std::stoll(stored->sql("SELECT sum(seq_scan)" + of_tables)),
            std::stoll(stored->sql("SELECT sum(idx_tup_fetch) + sum(seq_tup_read)" + of_tables))};
  }
  /// After other connections are gone from the server: what they did is counted by then.
  static cost settled_figures() {
    const std::string others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                               "AND backend_type = 'client backend'";
    for (int tries = 0; stored->sql(others) != "0"; ++tries)
      if (tries == 10'000) throw std::runtime_error("a connection does not end");
    return figures();
  }
  cost page_of(const order_filter& filter, const order_page& at = {.limit = page}) {
    return measure([&](history_store& s) { return s.orders(user_id(1), filter, at); });
  }
  cost page_of(const fill_filter& filter, const fill_page& at = {.limit = page}) {
    return measure([&](history_store& s) { return s.fills(user_id(1), filter, at); });
  }

  static std::unique_ptr<test_database> stored;
};
std::unique_ptr<test_database> HistoryScale::stored;

void expect_a_range(const auto& c) {
  EXPECT_EQ(c.scans, 0);
  EXPECT_GT(c.rows, 0);
  EXPECT_LE(c.rows, rows_of_a_page);
}

TEST_F(HistoryScale, APageOfOrdersCostsARangeOfAnIndex) {
  const auto middle = parse_rfc3339("2026-02-01T00:00:00Z").value();
  {
    SCOPED_TRACE("all");
    expect_a_range(page_of(order_filter{}));
  }
  {
    SCOPED_TRACE("account");
    expect_a_range(page_of(order_filter{.account = account_id(2)}));
  }
  {
    SCOPED_TRACE("bot");
    expect_a_range(page_of(order_filter{.bot = bot_id(2)}));
  }
  {
    SCOPED_TRACE("side");
    expect_a_range(page_of(order_filter{.side = exchanges::side::sell}));
  }
  {
    SCOPED_TRACE("rare state");
    expect_a_range(page_of(order_filter{.state = intent_state::refused}));
  }
  {
    SCOPED_TRACE("usual state");
    expect_a_range(page_of(order_filter{.state = intent_state::closed}));
  }
  {
    SCOPED_TRACE("span");
    expect_a_range(page_of(order_filter{.from = middle, .to = middle + std::chrono::hours(12)}));
  }
  {
    SCOPED_TRACE("deep");
    expect_a_range(page_of(order_filter{}, {.limit = page, .after = order_place{middle, uuid()}}));
  }
  {
    SCOPED_TRACE("oldest first");
    expect_a_range(page_of(order_filter{}, {.oldest_first = true, .limit = page, .after = order_place{middle, uuid()}}));
  }
}

TEST_F(HistoryScale, APageOfFillsCostsARangeOfAnIndex) {
  const auto middle = parse_rfc3339("2026-02-01T00:00:00Z").value();
  const auto order = uuid::parse(stored->sql("SELECT id FROM order_intents LIMIT 1")).value();
  {
    SCOPED_TRACE("all");
    expect_a_range(page_of(fill_filter{}));
  }
  {
    SCOPED_TRACE("order");
    expect_a_range(page_of(fill_filter{.order = order}));
  }
  {
    SCOPED_TRACE("side");
    expect_a_range(page_of(fill_filter{.side = exchanges::side::buy}));
  }
  {
    SCOPED_TRACE("span");
    expect_a_range(page_of(fill_filter{.from = middle, .to = middle + std::chrono::hours(12)}));
  }
  {
    SCOPED_TRACE("deep");
    expect_a_range(page_of(fill_filter{}, {.limit = page, .after = fill_place{middle, fill_id(1)}}));
  }
}

TEST_F(HistoryScale, ADayOfStatisticsReadsNoOtherDays) {
  const auto day = parse_rfc3339("2026-02-01T00:00:00Z").value();
  const auto c = measure([&](history_store& s) { return s.order_days(day, day + std::chrono::days(1), 100); });
  EXPECT_EQ(c.scans, 0);
  // Of each table 1,440 rows are of that day; blocks beside them are read along.
  EXPECT_GE(c.rows, 2 * 1'440);
  EXPECT_LE(c.rows, 10'000);
}

}  // namespace
}  // namespace drover::engine
