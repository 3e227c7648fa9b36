#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exchanges/rate_ledger.hpp"
#include "exchanges/rate_queue.hpp"
#include "exchanges/rate_usage.hpp"

namespace drover::exchanges {

/// A published limit as this process keeps it.
struct rate_entry {
  rate_rule rule;
  rate_shape shape;
  /// With our share.
  std::int64_t limit = 1;
};

/// One limit of one address, account, or account and symbol, with who waits for it. Without an entry it is a gate: closed
/// while the venue bans us.
struct rate_bucket {
  std::uint64_t id = 0;
  const rate_entry* entry = nullptr;
  std::optional<rate_usage> usage;
  std::int64_t limit = 1;
  /// The venue named another limit than the published one.
  bool graded = false;
  steady_time closed_until{};
  steady_time last_used{};
  std::string account, symbol;
  /// Waiters that will charge it, here or elsewhere.
  std::size_t pins = 0;
  /// Null while nobody waits.
  std::unique_ptr<rate_queue> queue;
  /// When its head is looked at again.
  std::optional<steady_time> due;
  std::list<rate_bucket*>::iterator by_age;

  rate_need need(lane, int weight) const;
  bool fits(rate_moment, lane, int weight);
  steady_time next_chance(rate_moment);
  rate_level level(rate_moment);
  bool has_waiters() const { return queue && !queue->empty(); }
};

/// All buckets of a venue. Those of accounts exist only while they count something or somebody waits for them.
class rate_buckets {
 public:
  rate_buckets(std::span<const rate_rule>, const rate_options&, std::size_t sources);

  std::span<const rate_entry> entries() const { return entries_; }
  std::int64_t scaled(std::int64_t published) const;

  /// Null when there are too many already.
  rate_bucket* get(std::size_t rule, std::size_t source, std::string_view account, std::string_view symbol, steady_time now);
  rate_bucket& address_gate(std::size_t source) { return address_gates_[source]; }
  rate_bucket* find_account_gate(std::string_view account);
  /// Null when there are too many already.
  rate_bucket* get_account_gate(std::string_view account, steady_time now);
  /// Marks it as used now.
  void touch(rate_bucket&, steady_time now);

  /// Drops some account buckets that count nothing any more; bounded work.
  void sweep_some(rate_moment);
  /// Drops all of them.
  void sweep_all(rate_moment);

  std::size_t account_buckets() const { return account_buckets_; }
  std::size_t closed_account_gates(steady_time now) const;
  rate_bucket& address_bucket(std::size_t rule, std::size_t source) { return address_buckets_[rule * sources_ + source]; }
  template <class Visit>
  void for_each_account_bucket(Visit visit) {
    for (auto& t : tables_)
      for (auto* b : t.by_age)
        if (b->entry) visit(*b);
  }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view t) const { return std::hash<std::string_view>{}(t); }
  };
  struct table {
    std::unordered_map<std::string, rate_bucket, text_hash, std::equal_to<>> by_key;
    /// Least recently used first.
    std::list<rate_bucket*> by_age;
  };
  rate_bucket* get_in(table&, const rate_entry*, std::string_view key, std::string_view account, std::string_view symbol,
                      steady_time now);
  void fill(rate_bucket&, const rate_entry*);
  /// False when nothing was dropped.
  bool drop_oldest(table&, rate_moment);
  bool is_disposable(rate_bucket&, rate_moment) const;

  double share_;
  std::size_t bucket_limit_, sources_;
  std::vector<rate_entry> entries_;
  std::deque<rate_bucket> address_buckets_, address_gates_;
  /// One for each rule (empty for address rules), the last one for the gates of accounts.
  std::vector<table> tables_;
  std::size_t account_buckets_ = 0, next_table_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace drover::exchanges
