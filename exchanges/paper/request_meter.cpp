#include "exchanges/paper/request_meter.hpp"

#include <algorithm>

namespace drover::exchanges::paper {

seconds meter_verdict::retry_after(wall_time now) const {
  return seconds(std::max<std::int64_t>(1, (retry_at.ms() - now.ms() + 999) / 1'000));
}

limit_number request_meter::add(limit_rule rule) {
  limits_.push_back({std::move(rule), {}});
  return static_cast<limit_number>(limits_.size() - 1);
}

/// Brings the counter to `now_ms`: what is past no longer counts.
void request_meter::advance(const limit_rule& r, counter& c, std::int64_t now_ms) {
  const auto window = r.window.count();
  switch (r.model) {
    case limit_model::fixed_window:
      if (c.mark == now_ms / window) return;
      c.mark = now_ms / window;
      c.used = 0;
      return;
    case limit_model::sliding_window:
      while (!c.recent.empty() && c.recent.front().first <= now_ms - window) {
        c.used -= c.recent.front().second;
        c.recent.pop_front();
      }
      return;
    case limit_model::decaying:
      c.used = std::max<std::int64_t>(0, c.used - (now_ms - c.mark) * r.drained);
      c.mark = now_ms;
      return;
  }
}

/// Of a counter that was brought to `now_ms`.
meter_verdict request_meter::judge(const limit_rule& r, const counter& c, std::int64_t cost, std::int64_t now_ms) {
  const auto window = r.window.count();
  meter_verdict v{.limit = r.limit, .reset_at = wall_time::from_ms(now_ms), .retry_at = wall_time::from_ms(now_ms)};
  switch (r.model) {
    case limit_model::fixed_window:
      v.used = c.used;
      v.allowed = c.used + cost <= r.limit;
      v.reset_at = wall_time::from_ms((now_ms / window + 1) * window);
      v.retry_at = v.reset_at;
      break;
    case limit_model::sliding_window: {
      v.used = c.used;
      v.allowed = c.used + cost <= r.limit;
      if (!c.recent.empty()) v.reset_at = wall_time::from_ms(c.recent.back().first + window);
      auto left = c.used + cost - r.limit;
      for (auto it = c.recent.begin(); it != c.recent.end() && left > 0; ++it) {
        left -= it->second;
        v.retry_at = wall_time::from_ms(it->first + window);
      }
      break;
    }
    case limit_model::decaying: {
      v.used = (c.used + window - 1) / window;
      v.allowed = c.used + cost * window <= r.limit * window;
      v.reset_at = wall_time::from_ms(now_ms + (c.used + r.drained - 1) / r.drained);
      const auto above = c.used + (cost - r.limit) * window;
      if (above > 0) v.retry_at = wall_time::from_ms(now_ms + (above + r.drained - 1) / r.drained);
      break;
    }
  }
  return v;
}

void request_meter::count(const limit_rule& r, counter& c, std::int64_t cost, std::int64_t now_ms) {
  if (r.model == limit_model::decaying) {
    c.used += cost * r.window.count();
    return;
  }
  c.used += cost;
  if (r.model != limit_model::sliding_window) return;
  // Charges of one millisecond share an entry, so that a storm does not grow the list.
  if (!c.recent.empty() && c.recent.back().first == now_ms)
    c.recent.back().second += cost;
  else
    c.recent.emplace_back(now_ms, cost);
}

bool request_meter::is_quiet(const limit_rule& r, counter c, std::int64_t now_ms) {
  advance(r, c, now_ms);
  return c.used == 0 && c.banned_until_ms <= now_ms;
}

request_meter::counter& request_meter::find_counter(limit_state& l, std::string_view key, std::int64_t now_ms) {
  auto it = l.counters.find(key);
  if (it != l.counters.end()) return it->second;
  if (l.counters.size() >= key_limit)
    std::erase_if(l.counters, [&](const auto& entry) { return is_quiet(l.rule, entry.second, now_ms); });
  if (l.counters.size() >= key_limit) l.counters.clear();
  auto& c = l.counters.emplace(std::string(key), counter{}).first->second;
  if (l.rule.model == limit_model::decaying) c.mark = now_ms;
  return c;
}

/// Notes a refusal; true when it is the one too many.
bool request_meter::refuse(const limit_rule& r, counter& c, std::int64_t now_ms) {
  if (r.patience < 0) return false;
  const auto window = now_ms / r.window.count();
  if (c.refusal_window != window) c.refusals = 0;
  c.refusal_window = window;
  if (++c.refusals <= r.patience) return false;
  c.banned_until_ms = now_ms + r.ban.count();
  return true;
}

meter_verdict request_meter::charge(limit_number n, std::string_view key, std::int64_t cost, wall_time now) {
  auto& l = limits_[static_cast<std::size_t>(n)];
  const auto& r = l.rule;
  const auto now_ms = now.ms();
  auto& c = find_counter(l, key, now_ms);
  advance(r, c, now_ms);
  auto v = judge(r, c, cost, now_ms);
  const bool was_banned = enforced_ && c.banned_until_ms > now_ms;
  const bool refused = enforced_ && (was_banned || !v.allowed);
  if (!refused || r.counts_refused) count(r, c, cost, now_ms);
  v.used = judge(r, c, 0, now_ms).used;
  v.allowed = !refused;
  if (!refused) return v;
  if (was_banned || refuse(r, c, now_ms)) {
    v.banned = true;
    v.retry_at = wall_time::from_ms(c.banned_until_ms);
    ++statistics_.banned;
  }
  ++statistics_.denied;
  return v;
}

meter_verdict request_meter::read(limit_number n, std::string_view key, wall_time now, std::int64_t cost) const {
  const auto& l = limits_[static_cast<std::size_t>(n)];
  auto it = l.counters.find(key);
  counter c = it == l.counters.end() ? counter{.mark = now.ms()} : it->second;
  advance(l.rule, c, now.ms());
  auto v = judge(l.rule, c, cost, now.ms());
  v.banned = enforced_ && c.banned_until_ms > now.ms();
  if (v.banned) v.retry_at = wall_time::from_ms(c.banned_until_ms);
  v.allowed = !enforced_ || (v.allowed && !v.banned);
  return v;
}

}  // namespace drover::exchanges::paper
