#include "engine/bots/bot_status.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace drover::engine {

namespace {

constexpr std::array<std::string_view, 12> state_names{"waiting_approval", "off",         "starting",    "reconciling",
                                                       "running",          "degraded",    "backing_off", "quarantined",
                                                       "stopping",         "stopped",     "locked",   "paused"};

/// How much a person is needed, most first.
constexpr std::array by_need{bot_state::quarantined, bot_state::backing_off, bot_state::degraded,  bot_state::locked,
                             bot_state::stopping,    bot_state::starting,    bot_state::reconciling, bot_state::running,
                             bot_state::paused,      bot_state::stopped,     bot_state::waiting_approval, bot_state::off};
static_assert(by_need.size() == state_names.size());

auto need(const bot_status& s) { return std::ranges::find(by_need, s.state) - by_need.begin(); }

}  // namespace

std::string_view to_string(bot_state s) { return state_names.at(static_cast<std::size_t>(s)); }

std::optional<bot_state> parse_bot_state(std::string_view text) {
  const auto at = std::ranges::find(state_names, text);
  if (at == state_names.end()) return std::nullopt;
  return static_cast<bot_state>(at - state_names.begin());
}

void bot_board::set(bot_status status) {
  std::unique_lock lock(mutex_);
  auto [at, is_new] = bots_.try_emplace(status.bot);
  if (is_new) of_account_.emplace(status.account, status.bot);
  if (!is_new) --counts_[at->second.state];
  ++counts_[status.state];
  at->second = listener_ ? status : std::move(status);
  lock.unlock();
  if (listener_) listener_(status);
}

void bot_board::remove(bot_id id) {
  std::unique_lock lock(mutex_);
  auto at = bots_.find(id);
  if (at == bots_.end()) return;
  --counts_[at->second.state];
  auto [first, last] = of_account_.equal_range(at->second.account);
  const auto listed = std::ranges::find_if(first, last, [id](const auto& row) { return row.second == id; });
  if (listed != last) of_account_.erase(listed);
  bots_.erase(at);
}

std::optional<bot_status> bot_board::find(bot_id id) const {
  std::shared_lock lock(mutex_);
  auto at = bots_.find(id);
  if (at == bots_.end()) return std::nullopt;
  return at->second;
}

std::optional<bot_status> bot_board::find(account_id account) const {
  std::shared_lock lock(mutex_);
  const bot_status* worst = nullptr;
  auto [first, last] = of_account_.equal_range(account);
  for (auto at = first; at != last; ++at) {
    const auto& status = bots_.at(at->second);
    if (worst == nullptr || need(status) < need(*worst) || (need(status) == need(*worst) && status.bot < worst->bot)) worst = &status;
  }
  if (worst == nullptr) return std::nullopt;
  return *worst;
}

std::map<bot_state, std::int64_t> bot_board::counts() const {
  std::shared_lock lock(mutex_);
  std::map<bot_state, std::int64_t> out;
  for (const auto& [state, count] : counts_)
    if (count > 0) out.emplace(state, count);
  return out;
}

void bot_board::on_change(std::function<void(const bot_status&)> listener) { listener_ = std::move(listener); }

namespace {

void increase(order_statistics& sum, const order_statistics& by) {
  sum.placed += by.placed;
  sum.accepted += by.accepted;
  sum.refused += by.refused;
  sum.unknown += by.unknown;
  sum.filled += by.filled;
  sum.cancelled += by.cancelled;
  sum.fills += by.fills;
}

}  // namespace

decimal error_ratio(const order_statistics& s) {
  const auto failed = static_cast<std::int64_t>(s.refused + s.unknown), answered = static_cast<std::int64_t>(s.accepted) + failed;
  if (answered == 0) return {};
  return (decimal(failed) / decimal(answered)).round_to_places(4, rounding::half_even);
}

std::int64_t order_counters::slot_now() const { return clock_.now().since_start / (nanoseconds(window) / static_cast<int>(slots)); }

void order_counters::add(const order_statistics& delta) {
  const auto number = slot_now();
  std::lock_guard lock(mutex_);
  increase(total_, delta);
  auto& slot = recent_[static_cast<std::size_t>(number) % slots];
  if (slot.number != number) slot = {number, {}};
  increase(slot.counted, delta);
}

order_statistics order_counters::recent() const {
  const auto oldest = slot_now() - static_cast<std::int64_t>(slots);
  std::lock_guard lock(mutex_);
  order_statistics sum;
  for (const auto& slot : recent_)
    if (slot.number > oldest) increase(sum, slot.counted);
  return sum;
}

order_statistics order_counters::snapshot() const {
  std::lock_guard lock(mutex_);
  return total_;
}

}  // namespace drover::engine
