// A bot in whose code an earlier process died is not started with the next one.
#include <gtest/gtest.h>

#include <array>

#include "engine/bots/turn_mark.hpp"
#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using test::bot_world;

class PoisonedBot : public ::testing::Test {
protected:
  /// A process that died while the bot's on_tick ran, for the signal.
  void die_inside(bot_id bot, int signal) {
    turn_mark earlier(memory_);
    auto turn = std::make_unique<turn_mark::turn>(&earlier, bot, strategy_call::tick);
    if (signal != 0) earlier.note_signal(signal);
    // Its end is never reached.
    left_.push_back(memory_);
    turn.reset();
    memory_ = left_.back();
  }
  /// Of the next process.
  void boot() {
    marks_.emplace(memory_);
    w.make_manager({&*marks_, nullptr, nullptr});
    w.start();
  }

  alignas(8) std::array<std::byte, turn_mark::size_bytes> memory_{};
  std::vector<std::array<std::byte, turn_mark::size_bytes>> left_;
  std::optional<turn_mark> marks_;
  bot_world w;
};

TEST_F(PoisonedBot, StartsQuarantinedWithTheReasonWhileOthersTrade) {
  const auto good = w.connect_and_approve(1, "key-1000001"), bad = w.connect_and_approve(2, "key-1000002");
  const auto good_bot = w.add_bot(good, "BTC/USDT"), bad_bot = w.add_bot(bad, "BTC/USDT");
  die_inside(bad_bot, 11);
  boot();
  w.price(60'000);
  EXPECT_EQ(w.state(good_bot), bot_state::running);
  EXPECT_EQ(w.state(bad_bot), bot_state::quarantined);
  EXPECT_NE(w.reason(bad_bot).find("died inside this bot's on_tick"), std::string::npos) << w.reason(bad_bot);
  EXPECT_GT(w.open_orders(good), 0u);
  EXPECT_EQ(w.open_orders(bad), 0u);
  w.pass(48h);
  EXPECT_EQ(w.state(bad_bot), bot_state::quarantined) << "it must not be tried by itself";
}

TEST_F(PoisonedBot, StaysQuarantinedOverFurtherRestarts) {
  const auto bad_bot = w.add_bot(w.connect_and_approve(2, "key-1000002"), "BTC/USDT");
  die_inside(bad_bot, 11);
  { turn_mark second(memory_); }
  boot();
  EXPECT_EQ(w.state(bad_bot), bot_state::quarantined);
}

TEST_F(PoisonedBot, IsTriedAgainWhenItsUserStartsIt) {
  const auto bad_bot = w.add_bot(w.connect_and_approve(2, "key-1000002"), "BTC/USDT");
  die_inside(bad_bot, 11);
  boot();
  w.want(bad_bot, desired_state::stopped);
  w.want(bad_bot, desired_state::running);
  EXPECT_EQ(w.state(bad_bot), bot_state::running) << w.reason(bad_bot);
  EXPECT_FALSE(marks_->find(bad_bot));
}

TEST_F(PoisonedBot, ClosesItsOrdersWithoutRunningItsCode) {
  const auto bad = w.connect_and_approve(2, "key-1000002");
  const auto bad_bot = w.add_bot(bad, "BTC/USDT", "grid", "", resume_contract::cancel_and_wait);
  w.start();
  w.price(60'000);
  ASSERT_GT(w.open_orders(bad), 0u);
  w.drain();
  die_inside(bad_bot, 11);
  boot();
  ASSERT_EQ(w.state(bad_bot), bot_state::quarantined);
  ASSERT_GT(w.open_orders(bad), 0u);
  w.want(bad_bot, desired_state::stopped);
  w.pass(10s);
  EXPECT_EQ(w.open_orders(bad), 0u);
  EXPECT_TRUE(marks_->find(bad_bot)) << "stopping it is no reason to trust it";
}

TEST_F(PoisonedBot, IsOnlySuspectedWhenTheProcessWasKilledFromOutside) {
  const auto bot = w.add_bot(w.connect_and_approve(2, "key-1000002"), "BTC/USDT");
  die_inside(bot, 0);
  boot();
  EXPECT_EQ(w.state(bot), bot_state::running);
}

}  // namespace
}  // namespace drover::engine
