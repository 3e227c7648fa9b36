#include <gtest/gtest.h>

#include "tests/unit/paper/okx/okx_desk.hpp"

namespace drover::exchanges::paper {
namespace {

constexpr const char* resting = R"("side":"buy","ordType":"limit","sz":"0.01","px":"50000","clOrdId":"mine")";
constexpr const char* follow_orders = R"({"op":"subscribe","args":[{"channel":"orders","instType":"SPOT"}]})";

std::string subscribing(const std::string& channel, const std::string& op = "subscribe", const std::string& id = "BTC-USDT") {
  return R"({"op":")" + op + R"(","args":[{"channel":")" + channel + R"(","instId":")" + id + R"("}]})";
}

TEST(OkxFeed, ABookBeginsWholeAndChangesNameTheOneBefore) {
  okx_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("public", frames);
  session->on_message(subscribing("books"), false);
  ASSERT_EQ(frames.frames.size(), 2u);
  EXPECT_EQ(json::parse(*frames.frames[0])["event"], "subscribe");
  const auto whole = frames.last();
  EXPECT_EQ(whole["action"], "snapshot");
  EXPECT_EQ(whole["data"][0]["prevSeqId"], -1);
  auto last = whole["data"][0]["seqId"].get<std::int64_t>();
  for (int i = 0; i < 5; ++i) {
    const auto before = frames.frames.size();
    ASSERT_EQ(code_of(d.place(R"("side":"buy","ordType":"limit","sz":"0.01","px":")" + std::to_string(50'000 + i) + "\"")), "0");
    d.venue.publish_depth();
    ASSERT_EQ(frames.frames.size(), before + 1);
    const auto change = frames.last();
    EXPECT_EQ(change["action"], "update");
    EXPECT_EQ(change["data"][0]["prevSeqId"], last);
    last = change["data"][0]["seqId"];
    EXPECT_EQ(change["data"][0]["bids"][0][0], std::to_string(50'000 + i));
  }
  session->on_message(subscribing("books", "unsubscribe"), false);
  EXPECT_EQ(frames.last()["event"], "unsubscribe");
  const auto silent = frames.frames.size();
  ASSERT_EQ(code_of(d.place(resting)), "0");
  d.venue.publish_depth();
  EXPECT_EQ(frames.frames.size(), silent);
  session->on_close(1'000);
}

TEST(OkxFeed, TopsTradesAndCandlesAreTold) {
  okx_on_a_desk d;
  test::kept_frames frames, candles;
  auto session = d.connect("public", frames);
  session->on_message(subscribing("trades"), false);
  ASSERT_EQ(code_of(d.place(R"("side":"buy","ordType":"market","sz":"0.01","tgtCcy":"base_ccy")")), "0");
  EXPECT_EQ(frames.last()["arg"]["channel"], "trades");
  EXPECT_EQ(frames.last()["data"][0]["side"], "buy");
  session->on_message(subscribing("bbo-tbt"), false);
  EXPECT_EQ(frames.last()["data"][0]["asks"].size(), 1u);
  auto business = d.connect("business", candles);
  business->on_message(subscribing("candle1m"), false);
  d.venue.publish_second();
  EXPECT_EQ(candles.last()["data"][0].size(), 9u);
  session->on_close(1'000);
  business->on_close(1'000);
}

TEST(OkxFeed, RefusesWhatDoesNotExistInTheVenuesWords) {
  okx_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("public", frames);
  session->on_message(subscribing("trades", "subscribe", "X-USDT"), false);
  EXPECT_EQ(frames.last()["code"], "60018");
  // Candles have an address of their own.
  session->on_message(subscribing("candle1m"), false);
  EXPECT_EQ(frames.last()["code"], "60018");
  session->on_message(follow_orders, false);
  EXPECT_EQ(frames.last()["code"], "60011");
  session->on_message("{", false);
  EXPECT_EQ(frames.last()["code"], "60012");
  session->on_message("ping", false);
  EXPECT_EQ(*frames.frames.back(), "pong");
  session->on_close(1'000);
}

TEST(OkxFeed, RefusesLoginsInTheVenuesWords) {
  okx_on_a_desk d;
  const auto refused = [](auto change) {
    okx_on_a_desk other;
    change(other);
    test::kept_frames frames;
    auto session = other.connect("private", frames);
    session->on_message(other.make_login(), false);
    session->on_close(1'000);
    return frames.last()["event"] == "login" ? std::string("login") : frames.last()["code"].get<std::string>();
  };
  EXPECT_EQ(refused([](auto&) {}), "login");
  EXPECT_EQ(refused([](auto& o) { o.key = "nobody"; }), "60005");
  EXPECT_EQ(refused([](auto& o) { o.passphrase = "wrong"; }), "60024");
  EXPECT_EQ(refused([](auto& o) { o.secret = "wrong"; }), "60007");
  EXPECT_EQ(refused([](auto& o) { o.shift = -31s; }), "60006");
  test::kept_frames frames;
  auto session = d.connect("private", frames);
  for (const auto* stamp : {"9223372036854775807", "-1", "1e3", "x", ""}) {
    session->on_message(json{{"op", "login"}, {"args", {{{"apiKey", d.key}, {"timestamp", stamp}}}}}.dump(), false);
    EXPECT_EQ(frames.last()["code"], "60004") << stamp;
  }
  session->on_close(1'000);
}

TEST(OkxFeed, AnAccountHearsOfItsOrdersFillsAndBalances) {
  okx_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("private", frames);
  session->on_message(d.make_login(), false);
  session->on_message(R"({"op":"subscribe","args":[{"channel":"orders","instType":"SPOT"},{"channel":"account"}]})", false);
  EXPECT_EQ(frames.last()["arg"]["channel"], "account");
  EXPECT_FALSE(frames.last()["data"][0]["details"].empty());
  frames.frames.clear();
  const auto heard = [&](const std::string& channel) {
    std::vector<json> out;
    for (const auto& f : frames.frames)
      if (auto frame = json::parse(*f); frame["arg"]["channel"] == channel) out.push_back(frame["data"][0]);
    return out;
  };
  ASSERT_EQ(code_of(d.place(resting)), "0");
  ASSERT_FALSE(heard("orders").empty());
  EXPECT_EQ(heard("orders").back()["state"], "live");
  EXPECT_EQ(heard("orders").back()["tradeId"], "");
  ASSERT_FALSE(heard("account").empty());
  const auto details = heard("account").back()["details"];
  const auto usdt = std::ranges::find_if(details, [](const json& b) { return b["ccy"] == "USDT"; });
  EXPECT_EQ((*usdt)["frozenBal"], "500");
  EXPECT_EQ((*usdt)["availBal"], "99500");
  ASSERT_EQ(code_of(d.place(R"("side":"buy","ordType":"market","sz":"0.01","tgtCcy":"base_ccy","clOrdId":"taker")")), "0");
  const auto filled = heard("orders").back();
  EXPECT_EQ(filled["state"], "filled");
  EXPECT_EQ(filled["fillFeeCcy"], "BTC");
  EXPECT_TRUE(decimal::literal(filled["fillFee"].get<std::string>()).is_negative());
  EXPECT_NE(filled["tradeId"], "");
  ASSERT_EQ(code_of(d.cancel(R"("clOrdId":"mine")")), "0");
  EXPECT_EQ(heard("orders").back()["state"], "canceled");
  session->on_close(1'000);
  ASSERT_EQ(code_of(d.place(R"("side":"buy","ordType":"limit","sz":"0.01","px":"50000")")), "0");
}

TEST(OkxFeed, OrdersArePlacedOnTheStream) {
  okx_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("private", frames);
  const std::string order = R"({"id":"7","op":"order","args":[{"instId":"BTC-USDT","tdMode":"cash",)" + std::string(resting) + "}]}";
  session->on_message(order, false);
  EXPECT_EQ(frames.last()["code"], "60011");
  session->on_message(d.make_login(), false);
  session->on_message(order, false);
  EXPECT_EQ(frames.last()["id"], "7");
  EXPECT_EQ(frames.last()["data"][0]["sCode"], "0");
  session->on_message(R"({"id":"8","op":"cancel-order","args":[{"instId":"BTC-USDT","clOrdId":"mine"}]})", false);
  EXPECT_EQ(frames.last()["code"], "0");
  EXPECT_EQ(d.find("clOrdId=mine")["state"], "canceled");
  session->on_message(R"({"id":"9","op":"order","args":[]})", false);
  EXPECT_EQ(frames.last()["code"], "60012");
  session->on_close(1'000);
}

TEST(OkxFeed, ConnectionsAreLimited) {
  okx_on_a_desk d;
  test::kept_frames frames;
  std::vector<std::shared_ptr<net::websocket_handler>> sessions;
  for (int i = 0; i < 3; ++i) sessions.push_back(d.connect("public", frames));
  EXPECT_TRUE(sessions.back());
  EXPECT_FALSE(d.connect("public", frames));
  for (auto& s : sessions) s->on_close(1'000);
}

TEST(OkxFeed, AnyByteOfAMessageMayBeWrong) {
  okx_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("private", frames);
  const std::vector<std::string> messages{d.make_login(), follow_orders, subscribing("books"), R"({"id":1,"op":"order","args":[{"instId":"BTC-USDT"}]})",
                                          R"({"op":5,"args":[1,null,{"channel":{}}]})", R"({"op":"login","args":[[]]})"};
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
