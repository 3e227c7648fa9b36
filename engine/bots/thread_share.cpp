#include "engine/bots/thread_share.hpp"

#include <algorithm>

namespace drover::engine {

thread_share::thread_share(const clock& c, const strategy_meters& meters, milliseconds longest_call, int percent,
                           share_debtors& debtors)
    : clock_(c),
      meters_(meters),
      debtors_(debtors),
      window_(nanoseconds(longest_call) * burst_calls * 100 / percent),
      percent_(percent),
      paid_until_(c.now() - window_) {}

nanoseconds thread_share::look() const {
  return watched_ ? meters_.processor_time() : clock_.now().since_start;
}

/// One in debt pays for all debtors: each gets its part of one share.
void thread_share::charge(nanoseconds begin, int weight) {
  const auto price = (look() - begin) * weight * 100 / percent_;
  const auto now = clock_.now();
  settle();
  paid_until_ = std::max(paid_until_, now - window_) + price;
  if (paid_until_ <= now) return;
  if (!watched_ && meters_.processor_time != nullptr) {
    watched_ = true;
    paid_until_ = now;
    return;
  }
  if (!in_excess_) enter_excess(now);
  const auto owed = std::min(price, paid_until_ - now);
  paid_until_ = paid_until_ + owed * (debtors_.count - 1);
}

void thread_share::enter_excess(steady_time now) {
  in_excess_ = true;
  excess_since_ = now;
  ++debtors_.count;
}

void thread_share::settle() {
  if (in_excess_ && clock_.now() >= rested_at()) forgive();
}

void thread_share::forgive() {
  if (!in_excess_) return;
  in_excess_ = false;
  --debtors_.count;
}

bool thread_share::wants_too_much() const {
  return is_spent() && clock_.now() - excess_since_ >= patience;
}

}  // namespace drover::engine
