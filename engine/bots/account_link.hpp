#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/timer.hpp"
#include "crypto/keyring.hpp"
#include "engine/bots/balance_watch.hpp"
#include "engine/bots/connection_report.hpp"
#include "engine/orders/order_journal.hpp"
#include "exchanges/exchange.hpp"
#include "tenants/accounts/account.hpp"

namespace drover::engine {

/// What the bots of one account share: the key, one connection with one private stream, one lease. The connection lives while
/// somebody sits at it. Trading thread only; outlives its seats.
class account_link {
 public:
  using event_handler = std::function<void(const exchanges::account_event&)>;

  /// A bot's place: it hears what concerns its instrument, and everything that concerns the account as a whole.
  class seat {
   public:
    ~seat();
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    exchanges::exchange_account& exchange() const { return *link_.account_; }

   private:
    friend class account_link;
    seat(account_link& link, std::string symbol, event_handler on_event)
        : link_(link), symbol_(std::move(symbol)), on_event_(std::move(on_event)) {}
    account_link& link_;
    std::string symbol_;
    event_handler on_event_;
  };

  /// `venue` may be null (an exchange that is not configured): such a link is never opened. `lease_epoch` of an earlier link
  /// of the account, or 0.
  account_link(executor, const crypto::keyring&, const tenants::account&,
               std::shared_ptr<const tenants::sealed_credentials>, exchanges::exchange* venue, std::int64_t lease_epoch);

  exchanges::exchange* venue() const { return venue_; }
  /// What its owner connected, whatever the region: "bybit".
  const std::string& exchange_name() const { return sealed_->exchange_name; }
  bool withdraw_waived() const { return withdraw_waived_; }
  std::int64_t credential_version() const { return credential_version_; }
  const std::shared_ptr<const tenants::sealed_credentials>& sealed() const { return sealed_; }
  /// 0 = none.
  std::int64_t lease_epoch() const { return epoch_; }
  /// The manager took the lease, together with others'.
  void grant_lease(std::int64_t epoch) { epoch_ = std::max(epoch_, epoch); }
  /// A write under this lease was refused: the next start takes the account over anew.
  void lose_lease(std::int64_t epoch) {
    if (epoch_ == epoch) epoch_ = 0;
  }
  /// The lease that all bots of the account write under; taken once, whoever asks.
  task<result<std::int64_t>> hold_lease(order_journal&, std::string engine_name);

  /// Opens the connection for the first one. The account's events arrive as calls, never inside this one but for
  /// stream_opened when the stream is up already.
  std::unique_ptr<seat> take_seat(std::string symbol, event_handler);

  connection_report report() const;
  void set_probe(connection_probe);
  void set_drift(balance_drift);
  /// What the account's balances should be, over all its bots.
  balance_watch& balances() { return balances_; }

 private:
  void leave(seat&);
  void tell(const exchanges::account_event&);
  exchanges::credential_source make_credential_source() const;

  executor executor_;
  const crypto::keyring& keyring_;
  account_id id_;
  std::int64_t credential_version_;
  std::shared_ptr<const tenants::sealed_credentials> sealed_;
  exchanges::exchange* venue_;
  std::int64_t epoch_;
  std::unique_ptr<exchanges::exchange_account> account_;
  std::vector<seat*> seats_;
  /// Who waits for the lease that somebody is taking.
  std::vector<wake_event*> waiters_;
  /// Most accounts of a young process have none.
  std::unique_ptr<connection_probe> last_probe_;
  std::unique_ptr<balance_drift> last_drift_;
  balance_watch balances_;
  bool taking_lease_ = false, stream_up_ = false, withdraw_waived_ = false;
};

}  // namespace drover::engine
