#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.hpp"
#include "tests/unit/exchanges/rate_fixture.hpp"

namespace drover::exchanges {
namespace {

using test::manual_timers;

/// Counts as the rule says, exactly and on its own clock; says no when it is too much.
class model_limit {
 public:
  explicit model_limit(const rate_rule& rule) : rule_(rule) {}

  bool take(nanoseconds venue_time, int weight) {
    std::erase_if(taken_, [&](const auto& t) { return !counts(t.first, venue_time); });
    if (rule_.model == rate_model::decaying_counter) {
      auto fallen = static_cast<double>((venue_time - last_).count()) * rule_.limit / static_cast<double>(rule_.window.count());
      counter_ = std::max(0.0, counter_ - fallen);
      last_ = venue_time;
      if (counter_ + weight > rule_.limit) return false;
      counter_ += weight;
      return true;
    }
    used_ = weight;
    for (const auto& t : taken_) used_ += t.second;
    if (used_ > rule_.limit) return false;
    if (!taken_.empty() && taken_.back().first == venue_time) taken_.back().second += weight;
    else taken_.emplace_back(venue_time, weight);
    return true;
  }
  int used() const { return used_; }

 private:
  bool counts(nanoseconds then, nanoseconds now) const {
    if (rule_.model == rate_model::fixed_window) return then / rule_.window == now / rule_.window;
    return now - then <= rule_.window;
  }
  rate_rule rule_;
  std::deque<std::pair<nanoseconds, int>> taken_;
  double counter_ = 0;
  nanoseconds last_{};
  int used_ = 0;
};

struct day_outcome {
  int asked = 0, arrived = 0, rejected = 0, refused = 0, during_ban = 0;
  std::int64_t weight = 0;
};

/// One day of a venue whose clock is off and wanders, behind a wire that delays.
class day {
 public:
  day(std::vector<rate_rule> rules, std::vector<lane> lanes)
      : rules_(std::move(rules)), lanes_(std::move(lanes)), ledger_(io_.get_executor(), timers_, rules_) {}

  day_outcome run(nanoseconds length, nanoseconds mean_gap, std::vector<nanoseconds> bans) {
    end_ = now() + length;
    mean_gap_ = mean_gap;
    for (auto at : bans) timers_.call_after(at, [this] { start_ban(); });
    tell_clock();
    next_request();
    timers_.advance_to(io_, end_ + 4h);
    return outcome_;
  }

 private:
  static constexpr int accounts = 40;

  steady_time now() const { return timers_.get_clock().now(); }
  nanoseconds random_up_to(nanoseconds most) { return nanoseconds(random_.below(static_cast<std::uint64_t>(most.count()) + 1)); }
  nanoseconds venue_clock() const { return timers_.get_clock().wall_now().since_epoch + skew_; }

  void tell_clock() {
    skew_ += random_up_to(10ms) - 5ms;
    auto guess = skew_ + random_up_to(70ms) - 35ms;
    ledger_.set_clock_offset(std::chrono::round<milliseconds>(guess));
    if (now() < end_) timers_.call_after(60s, [this] { tell_clock(); });
  }

