#include "exchanges/rate_ledger_state.hpp"

#include <algorithm>

#include "base/planted.hpp"
#include "exchanges/rate_sources.hpp"

namespace drover::exchanges {

namespace {

/// A bucket is not looked at more often than this.
constexpr nanoseconds least_wait = 1ms;
/// Venues name the end of a ban in whole seconds, on their own clock.
constexpr nanoseconds ban_margin = 1s;

std::vector<std::string> usable_sources(const rate_options& options) {
  if (options.source_addresses.empty()) return {std::string()};
  return options.source_addresses;
}

}  // namespace

error make_rate_error(std::string detail, nanoseconds wait) {
  error e(exchange_errc::rate_limited, std::move(detail));
  if (wait > 0ns) e.retry_after = std::chrono::ceil<milliseconds>(wait);
  return e;
}

rate_ledger::state::state(executor ex, timer_queue& timers, std::span<const rate_rule> rules, rate_options options)
    : executor_(std::move(ex)),
      timers_(timers),
      options_(std::move(options)),
      sources_(usable_sources(options_)),
      buckets_(rules, options_, sources_.size()) {}

rate_ledger::state::~state() {
  if (timer_) timers_.cancel(*timer_);
}

rate_moment rate_ledger::state::moment() const {
  const auto& clock = timers_.get_clock();
  return {clock.now(), clock.wall_now() + clock_offset_};
}

result<rate_asking> rate_ledger::state::describe(lane l, std::span<const rate_charge> charges, std::string_view account,
                                                 std::string_view symbol) {
  auto m = moment();
  buckets_.sweep_some(m);
  rate_asking out{l, ++last_number_, source_of(account), account, {}};
  for (const auto& c : charges) {
    if (c.rule >= buckets_.entries().size()) return fail(errc::out_of_range, "a charge names no rule of the venue");
    auto* bucket = buckets_.get(c.rule, out.source, account, symbol, m.now);
    if (!bucket) return std::unexpected(make_rate_error("too many accounts use the venue at once"));
    auto* same = std::find_if(out.demand.parts.begin(), out.demand.parts.begin() + out.demand.size,
                              [bucket](const rate_demand::part& p) { return p.bucket == bucket; });
    if (out.demand.size == rate_demand::limit && same == out.demand.parts.end())
      return fail(errc::out_of_range, "a request charges too many limits");
    if (same == out.demand.parts.begin() + out.demand.size) out.demand.parts[out.demand.size++] = {bucket, c.weight};
    else same->weight += c.weight;
  }
  for (const auto& p : out.demand)
    if (p.weight > p.bucket->limit) return std::unexpected(make_rate_error("the request weighs more than a whole budget"));
  return out;
}

rate_bucket* rate_ledger::state::find_block(const rate_asking& asking, const rate_bucket* from, rate_moment m) {
  auto blocks = [&](rate_bucket& b, int weight) {
    if (!b.fits(m, asking.lane, weight) && (weight == 0 || !planted("overdraw"))) return true;
    return &b != from && b.queue && b.queue->has_before(asking);
  };
  auto& gate = buckets_.address_gate(asking.source);
  if (blocks(gate, 0)) return &gate;
  auto* own_gate = buckets_.find_account_gate(asking.account);
  if (own_gate && blocks(*own_gate, 0)) return own_gate;
  for (const auto& p : asking.demand)
    if (blocks(*p.bucket, p.weight)) return p.bucket;
  return nullptr;
}

rate_grant rate_ledger::state::take(const rate_asking& asking, nanoseconds waited, rate_moment m) {
  for (const auto& p : asking.demand) {
    p.bucket->usage->take(m, p.bucket->need(asking.lane, p.weight));
    buckets_.touch(*p.bucket, m.now);
  }
  auto& figures = lanes_[index_of(asking.lane)];
  ++figures.granted;
  figures.waited += waited;
  figures.longest_wait = std::max(figures.longest_wait, waited);
  return {asking.source, m.now};
}

result<void> rate_ledger::state::check_room(const rate_asking& asking) const {
  auto permille = static_cast<std::size_t>(share_permille(asking.lane));
  auto room = [permille](std::size_t limit) { return std::max<std::size_t>(limit * permille / 1000, 1); };
  if (waiting_ >= room(options_.queue_limit))
    return std::unexpected(make_rate_error("too many requests wait for the venue's budget"));
  auto tenant = tenants_.find(std::string(asking.account));
  if (tenant != tenants_.end() && tenant->second.waiting >= room(options_.account_queue_limit))
    return std::unexpected(make_rate_error("too many requests of the account wait for the venue's budget"));
  return {};
}

void rate_ledger::state::enter(rate_waiter& w, rate_bucket& at) {
  w.tenant = &tenants_[std::string(w.asking.account)];
  ++w.tenant->waiting;
  ++waiting_;
  ++lanes_[index_of(w.asking.lane)].waiting;
  for (const auto& p : w.asking.demand) ++p.bucket->pins;
  park(w, at);
  arm();
}

void rate_ledger::state::leave(rate_waiter& w) {
  if (auto* at = std::exchange(w.parked_at, nullptr)) {
    at->queue->remove(w);
    schedule(*at, moment());
    arm();
  }
  for (const auto& p : w.asking.demand) --p.bucket->pins;
  --lanes_[index_of(w.asking.lane)].waiting;
  --waiting_;
  if (--w.tenant->waiting == 0) tenants_.erase(std::string(w.asking.account));
}

void rate_ledger::state::park(rate_waiter& w, rate_bucket& at) {
  if (!at.queue) at.queue = std::make_unique<rate_queue>();
  at.queue->push(w);
  w.parked_at = &at;
  // Only a new head changes when the bucket has to be looked at.
  if (at.queue->head() == &w) schedule(at, moment());
}

void rate_ledger::state::serve(rate_bucket& b, rate_moment m) {
  while (auto* w = b.queue->head()) {
    auto* block = find_block(w->asking, &b, m);
    if (block == &b) break;
    b.queue->pop_head();
    w->parked_at = nullptr;
    if (block) {
      park(*w, *block);
      continue;
    }
    w->grant = take(w->asking, m.now - w->since, m);
    w->wake.notify();
  }
  schedule(b, m);
}

void rate_ledger::state::schedule(rate_bucket& b, rate_moment m) {
  if (b.due) due_.erase({*b.due, b.id});
  b.due.reset();
  if (!b.has_waiters()) return b.queue.reset();
  b.due = std::max(b.next_chance(m), m.now + least_wait);
  due_.emplace(std::pair(*b.due, b.id), &b);
}

void rate_ledger::state::arm() {
  if (due_.empty()) {
    if (timer_) timers_.cancel(*timer_);
    timer_.reset();
    return;
  }
  auto at = due_.begin()->first.first;
  if (timer_ && timer_at_ == at) return;
  if (timer_) timers_.cancel(*timer_);
  timer_at_ = at;
  timer_ = timers_.call_at(at, [this] {
    timer_.reset();
    run_due();
  });
}

void rate_ledger::state::run_due() {
  auto m = moment();
  while (!due_.empty() && due_.begin()->first.first <= m.now) {
    auto& b = *due_.begin()->second;
    serve(b, m);
  }
  arm();
}

nanoseconds rate_ledger::state::time_to(rate_bucket& b, const rate_asking& asking, rate_moment m) const {
  auto at = b.closed_until;
  for (const auto& p : asking.demand)
    if (p.bucket == &b) at = b.usage->next_chance(m, b.need(asking.lane, p.weight));
  return at - m.now;
}

void rate_ledger::state::ban(rate_bucket* gate, nanoseconds duration, std::uint64_t& count, rate_moment m) {
  if (!gate || duration <= 0ns) return;
  auto until = m.now + duration + ban_margin;
  if (until <= gate->closed_until) return;
  if (gate->closed_until <= m.now) ++count;
  gate->closed_until = until;
  schedule(*gate, m);
  arm();
}

void rate_ledger::state::apply(const limit_report& report, const rate_grant& grant, std::string_view account,
                               std::string_view symbol) {
  auto m = moment();
  for (const auto& reading : report.readings) {
    if (reading.rule >= buckets_.entries().size()) continue;
    auto* b = buckets_.get(reading.rule, grant.source, account, symbol, m.now);
    if (!b) continue;
    if (reading.limit && *reading.limit > 0) {
      b->limit = buckets_.scaled(*reading.limit);
      b->graded = *reading.limit != b->entry->rule.limit;
      if (b->has_waiters()) schedule(*b, m);
    }
    b->usage->correct(m, grant.granted_at, reading, b->limit);
  }
  if (report.address_ban && !planted("ignore_ban")) ban(&buckets_.address_gate(grant.source), *report.address_ban, address_bans_, m);
  if (report.account_ban && !account.empty())
    ban(buckets_.get_account_gate(account, m.now), *report.account_ban, account_bans_, m);
  arm();
}

void rate_ledger::state::set_clock_offset(milliseconds offset) {
  if (offset == clock_offset_) return;
  clock_offset_ = offset;
  auto m = moment();
  std::vector<rate_bucket*> busy;
  busy.reserve(due_.size());
  for (const auto& [when, bucket] : due_) busy.push_back(bucket);
  for (auto* b : busy) schedule(*b, m);
  arm();
}

std::size_t rate_ledger::state::source_of(std::string_view account) {
  if (sources_.size() == 1) return 0;
  if (!account.empty()) return pick_source(sources_, account);
  auto m = moment();
  std::size_t best = 0;
  std::pair<bool, double> least{true, 0};
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    std::pair<bool, double> load{buckets_.address_gate(s).closed_until > m.now, used_ratio(s, m)};
    if (s > 0 && load >= least) continue;
    best = s;
    least = load;
  }
  return best;
}

double rate_ledger::state::used_ratio(std::size_t source, rate_moment m) {
  double most = 0;
  for (std::size_t r = 0; r < buckets_.entries().size(); ++r) {
    if (buckets_.entries()[r].rule.scope != rate_scope::address) continue;
    auto& b = buckets_.address_bucket(r, source);
    most = std::max(most, static_cast<double>(b.usage->used(m, b.limit)) / static_cast<double>(b.limit));
  }
  return most;
}

steady_time rate_ledger::state::banned_until() {
  steady_time last{};
  for (std::size_t s = 0; s < sources_.size(); ++s) last = std::max(last, buckets_.address_gate(s).closed_until);
  return last;
}

}  // namespace drover::exchanges
