#include "engine/bots/bot_status.hpp"

#include <array>
#include <utility>

namespace drover::engine {

namespace {

constexpr std::array<std::string_view, 11> state_names{"waiting_approval", "off",         "starting",    "reconciling",
                                                       "running",          "degraded",    "backing_off", "quarantined",
                                                       "stopping",         "stopped",     "locked"};

}  // namespace

std::string_view to_string(bot_state s) { return state_names.at(static_cast<std::size_t>(s)); }

void bot_board::set(bot_status status) {
  std::unique_lock lock(mutex_);
  auto [at, is_new] = bots_.try_emplace(status.account);
  if (!is_new) --counts_[at->second.state];
  ++counts_[status.state];
  at->second = listener_ ? status : std::move(status);
  lock.unlock();
  if (listener_) listener_(status);
}

void bot_board::remove(account_id account) {
  std::unique_lock lock(mutex_);
  auto at = bots_.find(account);
  if (at == bots_.end()) return;
  --counts_[at->second.state];
  bots_.erase(at);
}

std::optional<bot_status> bot_board::find(account_id account) const {
  std::shared_lock lock(mutex_);
  auto at = bots_.find(account);
  if (at == bots_.end()) return std::nullopt;
  return at->second;
}

std::map<bot_state, std::int64_t> bot_board::counts() const {
  std::shared_lock lock(mutex_);
  std::map<bot_state, std::int64_t> out;
  for (const auto& [state, count] : counts_)
    if (count > 0) out.emplace(state, count);
  return out;
}

void bot_board::on_change(std::function<void(const bot_status&)> listener) { listener_ = std::move(listener); }

void order_counters::add(const order_statistics& delta) {
  std::lock_guard lock(mutex_);
  total_.placed += delta.placed;
  total_.accepted += delta.accepted;
  total_.refused += delta.refused;
  total_.unknown += delta.unknown;
  total_.filled += delta.filled;
  total_.cancelled += delta.cancelled;
  total_.fills += delta.fills;
}

order_statistics order_counters::snapshot() const {
  std::lock_guard lock(mutex_);
  return total_;
}

}  // namespace drover::engine
