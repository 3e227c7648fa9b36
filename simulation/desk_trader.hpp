#pragma once

#include <memory>
#include <set>
#include <string>

#include "engine/orders/order_desk.hpp"
#include "exchanges/venue_clock.hpp"
#include "simulation/setting.hpp"
#include "simulation/venue_link.hpp"

namespace drover::simulation {

/// One account's order desk with somebody behind it who wants this and that: the real desk over the model venue and
/// journal.
class desk_trader final : public engine::order_listener {
public:
  struct parts {
    setting& around;
    const model_account& account;
    std::shared_ptr<const life_line> life;
    exchanges::exchange& exchange;
    engine::order_journal& journal;
    timer_queue& timers;
    const clock& time;
    random_source& random;
  };
  explicit desk_trader(parts);
  ~desk_trader() override;

  /// Reconciles, then trades, until cancelled or the account is lost.
  task<void> run(std::int64_t lease_epoch);
  task<void> stop();
  bool is_running() const { return running_; }
  const model_account& account() const { return parts_.account; }
  decimal position() const { return desk_->position().quantity; }

private:
  void on_order_changed(const engine::live_order&, const std::string& reason) override;
  void on_fill(const engine::booked_fill&) override;
  void on_desk_failed(const error&) override;
  task<bool> reconcile(std::int64_t lease_epoch);
  void lock();
  void check_settled() const;
  void act();
  void place();
  decimal sellable() const;

  parts parts_;
  std::unique_ptr<exchanges::exchange_account> connection_;
  exchanges::venue_clock venue_time_;
  std::unique_ptr<engine::order_desk> desk_;
  bool running_ = false, failed_ = false, lost_ = false, blocked_ = false;
  std::set<std::string> told_fills_;
  /// What the desk was asked to cancel when nothing was wanted any more.
  std::set<uuid> cancelled_;
};

}  // namespace drover::simulation
