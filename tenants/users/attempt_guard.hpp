#pragma once

#include <optional>
#include <string>
#include <unordered_set>

#include "base/error.hpp"
#include "tenants/users/attempt_throttle.hpp"

namespace drover::tenants {

/// Who may have a password tried now (SEC-26): failures slow down the name they were about, the network they came from
/// (an IPv6 /64 is one) and, when there are very many, everybody. Asked before any hashing. A stranger who keeps a name
/// slowed down does not keep its owner out: where a name has logged in from is remembered, and slowed down by failures
/// from there only. One thread.
class attempt_guard {
public:
  struct limits {
    /// At most about seventy failures an hour.
    throttle_pace name{};
    throttle_pace network{.free = 30, .first = 1s, .longest = 15s, .forgets_every = 2s};
    throttle_pace everybody{.free = 300, .first = 100ms, .longest = 1s, .forgets_every = 100ms};
    std::size_t tracked_keys = 100'000;
  };
  explicit attempt_guard(limits);

  /// One attempt under way; what is not told to be over counts as a failure.
  struct attempt {
    std::string name, network, place;
    bool from_known_place = false;
  };
  /// tenant_errc::overloaded with retry_after. An empty name: only the network counts.
  result<attempt> begin(std::string name, const std::string& remote_address, steady_time now);
  /// The password was right; this is a place of this name from here on.
  void succeeded(const attempt&, steady_time now);
  /// Nothing was found out: the database was away, too much was waiting.
  void forgive(const attempt&, steady_time now);

private:
  void remember(const std::string& place);
  std::optional<milliseconds> wait_of(const attempt&, steady_time now) const;

  std::size_t tracked_keys_;
  attempt_throttle names_, places_, networks_, everybody_;
  std::unordered_set<std::string> known_places_;
};

}  // namespace drover::tenants
