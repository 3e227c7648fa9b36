#include "app/copy_services.hpp"

#include "base/log.hpp"
#include "engine/bots/bot_manager.hpp"

namespace drover::app {

namespace {

const logger& log() {
  static const logger instance("copy");
  return instance;
}

/// One writes receipts, the other reads who follows.
constexpr std::size_t connections = 2;
/// Some tries within the life of an invitation.
constexpr nanoseconds prolong_interval = 30s;

}  // namespace

copy_services::copy_services(const settings& config, executor trading, timer_queue& trading_timers, database& web_db,
                             const engine::bot_board& board, std::function<engine::bot_manager*()> manager) {
  auto own = config.database;
  own.connections = connections;
  db_ = make_database(std::move(own), system_clock());
  trading_store_ = engine::make_postgres_copy_store(*db_);
  web_store_ = engine::make_postgres_copy_store(web_db);
  rooms_ = std::make_unique<engine::room_service>(*web_store_, system_random(), system_clock(),
                                                  engine::room_limits{.bots_per_user = config.bots.bots_per_user});
  engine::fan_out_parts parts{
      .executor = std::move(trading),
      .timers = trading_timers,
      .random = system_random(),
      .wall = system_clock(),
      .store = *trading_store_,
      .deliver = [manager](bot_id bot,
                           const engine::trade_signal& signal) { return manager()->deliver_signal(bot, signal); },
      .report = [manager](bot_id bot) { return manager()->report_bot(bot); },
      .why_idle =
          [&board](bot_id bot) {
            auto status = board.find(bot);
            return status ? std::string(engine::to_string(status->state)) + ", " + status->reason : std::string();
          }};
  fan_out_ = std::make_unique<engine::fan_out>(std::move(parts));
}

copy_services::~copy_services() = default;

void copy_services::listen_to(engine::bot_manager_parts& parts) {
  parts.on_signal_verdict = [this](bot_id bot, const engine::signal_verdict& verdict, const uuid& order) {
    fan_out_->on_verdict(bot, verdict, order);
  };
  parts.on_fill = [this](bot_id bot, account_id account, const engine::booked_fill& fill) {
    fan_out_->on_fill(bot, account, fill);
  };
}

task<void> copy_services::run_invitations(timer_queue& web_timers, std::function<bool(user_id)> is_connected) {
  for (;;) {
    auto leads = co_await web_store_->load_waiting_leads();
    if (!leads) log().warn("open invitations cannot be read", {{"err", leads.error()}});
    if (leads) std::erase_if(*leads, [&is_connected](user_id lead) { return !is_connected(lead); });
    if (leads && !leads->empty()) {
      const auto until = system_clock().wall_now() + engine::room_service::connected_life;
      auto done = co_await web_store_->extend_invitations(std::move(*leads), until);
      if (!done) log().warn("open invitations cannot be prolonged", {{"err", done.error()}});
    }
    co_await sleep_for(web_timers, prolong_interval);
  }
}

}  // namespace drover::app
