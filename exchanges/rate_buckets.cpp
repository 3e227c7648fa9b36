#include "exchanges/rate_buckets.hpp"

#include <algorithm>
#include <cmath>

namespace drover::exchanges {

namespace {

/// Limits beyond this are none; keeps the arithmetic far from its bounds.
constexpr std::int64_t limit_ceiling = 1'000'000'000'000;
/// What a venue said about an account's limit is remembered so long after its last request.
constexpr nanoseconds grade_kept_for = 1h;
constexpr int drops_per_sweep = 4;

std::string make_key(std::string_view account, std::string_view symbol) {
  std::string key(account);
  key += '\n';
  key += symbol;
  return key;
}

}  // namespace

rate_need rate_bucket::need(lane l, int weight) const {
  auto allowed = std::max<std::int64_t>(limit * rate_ledger::share_permille(l) / 1000, 1);
  return {weight, allowed, limit};
}

bool rate_bucket::fits(rate_moment m, lane l, int weight) {
  if (!entry) return m.now >= closed_until;
  return usage->fits(m, need(l, weight));
}

steady_time rate_bucket::next_chance(rate_moment m) {
  if (!entry) return closed_until;
  auto& head = *queue->head();
  for (const auto& p : head.asking.demand)
    if (p.bucket == this) return usage->next_chance(m, need(head.asking.lane, p.weight));
  return m.now;
}

rate_level rate_bucket::level(rate_moment m) {
  return {entry->rule.name, entry->rule.scope,  entry->rule.model,
          usage->used(m, limit), limit, entry->rule.window, std::max<nanoseconds>(usage->resets_at(m) - m.now, 0ns)};
}

rate_buckets::rate_buckets(std::span<const rate_rule> rules, const rate_options& options, std::size_t sources)
    : share_(options.share), bucket_limit_(options.bucket_limit), sources_(sources), tables_(rules.size() + 1) {
  entries_.reserve(rules.size());
  for (const auto& r : rules) {
    rate_shape shape{r.model, r.window, std::min(options.transit, r.window / 2), options.clock_margin};
    entries_.push_back({r, shape, scaled(r.limit)});
  }
  for (const auto& e : entries_)
    for (std::size_t s = 0; s < sources_; ++s) fill(address_buckets_.emplace_back(), &e);
  for (std::size_t s = 0; s < sources_; ++s) fill(address_gates_.emplace_back(), nullptr);
}

std::int64_t rate_buckets::scaled(std::int64_t published) const {
  auto ours = std::floor(static_cast<double>(published) * share_);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::min(ours, static_cast<double>(limit_ceiling))), 1,
                                  limit_ceiling);
}

void rate_buckets::fill(rate_bucket& b, const rate_entry* entry) {
  b.id = ++last_id_;
  b.entry = entry;
  if (!entry) return;
  b.usage.emplace(entry->shape);
  b.limit = entry->limit;
}

rate_bucket* rate_buckets::get(std::size_t rule, std::size_t source, std::string_view account, std::string_view symbol,
                               steady_time now) {
  const auto& entry = entries_[rule];
  switch (entry.rule.scope) {
    case rate_scope::address: return &address_bucket(rule, source);
    case rate_scope::account: return get_in(tables_[rule], &entry, account, account, {}, now);
    case rate_scope::account_symbol: break;
  }
  return get_in(tables_[rule], &entry, make_key(account, symbol), account, symbol, now);
}

rate_bucket* rate_buckets::get_in(table& t, const rate_entry* entry, std::string_view key, std::string_view account,
                                  std::string_view symbol, steady_time now) {
  auto found = t.by_key.find(key);
  if (found != t.by_key.end()) return &found->second;
  if (account_buckets_ >= bucket_limit_) return nullptr;
  auto& b = t.by_key.try_emplace(std::string(key)).first->second;
  fill(b, entry);
  b.account = account;
  b.symbol = symbol;
  b.last_used = now;
  b.by_age = t.by_age.insert(t.by_age.end(), &b);
  ++account_buckets_;
  return &b;
}

rate_bucket* rate_buckets::find_account_gate(std::string_view account) {
  auto& gates = tables_.back().by_key;
  if (gates.empty()) return nullptr;
  auto found = gates.find(account);
  return found == gates.end() ? nullptr : &found->second;
}

rate_bucket* rate_buckets::get_account_gate(std::string_view account, steady_time now) {
  return get_in(tables_.back(), nullptr, account, account, {}, now);
}

void rate_buckets::touch(rate_bucket& b, steady_time now) {
  b.last_used = now;
  if (b.account.empty() && b.symbol.empty() && (!b.entry || b.entry->rule.scope == rate_scope::address)) return;
  auto& t = tables_[b.entry ? static_cast<std::size_t>(b.entry - entries_.data()) : entries_.size()];
  t.by_age.splice(t.by_age.end(), t.by_age, b.by_age);
}

bool rate_buckets::is_disposable(rate_bucket& b, rate_moment m) const {
  if (b.pins > 0 || b.has_waiters()) return false;
  if (!b.entry) return m.now >= b.closed_until;
  if (b.graded && b.last_used + grade_kept_for > m.now) return false;
  return b.usage->resets_at(m) <= m.now;
}

bool rate_buckets::drop_oldest(table& t, rate_moment m) {
  if (t.by_age.empty()) return false;
  auto& b = *t.by_age.front();
  if (!is_disposable(b, m)) {
    // What is kept for another reason than its count must not hide those behind it.
    t.by_age.splice(t.by_age.end(), t.by_age, b.by_age);
    return false;
  }
  auto key = b.symbol.empty() && (!b.entry || b.entry->rule.scope == rate_scope::account) ? b.account : make_key(b.account, b.symbol);
  t.by_age.pop_front();
  t.by_key.erase(key);
  --account_buckets_;
  return true;
}

void rate_buckets::sweep_some(rate_moment m) {
  auto& t = tables_[next_table_];
  next_table_ = (next_table_ + 1) % tables_.size();
  for (int i = 0; i < drops_per_sweep; ++i) drop_oldest(t, m);
}

void rate_buckets::sweep_all(rate_moment m) {
  for (auto& t : tables_)
    for (auto left = t.by_age.size(); left > 0; --left) drop_oldest(t, m);
}

std::size_t rate_buckets::closed_account_gates(steady_time now) const {
  return static_cast<std::size_t>(std::ranges::count_if(tables_.back().by_age, [now](const rate_bucket* b) { return b->closed_until > now; }));
}

}  // namespace drover::exchanges
