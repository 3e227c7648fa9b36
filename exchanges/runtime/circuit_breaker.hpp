#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "exchanges/exchange.hpp"

namespace drover::exchanges {

/// Stops asking what does not answer: open after `consecutive_limit` failures in a row, or when half of the last
/// `window_size` failed. Once in each pause one request may try; when that one is answered, everything passes again.
/// No clock of its own.
class circuit_breaker {
 public:
  static constexpr int consecutive_limit = 5;
  static constexpr int window_size = 20;
  static constexpr nanoseconds default_pause = 5s;

  explicit circuit_breaker(nanoseconds pause = default_pause) : pause_(pause) {}

  enum class verdict {
    pass,
    /// This one tries for all: its outcome must be told.
    probe,
    refuse,
  };
  verdict ask(steady_time now);
  void succeeded();
  /// `reason` is fit to be shown.
  void failed(std::string_view reason, steady_time now);
  /// The probe never left: the next one may try.
  void abandoned();

  breaker_state state(steady_time now) const;
  /// Until the next request may try; 0 when it may now.
  nanoseconds wait(steady_time now) const;
  /// Of the last failure while not closed.
  const std::string& reason() const { return reason_; }

 private:
  void open(steady_time now);
  void close();

  nanoseconds pause_;
  bool open_ = false, probing_ = false;
  steady_time retry_at_{};
  /// One bit an outcome, set for failures.
  std::uint32_t history_ = 0;
  int known_ = 0, consecutive_ = 0;
  std::string reason_;
};

}  // namespace drover::exchanges