  void next_request() {
    if (now() >= end_) return;
    asio::co_spawn(io_, run_request(), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    timers_.call_after(random_up_to(2 * mean_gap_), [this] { next_request(); });
  }

  task<void> run_request() {
    auto l = lanes_[random_.below(lanes_.size())];
    auto account = std::to_string(random_.below(accounts));
    std::vector<rate_charge> charges{{0, 1 + static_cast<int>(random_.below(9))}};
    for (std::size_t r = 1; r < rules_.size(); ++r) charges.push_back({r, 1});
    ++outcome_.asked;
    auto deadline = now() + 4h;
    auto grant = co_await ledger_.acquire(l, charges, account, "X", deadline);
    if (!grant) {
      ++outcome_.refused;
      co_return;
    }
    auto known_ban = ban_known_ && venue_clock() < banned_until_;
    auto there = random_up_to(490ms);
    co_await sleep_for(timers_, there);
    limit_report report;
    if (venue_clock() < banned_until_) {
      if (known_ban) ++outcome_.during_ban;
      report.address_ban = banned_until_ - venue_clock();
    } else {
      arrive(charges, account, report);
    }
    auto back = random_up_to(240ms);
    co_await sleep_for(timers_, back);
    if (report.address_ban) ban_known_ = true;
    ledger_.apply(report, *grant, account, "X");
  }

  void arrive(const std::vector<rate_charge>& charges, const std::string& account, limit_report& report) {
    ++outcome_.arrived;
    bool good = true;
    for (const auto& c : charges) {
      auto key = rules_[c.rule].scope == rate_scope::address ? std::string() : account;
      auto& limit = limits_.try_emplace({c.rule, key}, rules_[c.rule]).first->second;
      good = limit.take(venue_clock(), c.weight) && good;
      if (rules_[c.rule].model == rate_model::fixed_window)
        report.readings.push_back({c.rule, limit.used(), std::nullopt, std::nullopt});
    }
    if (!good) ++outcome_.rejected;
    else outcome_.weight += charges[0].weight;
  }

  void start_ban() {
    banned_until_ = venue_clock() + 180s;
    ban_known_ = false;
  }

  asio::io_context io_;
  manual_timers timers_;
  seeded_random random_{20};
  std::vector<rate_rule> rules_;
  std::vector<lane> lanes_;
  rate_ledger ledger_;
  std::map<std::pair<std::size_t, std::string>, model_limit> limits_;
  nanoseconds skew_ = 23'456ms;
  nanoseconds banned_until_{};
  bool ban_known_ = false;
  steady_time end_;
  nanoseconds mean_gap_{};
  day_outcome outcome_;
};

const std::vector<lane> mixed{lane::read,  lane::read,  lane::read,       lane::reconcile,
                              lane::entry, lane::entry, lane::protective, lane::kill};

void expect_faultless(const day_outcome& o) {
  EXPECT_EQ(o.rejected, 0);
  EXPECT_EQ(o.during_ban, 0);
  EXPECT_EQ(o.refused, 0);
}

// Requests weigh 5 on average: 19 of 20 of what the first limit allows is asked for, and had.
TEST(RateLedgerDay, WindowsOfTheVenuesClockAreFilledAndNeverOverrun) {
  std::vector<rate_rule> rules{{"weight", rate_scope::address, rate_model::fixed_window, 300, 60s},
                               {"orders", rate_scope::account, rate_model::fixed_window, 6, 10s}};
  auto o = day(rules, mixed).run(24h, nanoseconds(60s) * 5 / 285, {5h, 13h});
  expect_faultless(o);
  EXPECT_GT(o.arrived, 80'000);
  EXPECT_GT(o.weight, std::int64_t{300} * 1440 * 94 / 100);
}

// What a sliding window leaves to upper lanes is never given to lower ones, so only the upper ones can fill it.
TEST(RateLedgerDay, WindowsOfUnknownAlignmentAreFilledAndNeverOverrun) {
  std::vector<rate_rule> rules{{"requests", rate_scope::address, rate_model::sliding_window, 1'200, 60s},
                               {"orders", rate_scope::account_symbol, rate_model::sliding_window, 30, 60s}};
  auto o = day(rules, {lane::kill, lane::kill, lane::kill, lane::protective}).run(6h, nanoseconds(60s) * 5 / 1'140, {2h});
  expect_faultless(o);
  EXPECT_GT(o.weight, std::int64_t{1'200} * 360 * 94 / 100);
}

TEST(RateLedgerDay, CountersThatFallAreFilledAndNeverOverrun) {
  std::vector<rate_rule> rules{{"calls", rate_scope::address, rate_model::decaying_counter, 60, 12s},
                               {"matching", rate_scope::account_symbol, rate_model::decaying_counter, 20, 40s}};
  auto o = day(rules, mixed).run(24h, nanoseconds(12s) * 5 / 57, {9h});
  expect_faultless(o);
  EXPECT_GT(o.weight, std::int64_t{5} * 86'400 * 94 / 100);
}

}  // namespace
}  // namespace drover::exchanges
