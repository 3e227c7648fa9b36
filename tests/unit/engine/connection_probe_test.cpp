#include <gtest/gtest.h>

#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using exchanges::exchange_errc;
using exchanges::permissions;
using exchanges::tristate;
using test::bot_world;

bots_config probing_config() {
  auto config = bot_world::fast_config();
  config.probe_interval = 60s;
  return config;
}

TEST(ConnectionProbe, EveryKeyIsAskedOnceInTheInterval) {
  bot_world w(probing_config());
  const auto one = w.connect_and_approve(1, "key-one-1111"), two = w.connect_and_approve(2, "key-two-2222");
  w.start();
  EXPECT_FALSE(w.manager->report_connection(one)->last_probe);
  w.pass(61s);
  for (const auto id : {one, two}) {
    auto report = w.manager->report_connection(id);
    ASSERT_TRUE(report && report->last_probe);
    EXPECT_TRUE(report->last_probe->passed);
    EXPECT_EQ(report->last_probe->rights.trade, tristate::yes);
    EXPECT_EQ(report->exchange, "paper");
    EXPECT_EQ(w.state(id), bot_state::running);
  }
}

TEST(ConnectionProbe, RoundsAreSwitchedOnAndOffWhileBotsRun) {
  auto config = probing_config();
  config.probe_interval = 0s;
  bot_world w(config);
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.pass(5min);
  EXPECT_FALSE(w.manager->report_connection(id)->last_probe);
  w.manager->adopt(probing_config());
  w.pass(2min);
  const auto first = w.manager->report_connection(id)->last_probe;
  ASSERT_TRUE(first);
  w.manager->adopt(config);
  w.pass(2min);
  const auto last = w.manager->report_connection(id)->last_probe;
  w.pass(10min);
  EXPECT_EQ(w.manager->report_connection(id)->last_probe->at, last->at);
}

TEST(ConnectionProbe, KeyThatMayWithdrawSuddenlyStopsItsBot) {
  bot_world w(probing_config());
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  w.venue().rights.withdraw = tristate::yes;
  EXPECT_TRUE(w.manager->probe(id));
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::quarantined);
  EXPECT_NE(w.reason(id).find("may withdraw"), std::string::npos) << w.reason(id);
}

TEST(ConnectionProbe, KeyThatMayNotTradeAnyMoreStopsItsBot) {
  bot_world w(probing_config());
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.venue().rights.trade = tristate::no;
  w.manager->probe(id);
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::quarantined);
}

TEST(ConnectionProbe, UnknownRightsAndAnAbsentExchangeStopNobody) {
  EXPECT_FALSE(judge_probe(permissions{}, false));
  for (auto away :
       {exchange_errc::maintenance, exchange_errc::rate_limited, exchange_errc::not_sent,
        exchange_errc::unknown_outcome, exchange_errc::protocol, exchange_errc::clock_skew, exchange_errc::unsupported})
    EXPECT_FALSE(judge_probe(std::unexpected(error(away)), false)) << static_cast<int>(away);
  for (auto lost : {exchange_errc::bad_credentials, exchange_errc::permission_missing, exchange_errc::ip_not_allowed})
    EXPECT_TRUE(judge_probe(std::unexpected(error(lost)), false)) << static_cast<int>(lost);
}

TEST(ConnectionProbe, NobodyIsAskedForAnAccountWithoutABot) {
  bot_world w(probing_config());
  w.start();
  EXPECT_FALSE(w.manager->probe(account_id(99)));
  EXPECT_FALSE(w.manager->report_connection(account_id(99)));
}

}  // namespace
}  // namespace drover::engine
