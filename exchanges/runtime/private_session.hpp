#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "exchanges/exchange.hpp"
#include "exchanges/protocol/private_wire.hpp"
#include "exchanges/raw/account_coverage.hpp"
#include "exchanges/stream_connection.hpp"

namespace drover::exchanges {

/// One account's private stream at any venue: login and subscriptions stage by stage, refusals and their waits, pings. No I/O.
class private_session final : public stream_protocol, private private_events {
 public:
  /// Waits after a refusal.
  static constexpr milliseconds refusal_floor{2'000}, refusal_ceiling{300'000};

  struct parts {
    random_source& random;
    std::unique_ptr<private_wire> wire;
    /// Names the account in records and logs.
    std::string label;
    /// The frames of a stage with credentials opened for as long as it takes, or why there are none.
    std::function<result<std::vector<std::string>>(private_wire&, int stage, const stream_access*)> make_frames;
    std::function<std::shared_ptr<const instrument_table>()> instruments;
    /// May destroy the account's place, not the session.
    std::function<void(const account_event&)> on_event;
    /// A login or subscription was refused with this error (rate limits and clock concern more than the account).
    std::function<void(const error&)> on_refusal;
    /// Where gaps are noted; outlives the session. May be null.
    account_coverage* coverage = nullptr;
  };
  explicit private_session(parts);

  /// Opened beside another one that is still heard: no gap is noted of what this one does not hear, until it takes over.
  void stand_by() { standing_by_ = true; }
  void take_over() { standing_by_ = false; }
  /// Nothing is wanted any more; the owner pokes the connection afterwards.
  void end();
  bool ended() const { return ended_; }
  /// What the next connection is opened with.
  void set_access(std::shared_ptr<const stream_access> access) { access_ = std::move(access); }
  const std::shared_ptr<const stream_access>& access() const { return access_; }
  const private_wire& wire() const { return *parts_.wire; }
  /// The access could not be had: the account hears of it, and the next attempt waits as after a refusal.
  void refuse_access(const error&, steady_time now);
  /// No connection before this time.
  std::optional<steady_time> retry_at() const { return retry_at_; }
  bool open() const { return open_; }
  /// This connection is of no use any more; the owner pokes it afterwards.
  void give_up(std::string reason) { broken_ = std::move(reason); }

  bool wants_connection() const override { return !ended_; }
  void on_open(steady_time now) override;
  void on_message(std::string_view frame, steady_time now) override;
  void on_close(std::string_view reason, steady_time now) override;
  action next_action(steady_time now) override;
  std::string_view account_of(std::string_view) const override { return parts_.label; }
  bool notes_gaps() const override { return parts_.coverage != nullptr; }

 private:
  void on_stage_done() override;
  void on_refused(error) override;
  void on_order(order_event) override;
  void on_fill(fill_event) override;
  void on_balances(balance_event) override;
  void on_pong() override {}
  void on_reply_wanted(std::string frame) override;
  void on_broken(std::string reason) override;
  void tell(const account_event&);
  account_coverage* coverage() const { return standing_by_ ? nullptr : parts_.coverage; }

  parts parts_;
  backoff refusals_{refusal_floor, refusal_ceiling};
  std::shared_ptr<const stream_access> access_;
  std::vector<std::string> replies_;
  std::string broken_;
  std::optional<steady_time> retry_at_;
  std::int64_t next_ping_ = 1;
  steady_time now_{}, last_sent_at_{}, stage_sent_at_{};
  /// The stage whose answers are awaited.
  int stage_ = 0;
  bool stage_sent_ = false;
  bool open_ = false, ended_ = false, told_lost_ = false, standing_by_ = false;
  std::uint64_t unreadable_ = 0;
};

}  // namespace drover::exchanges
