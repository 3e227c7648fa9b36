#include "exchanges/runtime/health_meter.hpp"

#include <algorithm>

namespace drover::exchanges {

void health_meter::add(steady_time now, nanoseconds round_trip, bool failed) {
  const sample s{now, round_trip, failed};
  if (!failed) heard_at_ = now;
  if (samples_.size() < sample_limit_) {
    samples_.push_back(s);
    return;
  }
  samples_[next_] = s;
  next_ = (next_ + 1) % samples_.size();
}

connection_health health_meter::read(steady_time now, const circuit_breaker& breaker) const {
  connection_health out;
  std::vector<nanoseconds> trips;
  const sample* last = nullptr;
  for (const auto& s : samples_) {
    if (now - s.at > window) continue;
    ++out.requests;
    if (s.failed) {
      ++out.errors;
      continue;
    }
    trips.push_back(s.round_trip);
    if (!last || s.at >= last->at) last = &s;
  }
  if (!trips.empty()) {
    auto middle = trips.begin() + static_cast<std::ptrdiff_t>(trips.size() / 2);
    std::ranges::nth_element(trips, middle);
    out.latency_median = std::chrono::ceil<milliseconds>(*middle);
    out.latency_last = std::chrono::ceil<milliseconds>(last->round_trip);
  }
  if (heard_at_) out.message_age = std::chrono::ceil<milliseconds>(now - *heard_at_);
  out.breaker = breaker.state(now);
  if (out.breaker != breaker_state::closed) out.reason = breaker.reason();
  return out;
}

}  // namespace drover::exchanges
