#include "exchanges/rate_usage.hpp"

#include <algorithm>

namespace drover::exchanges {

namespace {

/// The instant on our clock at which the venue's clock shows `at`.
steady_time to_steady(rate_moment m, nanoseconds at) { return m.now + (at - m.server.since_epoch); }

nanoseconds slot_length(const rate_shape& shape) {
  return std::max<nanoseconds>(shape.window / sliding_window_usage::slots_per_window, 1ms);
}

std::int64_t floor_divide(nanoseconds a, nanoseconds b) {
  auto q = a / b;
  return a % b < 0ns ? q - 1 : q;
}

/// What one unit of weight takes to fall off.
nanoseconds fall_time(const rate_shape& shape, std::int64_t limit) {
  return nanoseconds((shape.window.count() + limit - 1) / std::max<std::int64_t>(limit, 1));
}

}  // namespace

void fixed_window_usage::roll(const rate_shape& shape, rate_moment m) {
  auto id = floor_divide(m.server.since_epoch - shape.clock_margin, shape.window);
  if (id == window_id_) return;
  if (id > window_id_) {
    used_ = carried_ = id == window_id_ + 1 ? late_ : 0;
    late_ = 0;
  }
  // A clock that was set back opens no new window: what was counted stays.
  window_id_ = id;
}

bool fixed_window_usage::fits(const rate_shape& shape, rate_moment m, rate_need n) {
  roll(shape, m);
  // A request heavier than its lane's share passes at the start of a window: it could never pass otherwise.
  return used_ + n.weight <= n.allowed || (used_ == carried_ && used_ + n.weight <= n.limit);
}

void fixed_window_usage::take(const rate_shape& shape, rate_moment m, rate_need n) {
  roll(shape, m);
  used_ += n.weight;
  auto end = (window_id_ + 1) * shape.window;
  if (m.server.since_epoch >= end - shape.transit - shape.clock_margin) late_ += n.weight;
}

steady_time fixed_window_usage::next_chance(const rate_shape& shape, rate_moment m, rate_need n) {
  if (fits(shape, m, n)) return m.now;
  return to_steady(m, (window_id_ + 1) * shape.window + shape.clock_margin);
}

std::int64_t fixed_window_usage::used(const rate_shape& shape, rate_moment m, std::int64_t) {
  roll(shape, m);
  return used_;
}

steady_time fixed_window_usage::resets_at(const rate_shape& shape, rate_moment m) {
  roll(shape, m);
  if (used_ == 0 && late_ == 0) return m.now;
  return to_steady(m, (window_id_ + 1) * shape.window + shape.clock_margin);
}

void fixed_window_usage::correct(const rate_shape& shape, rate_moment m, steady_time granted_at,
                                 const limit_reading& reading, std::int64_t) {
  roll(shape, m);
  if (!reading.used) return;
  auto began = to_steady(m, window_id_ * shape.window + shape.clock_margin);
  if (granted_at >= began) used_ = std::max<std::int64_t>(used_, *reading.used);
}

void sliding_window_usage::expire(const rate_shape& shape, rate_moment m) {
  auto length = slot_length(shape);
  auto kept = std::find_if(slots_.begin(), slots_.end(), [&](const slot& s) {
    return (s.index + 1) * length + shape.window + shape.transit > m.now.since_start;
  });
  for (auto at = slots_.begin(); at != kept; ++at) used_ -= at->weight;
  slots_.erase(slots_.begin(), kept);
}

bool sliding_window_usage::fits(const rate_shape& shape, rate_moment m, rate_need n) {
  expire(shape, m);
  return used_ + n.weight <= n.allowed || (used_ == 0 && n.weight <= n.limit);
}

void sliding_window_usage::add(std::int64_t index, std::int64_t weight) {
  used_ += weight;
  auto at = std::find_if(slots_.rbegin(), slots_.rend(), [index](const slot& s) { return s.index <= index; });
  if (at != slots_.rend() && at->index == index) at->weight += weight;
  else slots_.insert(at.base(), {index, weight});
}

void sliding_window_usage::take(const rate_shape& shape, rate_moment m, rate_need n) {
  expire(shape, m);
  add(floor_divide(m.now.since_start, slot_length(shape)), n.weight);
}

steady_time sliding_window_usage::next_chance(const rate_shape& shape, rate_moment m, rate_need n) {
  if (fits(shape, m, n)) return m.now;
  auto left = used_;
  for (const auto& s : slots_) {
    left -= s.weight;
    if (left + n.weight <= n.allowed || left == 0)
      return {(s.index + 1) * slot_length(shape) + shape.window + shape.transit};
  }
  return m.now + shape.window;
}

std::int64_t sliding_window_usage::used(const rate_shape& shape, rate_moment m, std::int64_t) {
  expire(shape, m);
  return used_;
}

steady_time sliding_window_usage::resets_at(const rate_shape& shape, rate_moment m) {
  expire(shape, m);
  if (slots_.empty()) return m.now;
  return {(slots_.back().index + 1) * slot_length(shape) + shape.window + shape.transit};
}

void sliding_window_usage::correct(const rate_shape& shape, rate_moment m, steady_time, const limit_reading& reading,
                                   std::int64_t) {
  expire(shape, m);
  if (!reading.used || *reading.used <= used_) return;
  // What others used goes when the venue's window does, where it says when.
  auto lasts = std::min(reading.resets_in.value_or(shape.window), shape.window);
  add(floor_divide(m.now.since_start + lasts - shape.window, slot_length(shape)), *reading.used - used_);
}

bool decaying_usage::fits(const rate_shape& shape, rate_moment m, rate_need n) const {
  if (empty_at_ + shape.transit <= m.now) return n.weight <= n.limit;
  auto one = fall_time(shape, n.limit);
  return std::max(empty_at_, m.now) + n.weight * one <= m.now + n.allowed * one - shape.transit;
}

void decaying_usage::take(const rate_shape& shape, rate_moment m, rate_need n) {
  empty_at_ = std::max(empty_at_, m.now) + n.weight * fall_time(shape, n.limit);
}

steady_time decaying_usage::next_chance(const rate_shape& shape, rate_moment m, rate_need n) const {
  if (fits(shape, m, n)) return m.now;
  auto one = fall_time(shape, n.limit);
  auto by_share = empty_at_ + (n.weight - n.allowed) * one + shape.transit;
  return by_share <= empty_at_ ? by_share : empty_at_ + shape.transit;
}

std::int64_t decaying_usage::used(const rate_shape& shape, rate_moment m, std::int64_t limit) const {
  if (empty_at_ <= m.now) return 0;
  auto one = fall_time(shape, limit);
  return (empty_at_ - m.now + one - 1ns) / one;
}

steady_time decaying_usage::resets_at(const rate_shape& shape, rate_moment m) const {
  return std::max(m.now, empty_at_ + shape.transit);
}

void decaying_usage::correct(const rate_shape& shape, rate_moment m, steady_time, const limit_reading& reading,
                             std::int64_t limit) {
  if (reading.used && *reading.used > 0)
    empty_at_ = std::max(empty_at_, m.now + *reading.used * fall_time(shape, limit));
}

rate_usage::rate_usage(const rate_shape& shape) : shape_(&shape) {
  switch (shape.model) {
    case rate_model::fixed_window: model_.emplace<fixed_window_usage>(); break;
    case rate_model::sliding_window: model_.emplace<sliding_window_usage>(); break;
    case rate_model::decaying_counter: model_.emplace<decaying_usage>(); break;
  }
}

bool rate_usage::fits(rate_moment m, rate_need n) {
  return std::visit([&](auto& u) { return u.fits(*shape_, m, n); }, model_);
}
void rate_usage::take(rate_moment m, rate_need n) {
  std::visit([&](auto& u) { u.take(*shape_, m, n); }, model_);
}
steady_time rate_usage::next_chance(rate_moment m, rate_need n) {
  return std::visit([&](auto& u) { return u.next_chance(*shape_, m, n); }, model_);
}
std::int64_t rate_usage::used(rate_moment m, std::int64_t limit) {
  return std::visit([&](auto& u) { return u.used(*shape_, m, limit); }, model_);
}
steady_time rate_usage::resets_at(rate_moment m) {
  return std::visit([&](auto& u) { return u.resets_at(*shape_, m); }, model_);
}
void rate_usage::correct(rate_moment m, steady_time granted_at, const limit_reading& reading, std::int64_t limit) {
  std::visit([&](auto& u) { u.correct(*shape_, m, granted_at, reading, limit); }, model_);
}

}  // namespace drover::exchanges
