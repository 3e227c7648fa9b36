#pragma once

#include <cstddef>
#include <deque>

#include "exchanges/order_book.hpp"
#include "exchanges/protocol/market_wire.hpp"

namespace drover::exchanges {

/// Keeps one order book by its venue's rules: the whole from the stream or from REST, changes in their order. No I/O: the owner
/// fetches a snapshot whenever needs_snapshot() says so and verifies checksums.
class book_keeper {
 public:
  /// Updates kept while the snapshot is under way (at ten a second: more than a quarter of an hour); when full, all are
  /// dropped and it starts anew.
  static constexpr std::size_t buffer_limit = 10'000;

  explicit book_keeper(book_rules rules) : rules_(rules) {}

  enum class outcome {
    /// Waits for the whole.
    buffered,
    /// Older than the book: ignored.
    stale,
    applied,
    /// Something is missing between the book and this update: the book is void, the whole is needed anew.
    gap,
  };

  outcome on_update(book_update);
  /// False when the snapshot is older than what is buffered can continue: fetch another one.
  bool on_snapshot(const book_snapshot&);
  /// Connection lost, checksum wrong: everything is void.
  void reset();

  bool live() const { return live_; }
  bool needs_snapshot() const { return !live_ && rules_.snapshot_by_rest; }
  const order_book& book() const { return book_; }
  std::int64_t last_update_id() const { return last_id_; }
  std::uint64_t applied() const { return applied_; }

 private:
  outcome apply(const book_update&);
  bool is_old(const book_update&) const;
  bool follows(const book_update&) const;
  void fill(const std::vector<book_level>& bids, const std::vector<book_level>& asks);

  book_rules rules_;
  order_book book_;
  std::deque<book_update> waiting_;
  std::int64_t last_id_ = 0;
  std::uint64_t applied_ = 0;
  bool live_ = false;
  /// The first update after a REST snapshot may begin before it; all later ones must join exactly.
  bool joined_ = false;
};

}  // namespace drover::exchanges
