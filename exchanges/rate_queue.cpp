#include "exchanges/rate_queue.hpp"

namespace drover::exchanges {

void rate_queue::push(rate_waiter& w) {
  auto& in = lanes_[index_of(w.asking.lane)];
  auto [at, added] = in.tenants.try_emplace(w.tenant);
  if (added) at->second.turn = in.turns.insert(in.turns.end(), w.tenant);
  at->second.waiters.emplace(w.asking.number, &w);
  ++size_;
}

void rate_queue::remove(rate_waiter& w) {
  auto& in = lanes_[index_of(w.asking.lane)];
  auto at = in.tenants.find(w.tenant);
  at->second.waiters.erase(w.asking.number);
  --size_;
  if (!at->second.waiters.empty()) return;
  in.turns.erase(at->second.turn);
  in.tenants.erase(at);
}

void rate_queue::pop_head() {
  auto& w = *head();
  auto& in = lanes_[index_of(w.asking.lane)];
  in.turns.splice(in.turns.end(), in.turns, in.tenants.at(w.tenant).turn);
  remove(w);
}

rate_waiter* rate_queue::head() const {
  for (std::size_t i = 0; i < lane_count; ++i)
    if (auto* w = head_of(static_cast<lane>(i))) return w;
  return nullptr;
}

rate_waiter* rate_queue::head_of(lane l) const {
  const auto& in = lanes_[index_of(l)];
  if (in.turns.empty()) return nullptr;
  return in.tenants.at(in.turns.front()).waiters.begin()->second;
}

bool rate_queue::has_before(const rate_asking& asking) const {
  for (std::size_t i = 0; i < index_of(asking.lane); ++i)
    if (!lanes_[i].turns.empty()) return true;
  const auto* next = head_of(asking.lane);
  return next && next->asking.number < asking.number;
}

}  // namespace drover::exchanges
