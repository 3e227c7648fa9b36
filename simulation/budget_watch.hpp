#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "exchanges/protocol/rate_rule.hpp"

namespace drover::simulation {

/// Counts what leaves an engine beside its rate ledger: no window of a rule's length may hold more than the rule
/// allows.
class budget_watch {
public:
  /// False when this one is too much. `of`: the account for rules per account, else empty.
  bool note(steady_time now, const exchanges::rate_rule& rule, const std::string& of) {
    auto& times = sent_[{rule.name, of}];
    while (!times.empty() && times.front() + rule.window <= now) times.pop_front();
    times.push_back(now);
    return times.size() <= static_cast<std::size_t>(rule.limit);
  }

private:
  std::map<std::pair<std::string_view, std::string>, std::deque<steady_time>> sent_;
};

}  // namespace drover::simulation
