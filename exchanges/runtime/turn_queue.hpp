#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/timer.hpp"
#include "exchanges/exchange.hpp"

namespace drover::exchanges {

/// One at a time: the most urgent first, then first come first served. Trading thread only.
class turn_queue {
 public:
  explicit turn_queue(executor ex) : executor_(std::move(ex)) {}
  turn_queue(const turn_queue&) = delete;
  turn_queue& operator=(const turn_queue&) = delete;

  /// Ends with its destruction.
  class turn {
   public:
    explicit turn(turn_queue& queue) : queue_(&queue) {}
    turn(turn&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)) {}
    turn& operator=(turn&&) = delete;
    ~turn() {
      if (queue_) queue_->leave();
    }

   private:
    turn_queue* queue_;
  };

  /// None when it did not come by `deadline`.
  task<std::optional<turn>> enter(lane, timer_queue&, steady_time deadline);

 private:
  struct waiter {
    wake_event wake;
    bool granted = false;
  };
  using place = std::pair<lane, std::uint64_t>;
  class stay;
  void leave();

  executor executor_;
  bool busy_ = false;
  std::uint64_t next_ = 0;
  std::map<place, waiter*> waiting_;
};

}  // namespace drover::exchanges
