#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "exchanges/paper/paper_server.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "exchanges/registry.hpp"
#include "net/http_client.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::exchanges {
namespace {

/// The connector over real sockets against the simulated exchange, all on one thread.
class paper_fixture {
 public:
  paper_fixture() {
    paper::paper_config config;
    config.step_interval = 20ms;
    server = paper::make_paper_server(io.get_executor(), *timers, random, system_clock(), config);
    auto started = server->start();
    if (!started) throw std::runtime_error(started.error().to_string());
    base = "127.0.0.1:" + std::to_string(server->port());
    exchange_config c;
    c.name = "paper";
    c.dialect = "binance";
    c.rest_url = "http://" + base;
    c.stream_url = c.ws_api_url = "ws://" + base;
    auto made = make_exchange(c, {io.get_executor(), *timers, random, *http, *sockets, *recorder});
    venue = std::move(*made);
    venue->start();
  }
  ~paper_fixture() {
    accounts.clear();
    drover::test::run(io, venue->stop());
    http.reset();
    sockets.reset();
    drover::test::run(io, server->stop(2s));
  }

  template <class T>
  T run(task<T> work) {
    return drover::test::run(io, std::move(work));
  }
  /// POST to the simulated exchange's control interface.
  nlohmann::json control(const std::string& path, const nlohmann::json& body) {
    client_request r;
    r.method = "POST";
    r.url = "http://" + base + path;
    r.headers = {{"Content-Type", "application/json"}};
    r.body = body.dump();
    auto answer = run(http->send(std::move(r)));
    if (!answer) throw std::runtime_error(answer.error().to_string());
    if (answer->status >= 300) throw std::runtime_error(answer->body);
    return nlohmann::json::parse(answer->body);
  }
  exchange_account& open_account() {
    auto keys = control("/paper/accounts", {{"balances", {{"USDT", "1000000"}, {"BTC", "10"}}}});
    auto key = keys["api_key"].get<std::string>();
    auto text = keys["api_secret"].get<std::string>();
    credential_source open = [key, text]() -> result<credentials> { return credentials{secret(key), secret(text), secret()}; };
    return *accounts.emplace_back(venue->open_account(open, "1"));
  }
  bool wait_until(const std::function<bool()>& wanted, nanoseconds limit = 20s) {
    auto end = system_clock().now() + limit;
    while (!wanted() && system_clock().now() < end) {
      io.restart();
      io.run_one_for(10ms);
    }
    return wanted();
  }

  asio::io_context io;
  std::unique_ptr<timer_queue> timers = make_timer_queue(io.get_executor(), system_clock());
  seeded_random random{11};
  std::unique_ptr<http_client> http = net::make_http_client(io.get_executor(), *timers, {});
  std::unique_ptr<websocket_connector> sockets = net::make_websocket_connector(io.get_executor(), *timers, {});
  std::unique_ptr<raw_recorder> recorder = make_discarding_recorder();
  std::unique_ptr<paper::paper_server> server;
  std::string base;
  std::unique_ptr<exchange> venue;
  std::vector<std::unique_ptr<exchange_account>> accounts;
};

order_request limit_buy(std::string id, decimal price) {
  order_request r;
  r.symbol = "BTC/USDT";
  r.quantity = "0.01"_dec;
  r.price = price;
  r.client_order_id = std::move(id);
  return r;
}

TEST(PaperVenue, KnowsInstrumentsClockAndPermissions) {
  paper_fixture f;
  auto btc = f.run(f.venue->find_instrument("BTC/USDT"));
  ASSERT_TRUE(btc) << btc.error().to_string();
  EXPECT_TRUE((*btc)->tick_size.is_positive());
  EXPECT_TRUE((*btc)->lot_size.is_positive());
  auto may = f.run(f.open_account().fetch_permissions());
  ASSERT_TRUE(may) << may.error().to_string();
  EXPECT_EQ(may->trade, tristate::yes);
  EXPECT_EQ(may->withdraw, tristate::no);
  EXPECT_LT(std::abs(f.venue->clock_offset().count()), 500);
}

TEST(PaperVenue, PlacesFindsAndCancelsAnOrder) {
  paper_fixture f;
  auto& account = f.open_account();
  auto placed = f.run(account.place_order(limit_buy("first", decimal(50000)), 5000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  EXPECT_EQ(placed->status, order_status::open);
  EXPECT_EQ(placed->client_order_id, "first");

  auto twice = f.run(account.place_order(limit_buy("first", decimal(50000)), 5000ms));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, exchange_errc::duplicate_order);

  auto found = f.run(account.find_order({"BTC/USDT", "first", ""}, lane::read));
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->venue_order_id, placed->venue_order_id);
  auto open = f.run(account.fetch_open_orders("", lane::read));
  ASSERT_TRUE(open) << open.error().to_string();
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(open->front().symbol, "BTC/USDT");

  auto cancelled = f.run(account.cancel_order({"BTC/USDT", "first", ""}, lane::kill));
  ASSERT_TRUE(cancelled) << cancelled.error().to_string();
  EXPECT_EQ(cancelled->status, order_status::cancelled);
  EXPECT_EQ(cancelled->client_order_id, "first");
  auto gone = f.run(account.cancel_order({"BTC/USDT", "first", ""}, lane::kill));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, exchange_errc::order_not_found);
}

