#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/timer.hpp"
#include "exchanges/exchange.hpp"
#include "exchanges/rate_ledger.hpp"

namespace drover::exchanges {

struct rate_bucket;

inline constexpr std::size_t lane_count = 5;
inline std::size_t index_of(lane l) { return static_cast<std::size_t>(l); }

/// An account (or "", the public) for as long as it has somebody waiting.
struct rate_tenant {
  std::size_t waiting = 0;
};

/// What one request charges, each bucket once.
struct rate_demand {
  static constexpr std::size_t limit = 8;
  struct part {
    rate_bucket* bucket = nullptr;
    int weight = 0;
  };
  std::array<part, limit> parts{};
  std::size_t size = 0;

  const part* begin() const { return parts.data(); }
  const part* end() const { return parts.data() + size; }
};

/// A request that wants leave.
struct rate_asking {
  exchanges::lane lane = exchanges::lane::read;
  /// Order of arrival.
  std::uint64_t number = 0;
  std::size_t source = 0;
  std::string_view account;
  rate_demand demand;
};

/// One that waits for it. Lives in the coroutine that waits.
struct rate_waiter {
  rate_asking asking;
  steady_time since;
  rate_tenant* tenant = nullptr;
  rate_bucket* parked_at = nullptr;
  std::optional<rate_grant> grant;
  wake_event wake;
};

/// Who waits at one bucket: lanes by urgency, within a lane tenants in turn, within a tenant in order of arrival.
class rate_queue {
 public:
  void push(rate_waiter&);
  void remove(rate_waiter&);
  /// Takes the head out; its tenant goes to the end of the turn.
  void pop_head();
  /// The most urgent, or null.
  rate_waiter* head() const;
  rate_waiter* head_of(lane) const;
  /// Somebody here passes before the one that asks: of an upper lane, or the next of its own when that came earlier.
  bool has_before(const rate_asking&) const;
  bool empty() const { return size_ == 0; }

 private:
  struct line {
    std::map<std::uint64_t, rate_waiter*> waiters;
    std::list<rate_tenant*>::iterator turn;
  };
  struct lane_line {
    std::list<rate_tenant*> turns;
    std::unordered_map<rate_tenant*, line> tenants;
  };
  std::array<lane_line, lane_count> lanes_;
  std::size_t size_ = 0;
};

}  // namespace drover::exchanges
