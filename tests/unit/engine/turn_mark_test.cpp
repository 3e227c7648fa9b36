#include "engine/bots/turn_mark.hpp"

#include <gtest/gtest.h>

#include <array>

namespace drover::engine {
namespace {

constexpr bot_id culprit(12), neighbour(13);

/// What stays of a process in its page.
class TurnMark : public ::testing::Test {
protected:
  /// The next process over the same page.
  turn_mark& boot() {
    marks_.emplace(memory_);
    return *marks_;
  }
  /// As if the process ended right now, whatever is on its stack.
  void crash() { copy_ = memory_; }
  turn_mark& boot_after_crash() {
    memory_ = copy_;
    return boot();
  }
  void die_in(bot_id bot, strategy_call call, int signal = 0, milliseconds stalled = 0ms) {
    auto& marks = boot();
    const turn_mark::turn now(&marks, bot, call);
    if (signal != 0) marks.note_signal(signal);
    marks.note_stall(stalled);
    crash();
  }

  alignas(8) std::array<std::byte, turn_mark::size_bytes> memory_{};
  std::array<std::byte, turn_mark::size_bytes> copy_{};
  std::optional<turn_mark> marks_;
};

TEST_F(TurnMark, BlamesTheBotWhoseTurnRaisedASignal) {
  die_in(culprit, strategy_call::tick, 11);
  auto& next = boot_after_crash();
  ASSERT_TRUE(next.culprit());
  EXPECT_EQ(next.culprit()->bot, culprit);
  EXPECT_EQ(next.find(culprit)->call, strategy_call::tick);
  EXPECT_EQ(next.find(culprit)->signal, 11);
  EXPECT_NE(next.find(culprit)->reason().find("on_tick (it was ended by signal 11)"), std::string::npos)
      << next.find(culprit)->reason();
  EXPECT_FALSE(next.find(neighbour));
}

TEST_F(TurnMark, BlamesTheBotThatHungTheThread) {
  die_in(culprit, strategy_call::fill, 0, turn_mark::hang_limit);
  EXPECT_NE(boot_after_crash().find(culprit)->reason().find("on_fill (it was ended from outside)"), std::string::npos);
}

TEST_F(TurnMark, AShortTurnThatIsCutFromOutsideIsHeldAgainstABotOnlyTheSecondTime) {
  die_in(culprit, strategy_call::tick);
  EXPECT_FALSE(boot_after_crash().find(culprit));
  crash();
  die_in(culprit, strategy_call::tick);
  EXPECT_EQ(boot_after_crash().find(culprit)->deaths, 2);
}

TEST_F(TurnMark, AnEndInOrderClearsSuspectsButNotTheGuilty) {
  die_in(culprit, strategy_call::tick);
  boot_after_crash();
  crash();
  memory_ = copy_;
  die_in(neighbour, strategy_call::tick, 6);
  boot_after_crash().end_in_order();
  crash();
  die_in(culprit, strategy_call::tick);
  auto& next = boot_after_crash();
  EXPECT_FALSE(next.find(culprit)) << "it was suspected before the orderly end, and not any more";
  EXPECT_TRUE(next.find(neighbour));
}

TEST_F(TurnMark, RemembersTheGuiltyOverRestartsUntilTheyAreForgiven) {
  die_in(culprit, strategy_call::start, 8);
  boot_after_crash();
  auto& third = boot();
  EXPECT_FALSE(third.culprit());
  EXPECT_TRUE(third.find(culprit));
  third.forgive(culprit);
  EXPECT_FALSE(boot().find(culprit));
}

TEST_F(TurnMark, NobodyIsBlamedBetweenTurns) {
  auto& marks = boot();
  { const turn_mark::turn now(&marks, culprit, strategy_call::tick); }
  marks.note_signal(11);
  crash();
  EXPECT_FALSE(boot_after_crash().culprit());
}

TEST_F(TurnMark, TellsWhoseTurnItIs) {
  auto& marks = boot();
  EXPECT_FALSE(marks.running());
  const turn_mark::turn now(&marks, culprit, strategy_call::signal);
  EXPECT_EQ(marks.running()->bot, culprit.value);
  EXPECT_EQ(to_string(marks.running()->call), "on_signal");
}

TEST_F(TurnMark, TheOldestGiveWayWhenThereAreTooMany) {
  for (int i = 1; i <= 200; ++i) {
    die_in(bot_id(i), strategy_call::tick, 11);
    memory_ = copy_;
  }
  auto& marks = boot();
  EXPECT_FALSE(marks.find(bot_id(1)));
  EXPECT_TRUE(marks.find(bot_id(200)));
}

TEST_F(TurnMark, WhatIsNoMarkIsNotRead) {
  memory_.fill(std::byte{0x5a});
  auto& marks = boot();
  EXPECT_FALSE(marks.culprit());
  EXPECT_FALSE(marks.running());
  EXPECT_FALSE(marks.find(bot_id(0x5a5a5a5a5a5a5a5a)));
}

}  // namespace
}  // namespace drover::engine
