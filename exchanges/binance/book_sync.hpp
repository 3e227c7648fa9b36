#pragma once

#include <deque>

#include "exchanges/binance/parse.hpp"
#include "exchanges/order_book.hpp"

namespace drover::exchanges::binance {

/// Joins a REST depth snapshot and the diff stream into a book ("How to manage a local order book correctly" of the venue's
/// documentation). No I/O: the owner fetches a snapshot whenever needs_snapshot() says so.
class book_sync {
 public:
  /// Updates kept while the snapshot is under way (at ten a second: more than a quarter of an hour); when full, all are
  /// dropped and it starts anew.
  static constexpr std::size_t buffer_limit = 10'000;

  enum class outcome {
    /// Kept until the snapshot is there.
    buffered,
    /// Older than the book: ignored.
    stale,
    applied,
    /// Something is missing between the book and this update: the book is void, a snapshot is needed.
    gap,
  };

  outcome on_update(depth_update);
  /// False when the snapshot is older than what is buffered can continue: fetch another one.
  bool on_snapshot(const depth_snapshot&);
  /// Connection lost: everything is void.
  void reset();

  bool needs_snapshot() const { return !live_; }
  const order_book& book() const { return book_; }
  std::int64_t last_update_id() const { return last_id_; }
  std::uint64_t applied() const { return applied_; }

 private:
  outcome apply(const depth_update&);

  order_book book_;
  std::deque<depth_update> waiting_;
  std::int64_t last_id_ = 0;
  std::uint64_t applied_ = 0;
  bool live_ = false;
  /// The first update after a snapshot may begin before it; all later ones must join exactly.
  bool joined_ = false;
};

}  // namespace drover::exchanges::binance
