#include "exchanges/runtime/circuit_breaker.hpp"

#include <algorithm>
#include <bit>

namespace drover::exchanges {

namespace {
constexpr std::uint32_t window_mask = (1u << circuit_breaker::window_size) - 1;
constexpr std::size_t reason_limit = 200;
}  // namespace

circuit_breaker::verdict circuit_breaker::ask(steady_time now) {
  if (!open_) return verdict::pass;
  if (probing_ || now < retry_at_) return verdict::refuse;
  probing_ = true;
  return verdict::probe;
}

void circuit_breaker::succeeded() {
  history_ = (history_ << 1) & window_mask;
  known_ = std::min(known_ + 1, window_size);
  consecutive_ = 0;
  if (open_) close();
}

void circuit_breaker::failed(std::string_view reason, steady_time now) {
  history_ = ((history_ << 1) | 1u) & window_mask;
  known_ = std::min(known_ + 1, window_size);
  ++consecutive_;
  const bool mostly = known_ == window_size && std::popcount(history_) * 2 >= window_size;
  if (!open_ && consecutive_ < consecutive_limit && !mostly) return;
  reason_ = reason.substr(0, reason_limit);
  // Requests that were under way when it opened change nothing; the failed probe begins another pause.
  if (!open_ || probing_) open(now);
}

void circuit_breaker::abandoned() { probing_ = false; }

void circuit_breaker::open(steady_time now) {
  open_ = true;
  probing_ = false;
  retry_at_ = now + pause_;
}

void circuit_breaker::close() {
  open_ = probing_ = false;
  history_ = 0;
  known_ = 0;
  reason_.clear();
}

breaker_state circuit_breaker::state(steady_time now) const {
  if (!open_) return breaker_state::closed;
  return probing_ || now >= retry_at_ ? breaker_state::half_open : breaker_state::open;
}

nanoseconds circuit_breaker::wait(steady_time now) const {
  if (!open_ || now >= retry_at_) return nanoseconds::zero();
  return retry_at_ - now;
}

}  // namespace drover::exchanges
