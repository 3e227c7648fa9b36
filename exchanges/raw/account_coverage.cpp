#include "exchanges/raw/account_coverage.hpp"

#include <algorithm>
#include <utility>

namespace drover::exchanges {

account_coverage::account_coverage(raw_recorder& recorder, const clock& c, std::string stream)
    : recorder_(recorder), clock_(c), stream_(std::move(stream)) {}

void account_coverage::heard() {
  heard_at_ = clock_.wall_now();
}

void account_coverage::lost(std::string_view account, std::string_view reason) {
  if (lost_.contains(account)) return;
  const auto now = clock_.wall_now();
  // A silent connection may have been dead since its last frame.
  const auto from = heard_at_ == wall_time{} ? now : std::min(heard_at_, now);
  lost_.emplace(std::string(account), loss{from, std::string(reason)});
}

void account_coverage::opened(std::string_view account) {
  const auto found = lost_.find(account);
  if (found == lost_.end()) return;
  data_gap gap{stream_, found->second.from, clock_.wall_now(), found->second.reason};
  gap.account = account;
  recorder_.note_gap(gap);
  lost_.erase(found);
}

void account_coverage::forget(std::string_view account) {
  if (const auto found = lost_.find(account); found != lost_.end()) lost_.erase(found);
}

}  // namespace drover::exchanges