TEST(PaperVenue, NamesItsRefusals) {
  paper_fixture f;
  auto& account = f.open_account();
  auto poor = limit_buy("a", decimal(60000));
  poor.quantity = decimal(1000);
  auto code = [&](order_request r) { return f.run(account.place_order(std::move(r), 5000ms)).error().code; };
  EXPECT_EQ(code(poor), exchange_errc::insufficient_funds);
  auto crooked = limit_buy("b", "50000.001"_dec);
  EXPECT_EQ(code(crooked), exchange_errc::bad_precision);
  auto tiny = limit_buy("c", decimal(50000));
  tiny.quantity = "0.00001"_dec;
  EXPECT_EQ(code(tiny), exchange_errc::min_notional);
  auto crossing = limit_buy("d", decimal(65000));
  crossing.type = order_type::limit_maker;
  EXPECT_EQ(code(crossing), exchange_errc::would_match);
  auto nowhere = limit_buy("e", decimal(1));
  nowhere.symbol = "NO/SUCH";
  EXPECT_EQ(code(nowhere), exchange_errc::instrument_unknown);
}

TEST(PaperVenue, RefusesAWrongSecret) {
  paper_fixture f;
  auto keys = f.control("/paper/accounts", nlohmann::json::object());
  auto key = keys["api_key"].get<std::string>();
  auto account = f.venue->open_account(
      [key]() -> result<credentials> { return credentials{secret(key), secret("wrong"), secret()}; }, "9");
  auto balances = f.run(account->fetch_balances(lane::read));
  ASSERT_FALSE(balances);
  EXPECT_EQ(balances.error().code, exchange_errc::bad_credentials);
  bool lost = false;
  account->subscribe([&](const account_event& e) { lost = lost || std::holds_alternative<stream_lost>(e); });
  EXPECT_TRUE(f.wait_until([&] { return lost; }));
}

