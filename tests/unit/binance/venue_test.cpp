#include <gtest/gtest.h>

#include <algorithm>

#include <boost/asio/co_spawn.hpp>

#include "base/encoding.hpp"
#include "exchanges/binance/protocol.hpp"
#include "exchanges/binance/user_stream.hpp"
#include "exchanges/runtime/venue_exchange.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges {
namespace {

constexpr std::string_view one_instrument =
    R"({"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[
    {"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","minQty":"0.1","maxQty":"9","stepSize":"0.1"}]}]})";

std::string order_body(std::string status) {
  return R"({"symbol":"BTCUSDT","orderId":1,"clientOrderId":"mine","transactTime":1,"price":"60000","origQty":"0.5",
    "executedQty":"0","cummulativeQuoteQty":"0","status":")" + status + R"(","type":"LIMIT","side":"BUY"})";
}

/// The exchange over fakes; the venue answers from `routes` by "METHOD /path".
class venue_fixture {
 public:
  explicit venue_fixture(int limit_percent = 100) {
    exchange_config config;
    config.name = config.dialect = "binance";
    config.rest_url = "http://venue/";
    config.stream_url = "ws://venue";
    config.ws_api_url = "ws://venue-api";
    config.limit_percent = limit_percent;
    http.answer = [this](const client_request& r) { return answer(r); };
    routes["GET /api/v3/exchangeInfo"] = {200, {}, std::string(one_instrument)};
    auto made = make_venue_exchange(config, {io.get_executor(), timers, random, http, sockets, recorder},
                                    binance::make_protocol({}).value(), binance::make_private_feed);
    venue = std::move(*made);
  }
  ~venue_fixture() {
    accounts.clear();
    bool done = false;
    asio::co_spawn(io, venue->stop(), [&](std::exception_ptr) { done = true; });
    test::manual_timers::settle(io);
    EXPECT_TRUE(done);
  }

  result<client_response> answer(const client_request& r) {
    auto path = r.url.substr(std::string("http://venue").size());
    auto key = r.method + " " + path.substr(0, path.find('?'));
    if (key == "GET /api/v3/time")
      return client_response{200, {}, R"({"serverTime":)" +
                                           std::to_string(timers.get_clock().wall_now().ms() + server_ahead_ms) + "}"};
    auto found = routes.find(key);
    if (found == routes.end()) return client_response{404, {}, ""};
    return found->second;
  }
  credential_source keys() {
    return [this]() -> result<credentials> {
      ++opened;
      return credentials{secret("the-key"), secret("the-secret"), secret()};
    };
  }
  exchange_account& open(std::string label = "17") { return *accounts.emplace_back(venue->open_account(keys(), std::move(label))); }
  template <class T>
  T run(task<T> work) {
    std::optional<T> out;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr e, T value) {
      if (e) std::rethrow_exception(e);
      out.emplace(std::move(value));
    });
    for (int i = 0; i < 10'000 && !out; ++i) timers.advance(io, 10ms);
    return std::move(out.value());
  }
  const client_request& last() const { return http.requests.back(); }
  void settle() { test::manual_timers::settle(io); }

  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  test::manual_timers timers;
  seeded_random random{5};
  test::fake_http http;
  test::fake_connector sockets{io.get_executor(), timers};
  test::listing_recorder recorder;
  std::map<std::string, result<client_response>> routes;
  std::int64_t server_ahead_ms = 0;
  int opened = 0;
  std::unique_ptr<exchange> venue;
  std::vector<std::unique_ptr<exchange_account>> accounts;
};

order_request limit_order() {
  order_request r;
  r.symbol = "BTC/USDT";
  r.quantity = "0.5"_dec;
  r.price = decimal(60000);
  r.client_order_id = "mine";
  return r;
}

