#include <gtest/gtest.h>

#include "tests/unit/paper/bybit/bybit_desk.hpp"

namespace drover::exchanges::paper {
namespace {

constexpr const char* resting = R"("side":"Buy","orderType":"Limit","qty":"0.01","price":"50000","orderLinkId":"mine")";
constexpr const char* follow_account = R"({"req_id":"s","op":"subscribe","args":["order","execution","wallet"]})";

std::string subscribing(const std::string& topic, const std::string& op = "subscribe") {
  return R"({"req_id":"1","op":")" + op + R"(","args":[")" + topic + "\"]}";
}

TEST(BybitFeed, ABookBeginsWholeAndItsChangesCountOn) {
  bybit_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("public/spot", frames);
  session->on_message(subscribing("orderbook.50.BTCUSDT"), false);
  ASSERT_EQ(frames.frames.size(), 2u);
  const auto answer = json::parse(*frames.frames[0]);
  EXPECT_EQ(answer["success"], true);
  EXPECT_EQ(answer["req_id"], "1");
  EXPECT_EQ(frames.last()["type"], "snapshot");
  auto last = frames.last()["data"]["u"].get<std::int64_t>();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(code_of(d.place(R"("side":"Buy","orderType":"Limit","qty":"0.01","price":")" + std::to_string(50'000 + i) + "\"")), 0);
    const auto before = frames.frames.size();
    d.venue.publish_depth();
    ASSERT_EQ(frames.frames.size(), before + 1);
    EXPECT_EQ(frames.last()["type"], "delta");
    EXPECT_EQ(frames.last()["data"]["u"], ++last);
    EXPECT_EQ(frames.last()["data"]["b"][0][0], std::to_string(50'000 + i));
  }
  session->on_message(subscribing("orderbook.50.BTCUSDT", "unsubscribe"), false);
  EXPECT_EQ(frames.last()["op"], "unsubscribe");
  const auto silent = frames.frames.size();
  ASSERT_EQ(code_of(d.place(resting)), 0);
  d.venue.publish_depth();
  EXPECT_EQ(frames.frames.size(), silent);
  session->on_close(1'000);
}

TEST(BybitFeed, TopsTradesAndCandlesAreTold) {
  bybit_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("public/spot", frames);
  session->on_message(subscribing("publicTrade.BTCUSDT"), false);
  ASSERT_EQ(code_of(d.place(R"("side":"Buy","orderType":"Market","qty":"0.01","marketUnit":"baseCoin")")), 0);
  EXPECT_EQ(frames.last()["topic"], "publicTrade.BTCUSDT");
  EXPECT_EQ(frames.last()["data"][0]["S"], "Buy");
  session->on_message(subscribing("orderbook.1.BTCUSDT"), false);
  EXPECT_EQ(frames.last()["data"]["a"].size(), 1u);
  session->on_message(subscribing("kline.1.BTCUSDT"), false);
  d.venue.publish_second();
  EXPECT_EQ(frames.last()["topic"], "kline.1.BTCUSDT");
  session->on_close(1'000);
}

TEST(BybitFeed, RefusesTopicsInTheVenuesWords) {
  bybit_on_a_desk d;
  test::kept_frames frames, own;
  auto session = d.connect("public/spot", frames);
  auto account = d.connect("private", own);
  for (const auto* topic : {"publicTrade.XUSDT", "orderbook.7.BTCUSDT", "order", "nonsense"}) {
    session->on_message(subscribing(topic), false);
    EXPECT_EQ(frames.last()["success"], false) << topic;
    EXPECT_EQ(frames.last()["ret_msg"], "error:handler not found,topic:" + std::string(topic));
  }
  session->on_message(R"({"op":"subscribe","args":["a","a","a","a","a","a","a","a","a","a","a"]})", false);
  EXPECT_EQ(frames.last()["ret_msg"], "args size >10");
  account->on_message(follow_account, false);
  EXPECT_EQ(own.last()["ret_msg"], "Request not authorized");
  session->on_close(1'000);
  account->on_close(1'000);
}

TEST(BybitFeed, PingsAreAnsweredInTwoWays) {
  bybit_on_a_desk d;
  test::kept_frames frames, own;
  auto session = d.connect("public/spot", frames);
  auto account = d.connect("private", own);
  for (auto* s : {&session, &account}) (*s)->on_message(R"({"req_id":"9","op":"ping"})", false);
  EXPECT_EQ(frames.last()["ret_msg"], "pong");
  EXPECT_EQ(frames.last()["req_id"], "9");
  EXPECT_EQ(own.last()["op"], "pong");
  session->on_close(1'000);
  account->on_close(1'000);
}

TEST(BybitFeed, RefusesLoginsInTheVenuesWords) {
  const auto answer = [](auto change) {
    bybit_on_a_desk d;
    change(d);
    test::kept_frames frames;
    auto session = d.connect("private", frames);
    session->on_message(d.make_login(), false);
    session->on_close(1'000);
    EXPECT_EQ(frames.last()["op"], "auth");
    return frames.last()["success"] == true ? std::string("in") : frames.last()["ret_msg"].template get<std::string>();
  };
  EXPECT_EQ(answer([](auto&) {}), "in");
  EXPECT_EQ(answer([](auto& d) { d.key = "nobody"; }), "API key is invalid.");
  EXPECT_EQ(answer([](auto& d) { d.secret = "wrong"; }), "error sign! origin_string[...]");
  EXPECT_EQ(answer([](auto& d) { d.shift = -10'001ms; }), "Params Error: expired");
}

TEST(BybitFeed, AnAccountHearsOfItsOrdersFillsAndBalances) {
  bybit_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("private", frames);
  session->on_message(d.make_login(), false);
  session->on_message(follow_account, false);
  EXPECT_EQ(frames.last()["success"], true);
  frames.frames.clear();
  const auto heard = [&](const std::string& topic) {
    std::vector<json> out;
    for (const auto& f : frames.frames)
      if (auto frame = json::parse(*f); frame["topic"] == topic) out.push_back(frame["data"][0]);
    return out;
  };
  ASSERT_EQ(code_of(d.place(resting)), 0);
  ASSERT_FALSE(heard("order").empty());
  EXPECT_EQ(heard("order").back()["orderStatus"], "New");
  EXPECT_TRUE(heard("execution").empty());
  ASSERT_FALSE(heard("wallet").empty());
  const auto coins = heard("wallet").back()["coin"];
  const auto usdt = std::ranges::find_if(coins, [](const json& c) { return c["coin"] == "USDT"; });
  EXPECT_EQ((*usdt)["locked"], "500");
  EXPECT_EQ((*usdt)["walletBalance"], "100000");
  ASSERT_EQ(code_of(d.place(R"("side":"Buy","orderType":"Market","qty":"0.01","marketUnit":"baseCoin")")), 0);
  ASSERT_FALSE(heard("execution").empty());
  EXPECT_EQ(heard("execution").back()["feeCurrency"], "BTC");
  EXPECT_EQ(heard("order").back()["orderStatus"], "Filled");
  ASSERT_EQ(code_of(d.cancel(R"("orderLinkId":"mine")")), 0);
  EXPECT_EQ(heard("order").back()["orderStatus"], "Cancelled");
  session->on_close(1'000);
  ASSERT_EQ(code_of(d.place(R"("side":"Buy","orderType":"Limit","qty":"0.01","price":"50000")")), 0);
}

TEST(BybitFeed, OrdersArePlacedOnTheStream) {
  bybit_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("private", frames);
  const std::string order = R"({"reqId":"7","op":"order.create","args":[{"category":"spot","symbol":"BTCUSDT",)" + std::string(resting) + "}]}";
  session->on_message(order, false);
  EXPECT_EQ(frames.last()["ret_msg"], "Request not authorized");
  session->on_message(d.make_login(), false);
  session->on_message(order, false);
  EXPECT_EQ(frames.last()["retCode"], 0);
  EXPECT_EQ(frames.last()["reqId"], "7");
  session->on_message(R"({"reqId":8,"op":"order.cancel","args":[{"category":"spot","symbol":"BTCUSDT","orderLinkId":"mine"}]})", false);
  EXPECT_EQ(frames.last()["retCode"], 0);
  EXPECT_TRUE(d.list("/order/realtime", "").empty());
  session->on_close(1'000);
}

TEST(BybitFeed, AnyByteOfAMessageMayBeWrong) {
  bybit_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("private", frames);
  const std::vector<std::string> messages{d.make_login(), follow_account, R"({"reqId":1,"op":"order.create","args":[{"category":"spot"}]})",
                                          R"({"op":5,"req_id":{},"args":[1,null,{"a":{}}]})", R"({"op":"auth","args":[[],{},1]})"};
  for (const auto& m : messages) session->on_message(m, false);
  const auto fed = test_support::damage_every_byte(messages, [&](const std::string& m) {
    session->on_message(m, false);
    frames.frames.clear();
  });
  EXPECT_GT(fed, 1'000u);
  session->on_close(1'000);
}

}  // namespace
}  // namespace drover::exchanges::paper
