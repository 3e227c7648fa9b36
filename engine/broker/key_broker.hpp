#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/rate_limiter.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"
#include "crypto/keyring.hpp"
#include "engine/broker/broker_line.hpp"
#include "engine/orders/commit_queue.hpp"
#include "engine/orders/entry_gate.hpp"
#include "exchanges/protocol/venue_protocol.hpp"
#include "tenants/accounts/account_store.hpp"
#include "tenants/broker/broker_client_store.hpp"

namespace drover::engine {

/// How requests for a configured exchange are made: its protocol, and where they go.
struct signing_venue {
  std::unique_ptr<exchanges::venue_protocol> protocol;
  /// Without a slash at the end.
  std::string base_url;
};
/// By venue_of() an account's exchange and region.
using signing_venues = std::map<std::string, signing_venue>;

/// What the trading thread knows at one moment.
struct trading_word {
  /// The exchange's clock minus ours.
  milliseconds clock_offset{};
  /// Why no new order may leave, for a person; empty: it may.
  std::string halted;
};

/// The caller, as the kernel says.
struct broker_peer {
  std::uint32_t uid = 0;
  std::int32_t pid = 0;
};

struct key_broker_parts {
  drover::executor executor;
  timer_queue& timers;
  random_source& random;
  tenants::broker_client_store& clients;
  tenants::account_store& accounts;
  tenants::audit_store& audit;
  const crypto::keyring& keyring;
  const signing_venues& venues;
  /// Asks the trading thread; the venue is where the account trades.
  std::function<task<trading_word>(order_owner, std::string venue)> ask_trading;
  std::function<bool()> is_locked_down;
  /// Locks and kills are known, and the engine does not stop.
  std::function<bool()> is_open;
};

/// Signs requests of accounts for other programs of this machine, which never see a secret; shows one only where the
/// operator let the client (docs/BROKER.md, SPEC E2). Who calls is asked of the kernel first, then of the token.
/// Whatever is given out is in the audit trail before: no row, no signature. Rows of calls that come together share a
/// commit. Owner's executor only.
class key_broker {
public:
  explicit key_broker(key_broker_parts);
  /// One line of JSON for one line. Never throws for what a caller did.
  task<secret> answer(broker_peer, secret line);

  /// Calls of all clients of one user together, before any database is asked.
  static constexpr rate_limit calls_of_uid{500, 500};
  /// Refusals that are written into the audit trail; the others are counted, and named by the next one that is.
  static constexpr rate_limit audited_refusals{1, 20};
  /// The client itself bounds how long what was signed is good; no longer than this.
  static constexpr milliseconds validity_limit{10'000};
  /// Calls that wait for their row of the trail.
  static constexpr std::size_t waiting_limit = 256, commit_batch = 64;

private:
  struct caller;
  task<result<secret>> serve(broker_peer, const broker_call&);
  task<result<tenants::broker_client>> admit(broker_peer, const broker_call&);
  task<result<secret>> sign(caller, const broker_call&);
  task<result<secret>> reveal(caller, const broker_call&);
  task<result<tenants::runnable_account>> find_account(account_id);
  task<result<void>> check_halt(const tenants::account&, exchanges::operation, trading_word&);
  task<result<void>> put_on_record(const caller&, account_id, std::string action, std::string detail);
  task<result<exchanges::credentials>> open_keys(tenants::runnable_account);
  task<result<secret>> refuse(caller, account_id, error);
  task<void> note_denied(broker_peer, const error&);
  std::string suppressed_text();

  key_broker_parts parts_;
  rate_limiter limiter_;
  commit_queue<tenants::broker_use, bool> record_;
  std::int64_t last_nonce_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace drover::engine
