#include "base/failpoint.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#ifdef DROVER_FAILPOINTS

namespace drover {
namespace {

// Points are read from the environment at the first call, so each case is a process of its own.
void arm(const char* text) { setenv("ENGINE_FAILPOINT", text, 1); }

TEST(FailpointDeathTest, KillsAtTheNthPassage) {
  EXPECT_EXIT(
      {
        arm("orders.after_send:kill:2");
        failpoint("orders.before_send");
        failpoint("orders.after_send");
        std::fputs("passed once\n", stderr);
        failpoint("orders.after_send");
        std::exit(0);
      },
      testing::KilledBySignal(SIGKILL), "passed once");
}

TEST(FailpointDeathTest, ThrowsOnceAndOnlyThere) {
  EXPECT_EXIT(
      {
        arm("a:throw,b:throw:2");
        failpoint("b");
        bool thrown = false;
        try {
          failpoint("a");
        } catch (const std::runtime_error&) {
          thrown = true;
        }
        failpoint("a");
        std::exit(thrown ? 3 : 4);
      },
      testing::ExitedWithCode(3), "");
}

TEST(FailpointDeathTest, RefusesATextItDoesNotUnderstand) {
  EXPECT_EXIT({ arm("orders.after_send:explode"); failpoint("x"); }, testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT({ arm("orders.after_send:kill:0"); failpoint("x"); }, testing::KilledBySignal(SIGABRT), "");
}

TEST(FailpointDeathTest, DoesNothingUnlessArmed) {
  EXPECT_EXIT(
      {
        unsetenv("ENGINE_FAILPOINT");
        failpoint("orders.after_send");
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace drover

#endif
