#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/error.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges::paper {

/// A depth message of a recording: the levels that changed, with their new quantity (0 = gone).
struct depth_diff {
  std::int64_t first_update_id = 0, last_update_id = 0;
  std::vector<book_level> bids, asks;
};

struct depth_snapshot {
  std::int64_t last_update_id = 0;
  std::vector<book_level> bids, asks;
};

/// The book as the venue published it, from a snapshot and diffs by Binance's rules ("How to manage a local order book
/// correctly", VENUES §3): diffs that came before the snapshot are buffered; those that end at or before it are dropped;
/// the first one applied must contain the snapshot's id + 1; each later one must follow its predecessor without a gap.
class recorded_book {
 public:
  using ascending = std::map<decimal, decimal>;
  using descending = std::map<decimal, decimal, std::greater<>>;
  /// Hears each level whose quantity changed.
  using level_handler = std::function<void(side, decimal price, decimal quantity)>;

  /// Diffs that may wait for the snapshot.
  static constexpr std::size_t buffer_limit = 10'000;

  explicit recorded_book(level_handler on_level = {}) : on_level_(std::move(on_level)) {}

  bool synchronised() const { return synchronised_; }
  std::int64_t last_update_id() const { return last_update_id_; }
  /// Diffs applied since the snapshot.
  std::size_t applied() const { return applied_; }
  const descending& bids() const { return bids_; }
  const ascending& asks() const { return asks_; }

  /// Starts afresh from the snapshot and applies what was buffered. errc::malformed when the buffered diffs leave a gap.
  result<void> apply(const depth_snapshot&);
  /// True when the diff was applied, false when it was buffered or is older than the book. errc::malformed for a gap.
  result<bool> apply(const depth_diff&);

 private:
  void set_level(side, const book_level&);
  level_handler on_level_;
  descending bids_;
  ascending asks_;
  std::vector<depth_diff> buffered_;
  std::int64_t last_update_id_ = 0;
  std::size_t applied_ = 0;
  bool synchronised_ = false;
};

}  // namespace drover::exchanges::paper
