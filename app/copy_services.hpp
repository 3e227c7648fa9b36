#pragma once

#include <functional>
#include <memory>

#include "app/settings.hpp"
#include "base/postgres.hpp"
#include "base/random.hpp"
#include "engine/copy/fan_out.hpp"
#include "engine/copy/room_service.hpp"

namespace drover::app {

/// Copy trading: rooms for the web, the fan-out for the trading thread, which writes over connections of its own, so
/// that thousands of receipts hold up no order.
class copy_services {
public:
  /// `manager` answers the bot manager once there is one.
  copy_services(const settings&, executor trading, timer_queue& trading_timers, database& web_db,
                const engine::bot_board&, std::function<engine::bot_manager*()> manager);
  ~copy_services();

  /// Web thread.
  engine::room_service& rooms() { return *rooms_; }
  /// Trading thread.
  engine::fan_out& fan_out() { return *fan_out_; }
  /// Prolongs invitations that last while their lead is connected, until cancelled. Web thread.
  task<void> run_invitations(timer_queue& web_timers, std::function<bool(user_id)> is_connected);
  /// What the bot manager is to tell.
  void listen_to(engine::bot_manager_parts&);

private:
  std::unique_ptr<database> db_;
  std::unique_ptr<engine::copy_store> trading_store_, web_store_;
  std::unique_ptr<engine::room_service> rooms_;
  std::unique_ptr<engine::fan_out> fan_out_;
};

}  // namespace drover::app
