#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/timer.hpp"
#include "exchanges/exchange.hpp"
#include "exchanges/protocol/rate_rule.hpp"
#include "exchanges/rate_snapshot.hpp"

namespace drover::exchanges {

struct rate_options {
  /// Share of each published limit that this process uses; more than 1 only against venues that publish too little.
  double share = 1.0;
  /// Requests that may wait, of all and of one account; one more is refused at once. Lower lanes leave places to upper ones
  /// in the shares of share_permille().
  std::size_t queue_limit = 50'000, account_queue_limit = 20'000;
  /// Accounts times limits that may hold a count at a time; past it requests of further accounts are refused.
  std::size_t bucket_limit = 200'000;
  /// Local addresses to send from; empty: the default one.
  std::vector<std::string> source_addresses;
  /// A request may reach the venue so long after it was granted, on a busy machine too. At most half of a short window.
  nanoseconds transit = 500ms;
  /// How far our idea of the venue's clock may be off.
  nanoseconds clock_margin = 50ms;
};

/// Leave to send one request.
struct rate_grant {
  /// The local address to send it from: rate_ledger::source_address().
  std::size_t source = 0;
  steady_time granted_at{};
};

/// The request budget of one venue, shared by all tenants: limits per source address, per account, per account and symbol.
///
/// A request names what it charges and waits until everything fits at once; it holds nothing while it waits. Lanes pass in
/// order of urgency, within a lane accounts take turns, an account's own requests pass in order. Upper lanes have a share of
/// each limit that lower ones cannot use. During a ban of the address (or account) nothing of it passes, in no lane.
/// A grant costs O(log n); accounts that are idle cost nothing. Trading thread only.
class rate_ledger {
 public:
  rate_ledger(executor, timer_queue&, std::span<const rate_rule>, rate_options = {});
  ~rate_ledger();
  rate_ledger(const rate_ledger&) = delete;
  rate_ledger& operator=(const rate_ledger&) = delete;

  /// Waits for leave to send a request until `deadline`. `charges` name rules of the constructor's list, at most
  /// rate_demand::limit; `account` is empty for public requests, `symbol` matters to rules per symbol only. The arguments must
  /// live until it ends. exchange_errc::rate_limited when leave cannot be had in time, with retry_after where the end of
  /// what stands in the way is known; nothing was sent then. A cancelled wait frees its place.
  task<result<rate_grant>> acquire(lane, std::span<const rate_charge> charges, std::string_view account,
                                   std::string_view symbol, steady_time deadline);
  /// Leave at once, or how long to wait before asking again. Gives way to those that wait.
  std::expected<rate_grant, nanoseconds> try_acquire(lane, std::span<const rate_charge> charges, std::string_view account,
                                                     std::string_view symbol = {});

  /// What the venue said about its limits in an answer to a request of `account` that had `grant`. Counts are never lowered
  /// by it; a limit it names replaces the published one; a ban shorter than the present one changes nothing, and one lasts a
  /// second longer than the venue said.
  void apply(const limit_report&, const rate_grant& grant, std::string_view account, std::string_view symbol = {});
  /// Server clock minus ours: the venue's windows start on its own clock.
  void set_clock_offset(milliseconds offset);

  /// The address that an account's requests leave from, always the same one; for "" the least used at the moment.
  std::size_t source_of(std::string_view account) const;
  /// Empty for the default address.
  const std::string& source_address(std::size_t source) const;
  std::size_t source_count() const;

  /// The fullest limit of an address.
  double used_ratio() const;
  /// Until the last of the addresses is free again.
  std::optional<nanoseconds> banned_for() const;
  std::size_t waiting() const;
  rate_snapshot snapshot(std::size_t hottest_limit = 20) const;

  /// The share of a limit that a lane may fill, in thousandths.
  static int share_permille(lane);

 private:
  class state;
  class queue_place;
  std::unique_ptr<state> state_;
};

}  // namespace drover::exchanges
