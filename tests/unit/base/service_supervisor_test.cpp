#include "base/service_supervisor.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <stdexcept>

#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"

namespace drover {
namespace {

constexpr restart_limits limits{.intensity = 5, .period = 60s, .floor = 1s, .ceiling = 300s};

class ServiceSupervisor : public ::testing::Test {
 protected:
  ~ServiceSupervisor() override { test::run(io_, services_.stop()); }
  void settle() {
    io_.restart();
    io_.poll();
  }
  void pass(nanoseconds d) {
    const auto end = clock_.now() + d;
    settle();
    while (timers_.advance_to_next(end - clock_.now())) settle();
    settle();
  }
  /// Fails so many times, then works until it is stopped.
  service_supervisor::runner fails(const std::string& name, int times) {
    return [this, name, times] { return run_failing(name, times); };
  }
  task<void> run_failing(std::string name, int times) {
    ++runs_[name];
    if (runs_[name] <= times) throw std::runtime_error("broken");
    working_.push_back(name);
    try {
      co_await sleep_for(timers_, 1000h);
    } catch (...) {
      ended_.push_back(name);
      throw;
    }
  }

  task<void> wait_for_end() {
    co_await end_wanted_.wait();
    ended_in_order_ = true;
  }
  task<void> ask_for_end() {
    end_wanted_.notify();
    while (!ended_in_order_) co_await asio::post(io_.get_executor(), asio::use_awaitable);
  }

  asio::io_context io_{1};
  test::manual_clock clock_;
  test::manual_timers timers_{clock_};
  seeded_random random_{7};
  std::map<std::string, int> runs_;
  std::vector<std::string> working_, ended_, given_up_;
  wake_event end_wanted_{io_.get_executor()};
  bool ended_in_order_ = false;
  service_supervisor services_{io_.get_executor(), timers_, random_, [this](std::string_view name, std::string_view why) {
                                 given_up_.push_back(std::string(name) + ": " + std::string(why));
                               }};
};

TEST_F(ServiceSupervisor, StartsAgainWhatFailed) {
  services_.start("writer", limits, fails("writer", 2));
  services_.start("reader", limits, fails("reader", 0));
  settle();
  EXPECT_EQ(working_, std::vector<std::string>{"reader"}) << "its neighbour works on";
  pass(10s);
  EXPECT_EQ(runs_["writer"], 3);
  EXPECT_EQ(runs_["reader"], 1);
  EXPECT_TRUE(given_up_.empty());
}

TEST_F(ServiceSupervisor, GivesUpWhatFailsTooOften) {
  services_.start("writer", limits, fails("writer", 1000));
  pass(10min);
  EXPECT_EQ(runs_["writer"], 1 + limits.intensity);
  EXPECT_EQ(given_up_, std::vector<std::string>{"writer: broken"});
}

TEST_F(ServiceSupervisor, GivesUpAtOnceWhatMayNotBeRestarted) {
  services_.start("recorder", {.intensity = 0}, fails("recorder", 1));
  settle();
  EXPECT_EQ(given_up_.size(), 1u);
}

TEST_F(ServiceSupervisor, StopsInReverseOrderEachBeforeTheNext) {
  for (const auto* name : {"first", "second", "third"}) services_.start(name, limits, fails(name, 0));
  settle();
  test::run(io_, services_.stop());
  EXPECT_EQ(ended_, (std::vector<std::string>{"third", "second", "first"}));
}

TEST_F(ServiceSupervisor, LetsAServiceComeToItsEndBeforeItIsCancelled) {
  services_.start("spool", limits, [this] { return wait_for_end(); }, [this] { return ask_for_end(); });
  settle();
  test::run(io_, services_.stop());
  EXPECT_TRUE(ended_in_order_);
}

}  // namespace
}  // namespace drover
