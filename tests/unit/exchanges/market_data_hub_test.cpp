#include "exchanges/market_data_hub.hpp"

#include <gtest/gtest.h>

#include "tests/support/coroutines.hpp"
#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges {
namespace {

class hub_fixture {
 public:
  ~hub_fixture() {
    scope.stop();
    drover::test::run(io, scope.join());
  }
  void tick(std::int64_t id, const std::string& symbol = "BTC/USDT") {
    auto t = std::make_shared<book_ticker>();
    t->symbol = symbol;
    t->update_id = id;
    hub.publish(std::shared_ptr<const book_ticker>(std::move(t)));
  }
  void settle() { test::manual_timers::settle(io); }

  asio::io_context io;
  task_scope scope{io.get_executor(), "test"};
  std::vector<std::string> interest;
  market_data_hub hub{scope, [this](const market_topic& t, bool on) { interest.push_back((on ? "+" : "-") + t.symbol); }};
};

const market_topic btc{market_channel::ticker, "BTC/USDT", candle_interval::m1};

using ids = std::vector<std::int64_t>;

TEST(MarketDataHub, SharesOneUpstreamSubscription) {
  hub_fixture f;
  ids a, b;
  auto first = f.hub.subscribe("BTC/USDT", [&](const auto& t) { a.push_back(t->update_id); });
  auto second = f.hub.subscribe("BTC/USDT", [&](const auto& t) { b.push_back(t->update_id); });
  f.tick(1);
  f.tick(2, "ETH/USDT");
  EXPECT_EQ(a, ids{1});
  EXPECT_EQ(b, ids{1});
  first.reset();
  EXPECT_EQ(f.interest, std::vector<std::string>{"+BTC/USDT"});
  second.reset();
  EXPECT_EQ(f.interest, (std::vector<std::string>{"+BTC/USDT", "-BTC/USDT"}));
}

TEST(MarketDataHub, ReplaysTheLastTickerOnceAndLater) {
  hub_fixture f;
  ids a, b;
  auto first = f.hub.subscribe("BTC/USDT", [&](const auto& t) { a.push_back(t->update_id); });
  f.tick(7);
  auto second = f.hub.subscribe("BTC/USDT", [&](const auto& t) { b.push_back(t->update_id); });
  EXPECT_EQ(b, ids{});
  f.settle();
  EXPECT_EQ(b, ids{7});
  EXPECT_EQ(a, ids{7});
}

TEST(MarketDataHub, DoesNotReplayWhatANewerTickerHasReplaced) {
  hub_fixture f;
  ids b;
  auto first = f.hub.subscribe("BTC/USDT", [](const auto&) {});
  f.tick(7);
  auto second = f.hub.subscribe("BTC/USDT", [&](const auto& t) { b.push_back(t->update_id); });
  f.tick(8);
  f.settle();
  EXPECT_EQ(b, ids{8});
}

TEST(MarketDataHub, ForgetsWhatIsStale) {
  hub_fixture f;
  ids b;
  auto first = f.hub.subscribe("BTC/USDT", [](const auto&) {});
  f.tick(7);
  f.hub.forget(btc);
  auto second = f.hub.subscribe("BTC/USDT", [&](const auto& t) { b.push_back(t->update_id); });
  f.settle();
  EXPECT_EQ(b, ids{});
}

TEST(MarketDataHub, TellsSubscribersOnceThatTheirsIsStale) {
  hub_fixture f;
  std::vector<std::string> heard;
  auto first = f.hub.subscribe("BTC/USDT", [&](const auto& t) { heard.push_back(t ? "tick" : "stale"); });
  f.hub.forget(btc);
  f.tick(7);
  f.hub.forget(btc);
  f.hub.forget(btc);
  f.tick(8);
  EXPECT_EQ(heard, (std::vector<std::string>{"tick", "stale", "tick"}));
}

TEST(MarketDataHub, KeepsChannelsAndIntervalsApart) {
  hub_fixture f;
  int minutes = 0, hours = 0, trades = 0;
  auto a = f.hub.subscribe_candles("BTC/USDT", candle_interval::m1, [&](const auto&) { ++minutes; });
  auto b = f.hub.subscribe_candles("BTC/USDT", candle_interval::h1, [&](const auto&) { ++hours; });
  auto c = f.hub.subscribe_trades("BTC/USDT", [&](const auto&) { ++trades; });
  candle_update hour;
  hour.candle.symbol = "BTC/USDT";
  hour.candle.interval = candle_interval::h1;
  f.hub.publish(std::make_shared<const candle_update>(hour));
  f.hub.publish(std::make_shared<const public_trade>(public_trade{.symbol = "BTC/USDT"}));
  EXPECT_EQ(minutes, 0);
  EXPECT_EQ(hours, 1);
  EXPECT_EQ(trades, 1);
  auto late = f.hub.subscribe_trades("BTC/USDT", [&](const auto&) { ++trades; });
  f.settle();
  EXPECT_EQ(trades, 1) << "an event is not repeated";
}

TEST(MarketDataHub, SurvivesLeavingInsideACallback) {
  hub_fixture f;
  std::unique_ptr<market_subscription> self, other;
  ids seen;
  std::string text(100, 'x');
  self = f.hub.subscribe("BTC/USDT", [&, text](const auto& t) {
    self.reset();
    other.reset();
    seen.push_back(t->update_id + static_cast<std::int64_t>(text.size()));
  });
  other = f.hub.subscribe("BTC/USDT", [&](const auto& t) { seen.push_back(t->update_id); });
  f.tick(1);
  f.tick(2);
  EXPECT_EQ(seen, ids{101});
  EXPECT_EQ(f.hub.subscribers(btc), 0u);
}

TEST(MarketDataHub, SurvivesJoiningInsideACallback) {
  hub_fixture f;
  std::vector<std::unique_ptr<market_subscription>> more;
  int calls = 0;
  auto first = f.hub.subscribe("BTC/USDT", [&](const auto&) {
    if (!more.empty()) return;
    for (int i = 0; i < 100; ++i) more.push_back(f.hub.subscribe("BTC/USDT", [&](const auto&) { ++calls; }));
  });
  f.tick(1);
  EXPECT_EQ(calls, 0);
  f.settle();
  EXPECT_EQ(calls, 100);
  f.tick(2);
  EXPECT_EQ(calls, 200);
}

TEST(MarketDataHub, HandleMayOutliveTheHub) {
  asio::io_context io;
  task_scope scope{io.get_executor(), "test"};
  auto hub = std::make_unique<market_data_hub>(scope, [](const market_topic&, bool) {});
  auto kept = hub->subscribe("BTC/USDT", [](const auto&) {});
  hub.reset();
  kept.reset();
  scope.stop();
  drover::test::run(io, scope.join());
}

}  // namespace
}  // namespace drover::exchanges
