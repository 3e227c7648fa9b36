#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task_scope.hpp"
#include "bench/loopless_venue.hpp"
#include "bench/turn.hpp"
#include "crypto/keyring.hpp"
#include "engine/bots/bot_manager.hpp"
#include "exchanges/raw/raw_recorder.hpp"
#include "tenants/accounts/account_service.hpp"

namespace drover::bench {

/// A frame of the market: best bid 60,000.10 plus n modulo 7.
std::string tick_frame(int n);

/// Bots of the engine on a venue without a wire: one for each account, all on one market, everything in memory. One
/// thread.
class bot_rig {
public:
  explicit bot_rig(engine::bots_config = {},
                   const engine::strategy_kind* (*find_kind)(std::string_view) = engine::find_strategy_kind,
                   engine::strategy_meters = {});

  /// Accounts, each with a bot of that strategy. Before start().
  void add_bots(int count, const std::string& strategy, const std::string& parameters = "{}");
  /// Until as many bots run and hear the market.
  void start();
  void stop();

  /// tick_frame(n) comes in.
  void feed(int n);
  /// Turns the executor until `condition`; throws when that takes too long.
  template <class Condition>
  void turn_until(const char* what, Condition condition) {
    bench::turn_until(io_, time_, patience, what, std::move(condition));
  }
  /// Runs what can run now.
  void settle() {
    io_.restart();
    io_.poll();
  }

  /// Called when a signed order would have left.
  std::function<void()> on_order;
  std::int64_t count(engine::bot_state) const;
  const std::vector<bot_id>& bots() const { return ids_; }
  engine::bot_status status(bot_id id) const { return board_.find(id).value_or(engine::bot_status{}); }
  /// Its ticks are delayed because it takes too much of the thread.
  bool is_slowed(bot_id id) const {
    const auto report = manager_->report_bot(id);
    return report && report->slowed;
  }
  const clock& time() const { return time_; }
  executor get_executor() { return io_.get_executor(); }
  timer_queue& timers() { return *timers_; }

private:
  static constexpr nanoseconds patience = 300s;
  task<void> connect(std::string strategy, std::string parameters, int count);
  task<void> stop_all();

  asio::io_context io_{1};
  const clock& time_;
  random_source& random_;
  std::unique_ptr<timer_queue> timers_;
  crypto::keyring keyring_;
  std::unique_ptr<tenants::account_store> accounts_;
  std::map<account_id, user_id> owners_;
  std::unique_ptr<engine::bot_store> bots_;
  std::unique_ptr<engine::order_journal> journal_;
  std::unique_ptr<exchanges::raw_recorder> recorder_;
  loopless_http http_;
  loopless_websockets sockets_{io_.get_executor()};
  std::map<std::string, std::unique_ptr<exchanges::exchange>> venues_;
  engine::bot_board board_;
  engine::order_counters counters_;
  std::unique_ptr<engine::bot_manager> manager_;
  std::vector<bot_id> ids_;
  bool connected_ = false, stopped_ = false;
};

}  // namespace drover::bench
