#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/timer.hpp"
#include "exchanges/raw/raw_recorder.hpp"

namespace drover::exchanges {

/// A poll that is due in every slot of a fixed length (slots begin at whole multiples of it on the wall clock). A slot that ends
/// without an answer becomes a gap row with the numbers of the missed slots, so that a series never silently misses one; slots
/// missed one after the other for the same reason share a row, at most `slots_per_row` of them. The owner says what happened;
/// slots are closed by a timer of their own. Trading thread only.
class poll_series {
 public:
  static constexpr std::int64_t slots_per_row = 60;

  /// `stream` as the answers' records ("binance.rest"), `name` of the poll ("balances"), `account` may be empty.
  poll_series(raw_recorder&, timer_queue&, std::string stream, std::string name, std::string account, nanoseconds interval);
  /// The slot that has begun is not counted: whoever destroys a series stops it.
  ~poll_series();
  poll_series(const poll_series&) = delete;
  poll_series& operator=(const poll_series&) = delete;

  /// The poll of this slot was answered.
  void answered();
  /// The poll could not be made or failed; another one in the same slot may still succeed.
  void failed(std::string_view reason);
  /// When the next slot begins: a good time to poll.
  steady_time next_slot_at() const;

 private:
  struct missed {
    std::int64_t first = 0, last = 0;
    std::string reason;
  };
  std::int64_t slot_of(wall_time) const;
  wall_time begin_of(std::int64_t slot) const { return {interval_ * slot}; }
  void close_slots();
  void note(std::int64_t first, std::int64_t last, const std::string& reason);
  void flush();
  void schedule();

  raw_recorder& recorder_;
  timer_queue& timers_;
  std::string stream_, name_, account_;
  nanoseconds interval_;
  std::int64_t open_slot_;
  bool answered_ = false;
  std::string reason_;
  std::optional<missed> missed_;
  std::optional<timer_id> timer_;
};

}  // namespace drover::exchanges
