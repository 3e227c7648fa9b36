#include "bench/bot_rig.hpp"

#include <fmt/core.h>

#include <utility>

#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "exchanges/registry.hpp"

namespace drover::bench {
namespace {

constexpr user_id admin(999'999'999);
constexpr const char* symbol = "BTC/USDT";

}  // namespace

std::string tick_frame(int n) {
  return fmt::format(
      R"({{"stream":"btcusdt@bookTicker","data":{{"u":{},"s":"BTCUSDT","b":"{}.10000000","B":"1.00000000","a":"60010.20000000","A":"2.00000000"}}}})",
      n + 1, 60000 + n % 7);
}

bot_rig::bot_rig(engine::bots_config config, const engine::strategy_kind* (*find_kind)(std::string_view),
                 engine::strategy_meters meters)
    : time_(system_clock()),
      random_(system_random()),
      timers_(make_timer_queue(io_.get_executor(), time_)),
      keyring_(crypto::master_key::generate(random_), random_),
      accounts_(tenants::make_memory_account_store(
          time_, {[](user_id) { return true; }, [](user_id) { return std::string("bench"); }})),
      bots_(engine::make_memory_bot_store(
          time_, {[this](account_id id) -> std::optional<user_id> { return owners_.at(id); }})),
      journal_(engine::make_memory_order_journal(time_)),
      recorder_(exchanges::make_discarding_recorder()) {
  http_.on_order = [this](const client_request&) {
    if (on_order) on_order();
  };
  venues_.emplace(
      "binance",
      exchanges::make_exchange(loopless_config(), {io_.get_executor(), *timers_, random_, http_, sockets_, *recorder_}).value());
  // Every bot is added by name; no account gets one by itself.
  config.strategy.clear();
  config.orders.limits.max_orders_per_minute = 0;
  manager_ = std::make_unique<engine::bot_manager>(
      std::move(config), engine::bot_manager_parts{.executor = io_.get_executor(),
                                                   .timers = *timers_,
                                                   .random = random_,
                                                   .wall = time_,
                                                   .accounts = *accounts_,
                                                   .bots = *bots_,
                                                   .keyring = keyring_,
                                                   .journal = *journal_,
                                                   .exchanges = venues_,
                                                   .board = board_,
                                                   .counters = counters_,
                                                   .on_earnings = [](const engine::earnings_event&) {},
                                                   .engine_name = "bench",
                                                   .find_kind = find_kind,
                                                   .meters = meters});
}

void bot_rig::add_bots(int count, const std::string& strategy, const std::string& parameters) {
  task_scope scope(io_.get_executor(), "bench");
  connected_ = false;
  scope.spawn("connect", connect(strategy, parameters, count));
  turn_until("connected accounts", [this] { return connected_; });
}

task<void> bot_rig::connect(std::string strategy, std::string parameters, int count) {
  tenants::exchange_catalogue catalogue{
      [](const std::string&) { return true; }, [](const std::string&) { return false; }, {"binance"}};
  auto probe = [](std::string, secret, secret, secret) -> task<tenants::probe_outcome> {
    co_return tenants::probe_outcome{.accepted = true};
  };
  tenants::account_service service(*accounts_, keyring_, catalogue, probe);
  for (int i = 0; i < count; ++i) {
    const user_id user(static_cast<std::int64_t>(owners_.size()) + 1);
    tenants::account_request request{
        "binance", secret(fmt::format("{:0>64}", user.value)), secret(std::string(64, 's')), {}, "bench"};
    auto made = co_await service.create(user, std::move(request));
    owners_[made.value().id] = user;
    auto approved = co_await accounts_->approve(admin, made->id, std::nullopt, "");
    engine::new_bot fresh{.user = user,
                          .account = approved.value().id,
                          .name = "bench",
                          .strategy = strategy,
                          .parameters = parameters,
                          .symbol = symbol,
                          .desired = engine::desired_state::running,
                          .resume = engine::resume_contract::resume};
    auto bot = co_await bots_->create(std::move(fresh), 1);
    ids_.push_back(bot.value().id);
  }
  connected_ = true;
}

void bot_rig::start() {
  for (auto& [name, venue] : venues_) venue->start();
  manager_->start();
  const auto wanted = static_cast<std::int64_t>(ids_.size());
  turn_until("running bots",
             [&] { return count(engine::bot_state::running) == wanted && sockets_.market_is_subscribed(); });
}

std::int64_t bot_rig::count(engine::bot_state state) const {
  const auto all = board_.counts();
  const auto found = all.find(state);
  return found == all.end() ? 0 : found->second;
}

void bot_rig::feed(int n) {
  sockets_.feed(tick_frame(n));
}

void bot_rig::stop() {
  task_scope scope(io_.get_executor(), "bench");
  scope.spawn("stop", stop_all());
  turn_until("end", [this] { return stopped_; });
}

task<void> bot_rig::stop_all() {
  co_await manager_->drain();
  for (auto& [name, venue] : venues_) co_await venue->stop();
  stopped_ = true;
}

}  // namespace drover::bench