TEST(PaperVenue, TellsFillsOverThePrivateStreamAndOverRest) {
  paper_fixture f;
  auto& account = f.open_account();
  bool opened = false;
  std::vector<fill> fills;
  std::vector<order> orders;
  int balances = 0;
  account.subscribe([&](const account_event& e) {
    if (std::holds_alternative<stream_opened>(e)) opened = true;
    if (std::holds_alternative<balance_event>(e)) ++balances;
    if (auto* o = std::get_if<order_event>(&e)) {
      orders.push_back(o->order);
      if (o->fill) fills.push_back(*o->fill);
    }
  });
  ASSERT_TRUE(f.wait_until([&] { return opened; }));
  auto order = limit_buy("market", {});
  order.type = order_type::market;
  auto placed = f.run(account.place_order(order, 5000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  ASSERT_TRUE(f.wait_until([&] { return !orders.empty() && orders.back().status == order_status::filled && balances > 0; }));
  ASSERT_FALSE(fills.empty());
  EXPECT_EQ(fills[0].client_order_id, "market");
  EXPECT_EQ(fills[0].symbol, "BTC/USDT");
  EXPECT_TRUE(fills[0].fee.is_positive());

  auto listed = f.run(account.fetch_fills("BTC/USDT", fill_cursor{}, lane::reconcile));
  ASSERT_TRUE(listed) << listed.error().to_string();
  ASSERT_EQ(listed->size(), fills.size());
  EXPECT_EQ(listed->front().trade_id, fills.front().trade_id);
  EXPECT_EQ(listed->front().fee, fills.front().fee);
  EXPECT_EQ(listed->front().at, fills.front().at);
  auto later = f.run(account.fetch_fills("BTC/USDT", fill_cursor{listed->back().trade_id, listed->back().at}, lane::reconcile));
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->empty());
}

TEST(PaperVenue, StreamsTheBestBidAndAsk) {
  paper_fixture f;
  std::vector<std::shared_ptr<const book_ticker>> seen;
  auto kept = f.venue->subscribe_book_ticker("BTC/USDT", [&](const auto& t) { seen.push_back(t); });
  ASSERT_TRUE(f.wait_until([&] { return seen.size() >= 5; }));
  for (const auto& t : seen) {
    EXPECT_LT(t->bid_price, t->ask_price);
    EXPECT_TRUE(t->bid_quantity.is_positive());
  }
  int late = 0;
  auto second = f.venue->subscribe_book_ticker("BTC/USDT", [&](const auto&) { ++late; });
  EXPECT_TRUE(f.wait_until([&] { return late > 0; }));
  EXPECT_TRUE(f.venue->get_health().market_data_age);
}

TEST(PaperVenue, OpensThousandAccountsOnTwoConnectionsWithinSeconds) {
  paper_fixture f;
  auto keys = f.control("/paper/accounts/bulk", {{"count", 1000}});
  int opened = 0;
  auto begun = system_clock().now();
  for (const auto& k : keys) {
    auto key = k["api_key"].get<std::string>();
    auto text = k["api_secret"].get<std::string>();
    f.accounts.push_back(f.venue->open_account(
        [key, text]() -> result<credentials> { return credentials{secret(key), secret(text), secret()}; }, key));
    f.accounts.back()->subscribe([&](const account_event& e) { opened += std::holds_alternative<stream_opened>(e); });
  }
  EXPECT_TRUE(f.wait_until([&] { return opened == 1000; })) << opened;
  EXPECT_LT(system_clock().now() - begun, nanoseconds(10s));
}

TEST(PaperVenue, KeepsABookAndTellsTradesAndCandles) {
  paper_fixture f;
  int books = 0, trades = 0, candles = 0;
  std::shared_ptr<const book_view> last;
  auto a = f.venue->subscribe_book("BTC/USDT", [&](const auto& b) {
    if (!b) return;
    if (last) EXPECT_GT(b->update_id, last->update_id);
    last = b;
    ++books;
  });
  auto b = f.venue->subscribe_trades("BTC/USDT", [&](const auto& t) { trades += t != nullptr; });
  auto c = f.venue->subscribe_candles("BTC/USDT", candle_interval::m1, [&](const auto& k) { candles += k != nullptr; });
  EXPECT_TRUE(f.wait_until([&] { return books > 20 && trades > 3 && candles > 3; })) << books << ' ' << trades << ' ' << candles;
  ASSERT_TRUE(last);
  ASSERT_FALSE(last->bids.empty() || last->asks.empty());
  EXPECT_LT(last->bids.front().price, last->asks.front().price);
  for (std::size_t i = 1; i < last->bids.size(); ++i) EXPECT_GT(last->bids[i - 1].price, last->bids[i].price);
  const auto health = f.venue->get_health();
  EXPECT_TRUE(health.connection.latency_median);
  EXPECT_EQ(health.connection.breaker, breaker_state::closed);
}

}  // namespace
}  // namespace drover::exchanges
