#include "engine/bots/strategy_runner.hpp"

#include <gtest/gtest.h>

#include "base/thread_meters.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::engine {
namespace {

constexpr bot_id bot(7);
constexpr milliseconds budget = 20ms;

class quiet_strategy final : public strategy {
public:
  strategy_actions on_start(const strategy_context&) override { return {}; }
  strategy_actions on_tick(const strategy_context&) override { return {}; }
  strategy_actions on_order(const strategy_context&, const live_order&) override { return {}; }
  strategy_actions on_fill(const strategy_context&, const exchanges::fill&, std::string_view) override { return {}; }
  std::string save_state() const override { return {}; }
};

nanoseconds used_processor{};

class StrategyRunner : public ::testing::Test {
protected:
  StrategyRunner() { used_processor = {}; }
  strategy_runner make(strategy_meters m = {}) {
    meters_ = m;
    return {std::make_unique<quiet_strategy>(), bot, clock_, {.time = budget, .memory_bytes = 64 * 1024}, meters_};
  }
  /// One call that takes so long, and so much of the processor.
  auto spend(strategy_runner& runner, nanoseconds wall, nanoseconds processor = {}) {
    return runner.run(strategy_call::tick, [&](strategy&) {
      clock_.advance(wall);
      used_processor += processor;
      return strategy_actions{};
    });
  }
  test::manual_clock clock_;
  strategy_meters meters_;
};

TEST_F(StrategyRunner, EndsABotAtTheTenthSlowCallOfAMinute) {
  auto runner = make();
  for (int i = 1; i < strategy_runner::strike_limit; ++i) ASSERT_TRUE(spend(runner, budget + 1ms)) << i;
  const auto last = spend(runner, budget + 1ms);
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().how, bot_failure::kind::greedy);
  EXPECT_NE(last.error().reason.find("more than 20 ms, the last call 21 ms"), std::string::npos) << last.error().reason;
}

TEST_F(StrategyRunner, ForgetsSlowCallsAfterAMinute) {
  auto runner = make();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(spend(runner, budget + 1ms));
    clock_.advance(strategy_runner::strike_window / 5);
  }
}

TEST_F(StrategyRunner, AVerySlowCallCountsByItsLength) {
  auto runner = make();
  ASSERT_TRUE(spend(runner, 9 * budget));
  EXPECT_FALSE(spend(runner, budget + 1ms));
}

TEST_F(StrategyRunner, ForgivesPausesOfTheMachine) {
  auto runner = make({.processor_time = [] { return used_processor; }});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(spend(runner, 5 * budget, 1ms)) << i;
}

TEST_F(StrategyRunner, CountsProcessorTimeOnceABotWasSlow) {
  auto runner = make({.processor_time = [] { return used_processor; }});
  int calls = 1;
  while (spend(runner, budget + 1ms, budget + 1ms)) ++calls;
  EXPECT_EQ(calls, strategy_runner::strike_limit + 1) << "the first slow call is not held against it";
}

TEST_F(StrategyRunner, EndsABotThatTakesTooMuchMemory) {
  auto runner = make({.allocated_bytes = allocated_bytes});
  if (allocated_bytes() == 0) GTEST_SUCCEED() << "not counted under a sanitizer";
  auto hoard = [](strategy&) {
    const std::vector<char> bytes(65 * 1024);
    return strategy_actions(bytes.size() > 1 ? 0 : 1);
  };
  std::optional<bot_failure> why;
  for (int i = 0; i < strategy_runner::strike_limit && !why; ++i)
    if (auto outcome = runner.run(strategy_call::tick, hoard); !outcome) why = outcome.error();
  if (allocated_bytes() == 0) return;
  ASSERT_TRUE(why);
  EXPECT_NE(why->reason.find("more than 64 KiB in one call"), std::string::npos) << why->reason;
}

TEST_F(StrategyRunner, MarksEachCallUntilItEndsHoweverItEnds) {
  alignas(8) std::array<std::byte, turn_mark::size_bytes> memory{};
  turn_mark marks(memory);
  auto runner = make({.turns = &marks});
  std::optional<turn_mark::running_turn> seen;
  const auto failed = runner.run(strategy_call::order, [&](strategy&) -> strategy_actions {
    seen = marks.running();
    throw std::runtime_error("no");
  });
  EXPECT_FALSE(failed);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->bot, bot.value);
  EXPECT_EQ(seen->call, strategy_call::order);
  EXPECT_FALSE(marks.running());
}

}  // namespace
}  // namespace drover::engine
