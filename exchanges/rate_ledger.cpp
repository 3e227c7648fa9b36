#include "exchanges/rate_ledger.hpp"

#include <algorithm>
#include <utility>

#include "exchanges/rate_ledger_state.hpp"

namespace drover::exchanges {

namespace {

constexpr std::array share_table{1000, 950, 850, 750, 600};

}  // namespace

rate_snapshot rate_ledger::state::snapshot(std::size_t hottest_limit) {
  auto m = moment();
  buckets_.sweep_all(m);
  rate_snapshot out;
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    auto& source = out.sources.emplace_back(rate_source_state{sources_[s], {}, std::nullopt});
    for (std::size_t r = 0; r < buckets_.entries().size(); ++r)
      if (buckets_.entries()[r].rule.scope == rate_scope::address)
        source.levels.push_back(buckets_.address_bucket(r, s).level(m));
    auto left = buckets_.address_gate(s).closed_until - m.now;
    if (left > 0ns) source.banned_for = left;
  }
  out.lanes = lanes_;
  std::vector<std::pair<double, rate_bucket*>> fullest;
  buckets_.for_each_account_bucket([&](rate_bucket& b) {
    auto used = b.usage->used(m, b.limit);
    if (used > 0) fullest.emplace_back(-static_cast<double>(used) / static_cast<double>(b.limit), &b);
  });
  auto shown = std::min(hottest_limit, fullest.size());
  std::ranges::partial_sort(fullest, fullest.begin() + static_cast<std::ptrdiff_t>(shown), {},
                            [](const auto& f) { return std::pair(f.first, f.second->id); });
  for (std::size_t i = 0; i < shown; ++i) {
    auto& b = *fullest[i].second;
    out.hottest.push_back({b.account, b.symbol, b.level(m)});
  }
  out.address_bans = address_bans_;
  out.account_bans = account_bans_;
  out.banned_accounts = buckets_.closed_account_gates(m.now);
  out.account_buckets = buckets_.account_buckets();
  return out;
}

/// A waiter's stay; ends however the wait ends.
class rate_ledger::queue_place {
 public:
  queue_place(state& s, rate_waiter& w, rate_bucket& at) : state_(s), waiter_(w) { state_.enter(waiter_, at); }
  ~queue_place() { state_.leave(waiter_); }
  queue_place(const queue_place&) = delete;
  queue_place& operator=(const queue_place&) = delete;

 private:
  state& state_;
  rate_waiter& waiter_;
};

rate_ledger::rate_ledger(executor ex, timer_queue& timers, std::span<const rate_rule> rules, rate_options options)
    : state_(std::make_unique<state>(std::move(ex), timers, rules, std::move(options))) {}
rate_ledger::~rate_ledger() = default;

int rate_ledger::share_permille(lane l) { return share_table[index_of(l)]; }

task<result<rate_grant>> rate_ledger::acquire(lane l, std::span<const rate_charge> charges, std::string_view account,
                                              std::string_view symbol, steady_time deadline) {
  auto& s = *state_;
  auto asking = s.describe(l, charges, account, symbol);
  if (!asking) co_return std::unexpected(asking.error());
  auto m = s.moment();
  auto* block = s.find_block(*asking, nullptr, m);
  if (!block) co_return s.take(*asking, 0ns, m);
  if (block->closed_until > deadline) {
    s.refuse(l);
    co_return std::unexpected(make_rate_error("the venue asked us to stay away", block->closed_until - m.now));
  }
  if (auto room = s.check_room(*asking); !room) {
    s.refuse(l);
    co_return std::unexpected(room.error());
  }

  rate_waiter self{*asking, m.now, nullptr, nullptr, std::nullopt, wake_event(s.get_executor())};
  queue_place place(s, self, *block);
  while (!self.grant) {
    bool woken = co_await self.wake.wait_until(s.timers(), deadline);
    if (woken || self.grant) continue;
    s.refuse(l);
    auto wait = s.time_to(*self.parked_at, self.asking, s.moment());
    co_return std::unexpected(make_rate_error("the venue's request budget is used up", wait));
  }
  co_return *self.grant;
}

std::expected<rate_grant, nanoseconds> rate_ledger::try_acquire(lane l, std::span<const rate_charge> charges,
                                                                std::string_view account, std::string_view symbol) {
  constexpr nanoseconds shortest = 20ms, never = 1h;
  auto& s = *state_;
  auto asking = s.describe(l, charges, account, symbol);
  if (!asking) return std::unexpected(never);
  auto m = s.moment();
  auto* block = s.find_block(*asking, nullptr, m);
  if (!block) return s.take(*asking, 0ns, m);
  return std::unexpected(std::max(s.time_to(*block, *asking, m), shortest));
}

void rate_ledger::apply(const limit_report& report, const rate_grant& grant, std::string_view account,
                        std::string_view symbol) {
  state_->apply(report, grant, account, symbol);
}

void rate_ledger::set_clock_offset(milliseconds offset) { state_->set_clock_offset(offset); }
std::size_t rate_ledger::source_of(std::string_view account) const { return state_->source_of(account); }
const std::string& rate_ledger::source_address(std::size_t source) const { return state_->sources().at(source); }
std::size_t rate_ledger::source_count() const { return state_->sources().size(); }

double rate_ledger::used_ratio() const {
  double most = 0;
  auto m = state_->moment();
  for (std::size_t s = 0; s < source_count(); ++s) most = std::max(most, state_->used_ratio(s, m));
  return most;
}

std::optional<nanoseconds> rate_ledger::banned_for() const {
  auto left = state_->banned_until() - state_->moment().now;
  if (left <= 0ns) return std::nullopt;
  return left;
}

std::size_t rate_ledger::waiting() const { return state_->waiting(); }
rate_snapshot rate_ledger::snapshot(std::size_t hottest_limit) const { return state_->snapshot(hottest_limit); }

}  // namespace drover::exchanges
