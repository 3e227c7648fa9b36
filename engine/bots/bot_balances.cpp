// The account's balances against what its trades explain.
#include <algorithm>

#include "base/log.hpp"
#include "engine/bots/bot_instance.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

}  // namespace

bool bot_instance::compare_balances() {
  if (!trading_ || halted_ || failed_) return false;
  if (!std::exchange(comparing_, true)) scope_.spawn("compare balances", run_comparison());
  return true;
}

task<void> bot_instance::run_comparison() {
  auto& watch = id_.link->balances();
  const bool begins = !watch.begun();
  std::vector<balance_watch::drift> before;
  for (int look = 0; look < balance_looks; ++look) {
    if (look > 0) co_await sleep_for(parts_.timers, balance_look_pause);
    auto balances = co_await seat_->exchange().fetch_balances(exchanges::lane::read);
    if (!balances) break;
    apply_balances(*balances);
    auto moved = watch.compare(*balances);
    if (moved.empty() && (!begins || look > 0)) break;
    // What the beginning did not see yet was on its way.
    if (begins) watch.accept(moved);
    std::vector<balance_watch::drift> stays;
    for (const auto& d : moved)
      if (!begins && std::ranges::find(before, d) != before.end()) stays.push_back(d);
    watch.accept(stays);
    if (!stays.empty()) {
      tell_drift(stays);
      break;
    }
    before = std::move(moved);
  }
  comparing_ = false;
}

void bot_instance::tell_drift(const std::vector<balance_watch::drift>& moved) {
  std::string amounts;
  for (const auto& d : moved)
    amounts += (amounts.empty() ? "" : ", ") + d.asset + (d.amount.is_positive() ? " +" : " ") + d.amount.to_string();
  log().warn("balances moved without a trade of the engine: a deposit, a withdrawal, a trade by hand, or a fault",
             {{"user", id_.user}, {"account", id_.account}, {"amounts", amounts}});
  id_.link->set_drift({parts_.wall.wall_now(), std::move(amounts)});
}

}  // namespace drover::engine
