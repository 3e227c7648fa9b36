#include "exchanges/raw/missed_polls.hpp"

#include <utility>

namespace drover::exchanges {

missed_polls::missed_polls(raw_recorder& recorder, const clock& c, std::string stream)
    : recorder_(recorder), clock_(c), stream_(std::move(stream)) {}

missed_polls::~missed_polls() {
  for (auto& [key, m] : missing_) note_count(key, m);
}

void missed_polls::missed(operation op, std::string_view symbol, std::string_view account, wall_time wanted_at,
                          std::string_view reason) {
  const auto now = clock_.wall_now();
  const series key{op, account, symbol};
  const auto found = missing_.find(key);
  if (found == missing_.end()) {
    note(key, wanted_at, now, reason);
    if (missing_.size() < series_limit) missing_.emplace(key, misses{});
    return;
  }
  auto& m = found->second;
  if (m.count == 0) m.from = wanted_at;
  m.to = now;
  m.reason = reason;
  if (++m.count >= misses_per_row || now - m.from >= row_interval) note_count(key, m);
}

void missed_polls::answered(operation op, std::string_view symbol, std::string_view account) {
  if (missing_.empty()) return;
  const auto found = missing_.find(series{op, account, symbol});
  if (found == missing_.end()) return;
  note_count(found->first, found->second);
  missing_.erase(found);
}

void missed_polls::note_count(const series& key, misses& m) {
  if (m.count == 0) return;
  note(key, m.from, m.to, std::to_string(m.count) + " more, the last: " + m.reason);
  m = {};
}

void missed_polls::note(const series& key, wall_time from, wall_time to, std::string_view reason) {
  const auto& [op, account, symbol] = key;
  const auto text = "poll of " + std::string(to_string(op)) + ": " + std::string(reason);
  data_gap gap{stream_, from, to, text};
  gap.channel = "poll";
  gap.account = account;
  gap.symbol = symbol;
  recorder_.note_gap(gap);
}

}  // namespace drover::exchanges