TEST(BinanceVenue, PlacesASignedOrder) {
  venue_fixture f;
  f.routes["POST /api/v3/order"] = {200, {}, order_body("NEW")};
  auto placed = f.run(f.open().place_order(limit_order(), 5000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  EXPECT_EQ(placed->symbol, "BTC/USDT");
  EXPECT_EQ(placed->status, order_status::open);
  EXPECT_EQ(f.last().method, "POST");
  EXPECT_EQ(f.last().url, "http://venue/api/v3/order");
  EXPECT_EQ(find_header(f.last().headers, "X-MBX-APIKEY"), "the-key");
  auto body = f.last().body;
  EXPECT_TRUE(body.starts_with("timestamp=" + std::to_string(f.timers.get_clock().wall_now().ms() - 0) .substr(0, 8))) << body;
  EXPECT_NE(body.find("&symbol=BTCUSDT&side=BUY&newClientOrderId=mine&newOrderRespType=FULL&type=LIMIT&quantity=0.5&price=60000"
                      "&timeInForce=GTC&recvWindow=5000&signature="), std::string::npos) << body;
  EXPECT_EQ(f.opened, 1);
}

TEST(BinanceVenue, RecordsTheAnswerWithoutAnySecret) {
  venue_fixture f;
  f.routes["GET /api/v3/openOrders"] = {200, {}, "[]"};
  ASSERT_TRUE(f.run(f.open().fetch_open_orders("BTC/USDT", lane::read)));
  ASSERT_EQ(f.recorder.records.size(), 1u);
  EXPECT_EQ(f.recorder.records[0], "binance.rest|GET /api/v3/openOrders|17|[]");
}

TEST(BinanceVenue, DoesNotSendWhatItCannotSign) {
  venue_fixture f;
  auto account = f.venue->open_account([]() -> result<credentials> { return fail(errc::not_found, "sealed"); }, "1");
  auto placed = f.run(account->place_order(limit_order(), 5000ms));
  EXPECT_EQ(placed.error().code, exchange_errc::not_sent);
  EXPECT_TRUE(f.http.requests.empty());
}

TEST(BinanceVenue, TellsUnsentFromUnknown) {
  venue_fixture f;
  f.routes["POST /api/v3/order"] = fail(transport_errc::not_sent, "connect");
  EXPECT_EQ(f.run(f.open().place_order(limit_order(), 5000ms)).error().code, exchange_errc::not_sent);
  f.routes["POST /api/v3/order"] = fail(transport_errc::no_answer, "reset");
  EXPECT_EQ(f.run(f.open().place_order(limit_order(), 5000ms)).error().code, exchange_errc::unknown_outcome);
  f.routes["POST /api/v3/order"] = fail(transport_errc::bad_answer, "framing");
  EXPECT_EQ(f.run(f.open().place_order(limit_order(), 5000ms)).error().code, exchange_errc::unknown_outcome);
  f.routes["POST /api/v3/order"] = {200, {}, "<html>"};
  EXPECT_EQ(f.run(f.open().place_order(limit_order(), 5000ms)).error().code, exchange_errc::unknown_outcome);
  EXPECT_EQ(f.http.requests.size(), 4u);
  EXPECT_EQ(f.recorder.gaps.size(), 3u);
}

TEST(BinanceVenue, LeavesAGapRowForEveryReadThatCouldNotBeMade) {
  venue_fixture f;
  auto& account = f.open();
  f.routes["GET /api/v3/openOrders"] = fail(transport_errc::no_answer, "reset");
  EXPECT_FALSE(f.run(account.fetch_open_orders("BTC/USDT", lane::read)));
  ASSERT_EQ(f.recorder.gaps.size(), 1u);
  EXPECT_NE(f.recorder.gaps[0].find("poll of open_orders"), std::string::npos);
  // Never sent: the breaker is open after some more.
  const auto sent = [&] { return f.http.requests.size(); };
  for (int i = 0; i < 10; ++i) (void)f.run(account.fetch_open_orders("BTC/USDT", lane::read));
  EXPECT_LT(sent(), 11u);
  EXPECT_FALSE(f.run(account.fetch_balances(lane::read)));
  ASSERT_EQ(f.recorder.gaps.size(), 2u);
  EXPECT_NE(f.recorder.gaps[1].find("poll of balances"), std::string::npos);
}

TEST(BinanceVenue, StaysAwayWhileBanned) {
  venue_fixture f;
  f.routes["GET /api/v3/account"] = {418, {{"Retry-After", "120"}}, R"({"code":-1003,"msg":"banned"})"};
  auto& account = f.open();
  auto first = f.run(account.fetch_balances(lane::read));
  EXPECT_EQ(first.error().code, exchange_errc::rate_limited);
  EXPECT_EQ(first.error().retry_after, milliseconds(120'000));
  auto sent = f.http.requests.size();
  auto second = f.run(account.place_order(limit_order(), 5000ms));
  EXPECT_EQ(second.error().code, exchange_errc::rate_limited);
  EXPECT_EQ(f.http.requests.size(), sent);
  EXPECT_TRUE(f.venue->get_health().banned_for);
}

TEST(BinanceVenue, TakesTheUsedWeightFromTheAnswer) {
  venue_fixture f;
  f.routes["GET /api/v3/account"] = {200, {{"x-mbx-used-weight-1m", "3000"}}, R"({"balances":[]})"};
  ASSERT_TRUE(f.run(f.open().fetch_balances(lane::read)));
  EXPECT_DOUBLE_EQ(f.venue->get_health().weight_used_ratio, 0.5);
}

TEST(BinanceVenue, SignsByTheVenuesClock) {
  venue_fixture f;
  f.server_ahead_ms = 7000;
  f.venue->start();
  f.settle();
  EXPECT_EQ(f.venue->clock_offset(), milliseconds(7000));
  f.routes["GET /api/v3/order"] = {200, {}, order_body("FILLED")};
  ASSERT_TRUE(f.run(f.open().find_order({"BTC/USDT", "mine", ""}, lane::read)));
  auto wanted = "timestamp=" + std::to_string(f.timers.get_clock().wall_now().ms() + 7000);
  EXPECT_NE(f.last().url.find(wanted.substr(0, wanted.size() - 3)), std::string::npos) << f.last().url;
}

TEST(BinanceVenue, MeasuresTheClockAgainAfterARefusedTimestampButNotInALoop) {
  venue_fixture f;
  f.venue->start();
  f.settle();
  f.timers.advance(f.io, 1min);
  f.server_ahead_ms = 3000;
  f.routes["GET /api/v3/order"] = {400, {}, R"({"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."})"};
  auto& account = f.open();
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(f.run(account.find_order({"BTC/USDT", "mine", ""}, lane::read)).error().code, exchange_errc::clock_skew);
  f.timers.advance(f.io, 1s);
  EXPECT_EQ(f.venue->clock_offset(), milliseconds(3000));
  int probes = 0;
  for (const auto& r : f.http.requests) probes += r.url.ends_with("/api/v3/time");
  EXPECT_LE(probes, 9);
}

TEST(BinanceVenue, AsksForInstrumentsOnceHoweverManyWait) {
  venue_fixture f;
  int good = 0;
  for (int i = 0; i < 5000; ++i)
    asio::co_spawn(f.io, f.venue->find_instrument("BTC/USDT"), [&](std::exception_ptr, auto found) { good += found.has_value(); });
  f.settle();
  EXPECT_EQ(good, 5000);
  EXPECT_EQ(f.http.requests.size(), 1u);
  EXPECT_EQ(f.run(f.venue->find_instrument("NO/SUCH")).error().code, exchange_errc::instrument_unknown);
  EXPECT_EQ(f.http.requests.size(), 1u);
  f.timers.advance(f.io, 61min);
  EXPECT_TRUE(f.run(f.venue->find_instrument("BTC/USDT")));
  EXPECT_EQ(f.http.requests.size(), 2u);
}

TEST(BinanceVenue, SaysWhyInstrumentsAreMissingAndTriesAgainLater) {
  venue_fixture f;
  f.routes["GET /api/v3/exchangeInfo"] = {200, {}, "garbage"};
  EXPECT_EQ(f.run(f.venue->find_instrument("BTC/USDT")).error().code, exchange_errc::protocol);
  f.routes["GET /api/v3/exchangeInfo"] = {200, {}, std::string(one_instrument)};
  f.timers.advance(f.io, 2s);
  EXPECT_TRUE(f.run(f.venue->find_instrument("BTC/USDT")));
}

TEST(BinanceVenue, UnknownPermissionsWhereTheVenueHasNoSuchEndpoint) {
  venue_fixture f;
  auto p = f.run(f.open().fetch_permissions());
  ASSERT_TRUE(p) << p.error().to_string();
  EXPECT_EQ(p->withdraw, tristate::unknown);
  f.routes["GET /sapi/v1/account/apiRestrictions"] = {500, {}, ""};
  EXPECT_FALSE(f.run(f.open().fetch_permissions()));
  f.routes["GET /sapi/v1/account/apiRestrictions"] = {200, {}, R"({"enableReading":true,"enableWithdrawals":true})"};
  EXPECT_EQ(f.run(f.open().fetch_permissions())->withdraw, tristate::yes);
}

TEST(BinanceVenue, PagesFillsToTheEnd) {
  venue_fixture f;
  f.http.answer = [&](const client_request& r) -> result<client_response> {
    auto at = r.url.find("fromId=");
    auto from = std::stoi(r.url.substr(at + 7));
    std::string body = "[";
    for (int id = from; id < std::min(from + 1000, 2500); ++id)
      body += (body.size() > 1 ? "," : "") + std::string(R"({"symbol":"BTCUSDT","id":)") + std::to_string(id) +
              R"(,"orderId":1,"price":"1","qty":"1","commission":"0","commissionAsset":"BNB","time":1,"isBuyer":true,"isMaker":true})";
    return client_response{200, {}, body + "]"};
  };
  auto fills = f.run(f.open().fetch_fills("BTC/USDT", fill_cursor{"499", {}}, lane::reconcile));
  ASSERT_TRUE(fills) << fills.error().to_string();
  EXPECT_EQ(fills->size(), 2000u);
  EXPECT_EQ(fills->front().trade_id, "500");
  EXPECT_EQ(fills->back().trade_id, "2499");
  EXPECT_EQ(f.http.requests.size(), 3u);
}

TEST(BinanceVenue, SharesOneMarketStreamAndReconnectsIt) {
  venue_fixture f;
  std::vector<std::int64_t> seen;
  std::vector<std::unique_ptr<market_subscription>> kept;
  for (int i = 0; i < 1000; ++i)
    kept.push_back(f.venue->subscribe_book_ticker("BTC/USDT", [&](const auto& t) { if (t) seen.push_back(t->update_id); }));
  f.settle();
  ASSERT_EQ(f.sockets.lines.size(), 1u);
  EXPECT_EQ(f.sockets.urls[0], "ws://venue/stream");
  EXPECT_EQ(f.sockets.lines[0]->sent.size(), 1u);
  std::string tick = R"({"stream":"btcusdt@bookTicker","data":{"u":9,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}})";
  f.sockets.lines[0]->push(tick);
  f.settle();
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(f.recorder.records.back(), "binance.market|||" + tick);
  f.timers.advance(f.io, 2s);
  f.sockets.lines[0]->cut();
  f.timers.advance(f.io, 2s);
  ASSERT_EQ(f.sockets.lines.size(), 2u);
  EXPECT_EQ(f.sockets.lines[1]->sent.size(), 1u);
  EXPECT_EQ(f.venue->get_health().reconnects, 1u);
  ASSERT_EQ(f.recorder.gaps.size(), 1u);
  EXPECT_TRUE(f.recorder.gaps[0].starts_with("binance.market|2"));
  kept.clear();
  f.timers.advance(f.io, 1s);
  EXPECT_TRUE(f.sockets.lines[1]->closed);
}

TEST(BinanceVenue, ReconnectsASilentMarketStream) {
  venue_fixture f;
  auto kept = f.venue->subscribe_book_ticker("BTC/USDT", [](const auto&) {});
  f.settle();
  f.sockets.lines.at(0)->push(R"({"result":null,"id":1})");
  f.timers.advance(f.io, 29s);
  EXPECT_EQ(f.sockets.lines.size(), 1u);
  f.timers.advance(f.io, 3s);
  EXPECT_EQ(f.sockets.lines.size(), 2u);
}

TEST(BinanceVenue, RenewsAConnectionBeforeTheVenueEndsIt) {
  venue_fixture f;
  auto kept = f.venue->subscribe_book_ticker("BTC/USDT", [](const auto&) {});
  f.settle();
  f.sockets.lines.at(0)->push(R"({"result":null,"id":1})");
  for (int i = 0; i < 24 * 720 && f.sockets.lines.size() == 1; ++i) {
    f.sockets.lines[0]->push("{}");
    f.timers.advance(f.io, 5s);
  }
  ASSERT_EQ(f.sockets.lines.size(), 2u);
  EXPECT_LT(f.timers.get_clock().now().since_start, nanoseconds(25h));
  EXPECT_GT(f.timers.get_clock().now().since_start, nanoseconds(20h));
}

TEST(BinanceVenue, WaitsLongerAfterEachFailedConnection) {
  venue_fixture f;
  f.sockets.reachable = false;
  auto kept = f.venue->subscribe_book_ticker("BTC/USDT", [](const auto&) {});
  f.timers.advance(f.io, 10min);
  EXPECT_LT(f.sockets.urls.size(), 120u);
  EXPECT_GT(f.sockets.urls.size(), 10u);
}

/// Answers every subscribe frame on all lines of the fake venue.
void acknowledge_all(venue_fixture& f, std::vector<std::size_t>& answered) {
  answered.resize(f.sockets.lines.size());
  for (std::size_t l = 0; l < f.sockets.lines.size(); ++l) {
    auto& line = *f.sockets.lines[l];
    for (auto& n = answered[l]; n < line.sent.size(); ++n) {
      auto frame = line.sent[n];
      auto id = frame.substr(7, frame.find('"', 7) - 7);
      line.push(R"({"id":")" + id + R"(","status":200,"result":{"subscriptionId":)" + std::to_string(n) + "}}");
    }
  }
}

TEST(BinanceVenue, TenThousandAccountsShareTwentySocketsWithinASecond) {
  venue_fixture f(1'000'000);
  int opened = 0;
  for (int i = 0; i < 10'000; ++i)
    f.open(std::to_string(i)).subscribe([&](const account_event& e) { opened += std::holds_alternative<stream_opened>(e); });
  std::vector<std::size_t> answered;
  auto begun = f.timers.get_clock().now();
  while (opened < 10'000 && f.timers.get_clock().now() - begun < nanoseconds(5s)) {
    f.timers.advance(f.io, 10ms);
    acknowledge_all(f, answered);
  }
  f.settle();
  EXPECT_EQ(opened, 10'000);
  EXPECT_EQ(f.sockets.lines.size(), 20u);
  EXPECT_LT(f.timers.get_clock().now() - begun, nanoseconds(1200ms));
  EXPECT_EQ(f.sockets.urls[0], "ws://venue-api/ws-api/v3");
}

TEST(BinanceVenue, PrivateStreamComesBackForEveryAccount) {
  venue_fixture f;
  std::vector<std::string> heard;
  for (auto label : {"1", "2"})
    f.open(label).subscribe([&heard, label](const account_event& e) {
      if (std::holds_alternative<stream_opened>(e)) heard.push_back(std::string(label) + " opened");
      if (std::holds_alternative<stream_lost>(e)) heard.push_back(std::string(label) + " lost");
      if (auto* o = std::get_if<order_event>(&e)) heard.push_back(std::string(label) + " " + o->order.symbol);
    });
  std::vector<std::size_t> answered;
  f.settle();
  acknowledge_all(f, answered);
  f.settle();
  f.sockets.lines.at(0)->push(
      R"({"subscriptionId":1,"event":{"e":"executionReport","s":"BTCUSDT","c":"x","S":"BUY","o":"LIMIT","q":"1","p":"1","C":"","x":"NEW",
      "X":"NEW","i":1,"z":"0","Z":"0","T":1}})");
  f.settle();
  f.sockets.lines.at(0)->cut();
  f.timers.advance(f.io, 2s);
  acknowledge_all(f, answered);
  f.settle();
  std::ranges::sort(heard);
  EXPECT_EQ(heard, (std::vector<std::string>{"1 lost", "1 opened", "1 opened", "2 BTC/USDT", "2 lost", "2 opened", "2 opened"}));
  bool labelled = false;
  for (const auto& r : f.recorder.records) labelled = labelled || r.starts_with("binance.user||2|{\"subscriptionId\":1");
  EXPECT_TRUE(labelled);
}

TEST(BinanceVenue, AccountsMoveToAYoungerConnectionWithoutALoss) {
  venue_fixture f;
  std::vector<std::string> heard;
  for (auto label : {"1", "2"})
    f.open(label).subscribe([&heard, label](const account_event& e) {
      if (std::holds_alternative<stream_opened>(e)) heard.push_back(std::string(label) + " opened");
      if (std::holds_alternative<stream_lost>(e)) heard.push_back(std::string(label) + " lost");
      if (auto* o = std::get_if<order_event>(&e)) heard.push_back(std::string(label) + " order " + o->order.venue_order_id);
    });
  std::vector<std::size_t> answered;
  f.settle();
  acknowledge_all(f, answered);
  for (int i = 0; i < 24 * 720 && f.sockets.lines.size() == 1; ++i) {
    f.sockets.lines[0]->push(R"({"id":"another","status":200,"result":{}})");
    f.timers.advance(f.io, 5s);
  }
  ASSERT_EQ(f.sockets.lines.size(), 2u);
  EXPECT_FALSE(f.sockets.lines[0]->closed);
  acknowledge_all(f, answered);
  f.timers.advance(f.io, 2s);
  EXPECT_TRUE(f.sockets.lines[0]->closed) << "nobody is on it any more";
  f.sockets.lines[1]->push(
      R"({"subscriptionId":1,"event":{"e":"executionReport","s":"BTCUSDT","c":"x","S":"BUY","o":"LIMIT","q":"1","p":"1","C":"","x":"NEW",
      "X":"NEW","i":7,"z":"0","Z":"0","T":1}})");
  f.settle();
  std::ranges::sort(heard);
  EXPECT_EQ(heard, (std::vector<std::string>{"1 opened", "2 opened", "2 order 7"}));
  EXPECT_TRUE(f.recorder.gaps.empty()) << f.recorder.gaps.front();
  EXPECT_EQ(f.venue->get_health().reconnects, 0u);
}

TEST(BinanceVenue, AnAccountThatIsGoneHearsNothing) {
  venue_fixture f;
  int events = 0;
  f.open().subscribe([&](const account_event&) { ++events; });
  f.settle();
  std::vector<std::size_t> answered;
  f.accounts.clear();
  acknowledge_all(f, answered);
  f.timers.advance(f.io, 1s);
  EXPECT_EQ(events, 0);
  EXPECT_TRUE(f.sockets.lines.at(0)->closed);
}

}  // namespace
}  // namespace drover::exchanges
