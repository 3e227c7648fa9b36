#include <fmt/core.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <stdexcept>

#include "base/run_on.hpp"
#include "base/task_scope.hpp"
#include "bench/benches.hpp"
#include "bench/loopless_venue.hpp"
#include "crypto/mac.hpp"
#include "engine/bots/bot_manager.hpp"
#include "exchanges/binance/parse.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "exchanges/registry.hpp"
#include "tenants/accounts/account_service.hpp"

namespace drover::bench {
namespace {

constexpr user_id tenant(1);
constexpr user_id admin(2);
constexpr int warm_up = 200;
constexpr nanoseconds patience = 20s;

/// Orders on every tick: the shortest way from a frame to a request.
class eager_strategy final : public engine::strategy {
 public:
  engine::strategy_actions on_start(const engine::strategy_context&) override { return {}; }
  engine::strategy_actions on_tick(const engine::strategy_context& ctx) override {
    return {engine::place_order{exchanges::side::buy, exchanges::order_type::limit, ctx.ticker->bid_price, "0.001"_dec, "eager"}};
  }
  engine::strategy_actions on_order(const engine::strategy_context&, const engine::live_order&) override { return {}; }
  engine::strategy_actions on_fill(const engine::strategy_context&, const exchanges::fill&, std::string_view) override { return {}; }
  std::string save_state() const override { return {}; }
};

const engine::strategy_kind* eager_kind(std::string_view) {
  static const engine::strategy_kind kind{
      "eager", "orders on every tick", "{}",
      [](const std::string&, const std::string&) -> result<std::unique_ptr<engine::strategy>> { return std::make_unique<eager_strategy>(); },
      [](const std::string&) -> result<std::string> { return "BTC/USDT"; }};
  return &kind;
}

std::string tick_frame(int n) {
  return fmt::format(R"({{"stream":"btcusdt@bookTicker","data":{{"u":{},"s":"BTCUSDT","b":"{}.10000000","B":"1.00000000","a":"60010.20000000","A":"2.00000000"}}}})",
                     n + 1, 60000 + n % 7);
}

double us(nanoseconds d) { return std::chrono::duration<double, std::micro>(d).count(); }

/// One bot of the engine on a venue without a wire.
class rig {
 public:
  rig() {
    http_.on_order = [this](const client_request&) {
      if (fed_at_) taken_.push_back(time_.now() - *std::exchange(fed_at_, std::nullopt));
    };
    exchanges::exchange_config config{.name = "binance", .dialect = "binance", .rest_url = "http://venue", .stream_url = "ws://venue",
                                      .ws_api_url = "ws://venue/ws-api/v3", .limit_percent = 1'000'000'000};
    venues_.emplace("binance", exchanges::make_exchange(config, {io_.get_executor(), *timers_, random_, http_, sockets_, *recorder_}).value());
    engine::bots_config bots;
    bots.orders.limits.max_orders_per_minute = 0;
    manager_ = std::make_unique<engine::bot_manager>(
        bots, engine::bot_manager_parts{io_.get_executor(), *timers_, random_, time_, *accounts_, *bots_, keyring_, *journal_, venues_, board_,
                                        counters_, [](const engine::earnings_event&) {}, "bench", eager_kind});
  }

  void start() {
    task_scope scope(io_.get_executor(), "bench");
    scope.spawn("connect", connect_account());
    turn_until("an approved account", [&] { return approved_; });
    for (auto& [name, venue] : venues_) venue->start();
    manager_->start();
    turn_until("a running bot", [&] { return board_.counts()[engine::bot_state::running] == 1 && sockets_.market_is_subscribed(); });
  }

  /// One frame in; answers when its order has left.
  void tick(int n) {
    const auto before = taken_.size();
    fed_at_ = time_.now();
    sockets_.feed(tick_frame(n));
    turn_until("an order", [&] { return taken_.size() > before; });
    // The rest of the order's life is not part of the figure, but of the next one's calm.
    io_.poll();
  }

  void stop() {
    task_scope scope(io_.get_executor(), "bench");
    scope.spawn("stop", stop_all());
    turn_until("the end", [&] { return stopped_; });
  }

  std::vector<nanoseconds> taken(int last) const { return {taken_.end() - last, taken_.end()}; }

 private:
  template <class Condition>
  void turn_until(const char* what, Condition condition) {
    const auto end = time_.now() + patience;
    while (!condition()) {
      if (time_.now() > end) throw std::runtime_error(std::string("no ") + what);
      io_.restart();
      if (io_.poll_one() == 0) io_.run_one_for(1ms);
    }
  }

  task<void> connect_account() {
    tenants::exchange_catalogue catalogue{[](const std::string&) { return true; }, [](const std::string&) { return false; }, {"binance"}};
    auto probe = [](std::string, secret, secret, secret) -> task<tenants::probe_outcome> { co_return tenants::probe_outcome{.accepted = true}; };
    tenants::account_service service(*accounts_, keyring_, catalogue, probe);
    tenants::account_request request{"binance", secret(std::string(64, 'k')), secret(std::string(64, 's')), {}, "bench"};
    auto made = co_await service.create(tenant, std::move(request));
    auto done = co_await accounts_->approve(admin, made.value().id, std::nullopt, "");
    approved_ = done.has_value();
  }

  task<void> stop_all() {
    co_await manager_->drain();
    for (auto& [name, venue] : venues_) co_await venue->stop();
    stopped_ = true;
  }

  asio::io_context io_{1};
  const clock& time_ = system_clock();
  random_source& random_ = system_random();
  std::unique_ptr<timer_queue> timers_ = make_timer_queue(io_.get_executor(), time_);
  crypto::keyring keyring_{crypto::master_key::generate(random_), random_};
  std::unique_ptr<tenants::account_store> accounts_ =
      tenants::make_memory_account_store(time_, {[](user_id) { return true; }, [](user_id) { return std::string("bench"); }});
  std::unique_ptr<engine::bot_store> bots_ = engine::make_memory_bot_store(time_, {[](account_id) { return std::optional(tenant); }});
  std::unique_ptr<engine::order_journal> journal_ = engine::make_memory_order_journal(time_);
  std::unique_ptr<exchanges::raw_recorder> recorder_ = exchanges::make_discarding_recorder();
  loopless_http http_;
  loopless_websockets sockets_{io_.get_executor()};
  std::map<std::string, std::unique_ptr<exchanges::exchange>> venues_;
  engine::bot_board board_;
  engine::order_counters counters_;
  std::unique_ptr<engine::bot_manager> manager_;
  std::optional<steady_time> fed_at_;
  std::vector<nanoseconds> taken_;
  bool approved_ = false, stopped_ = false;
};

/// The floor: parse the frame and sign the order's form, with the key schedule made anew as for a key that is wiped after use.
std::vector<nanoseconds> floor_times(int count) {
  const auto& time = system_clock();
  const std::string form =
      "timestamp=1700000000123&symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00100&price=60000.10&"
      "newClientOrderId=0123456789abcdef0123456789abcdef&recvWindow=5000";
  const std::string key(64, 's');
  std::vector<nanoseconds> taken;
  for (int i = 0; i < count; ++i) {
    const auto frame = tick_frame(i);
    const auto start = time.now();
    auto parsed = exchanges::binance::parse_market_frame(frame);
    auto signature = crypto::hmac_sha256(key, form);
    taken.push_back(time.now() - start);
    if (!parsed || signature.empty()) throw std::runtime_error("the floor does not work");
  }
  return taken;
}

}  // namespace

int run_tick_to_order(int count) {
  rig bot;
  bot.start();
  for (int i = 0; i < warm_up + count; ++i) bot.tick(i);
  const latencies ours(bot.taken(count)), floor(floor_times(count));
  bot.stop();
  fmt::print("{{\"p50_us\":{:.2f},\"p99_us\":{:.2f},\"floor_p50_us\":{:.2f},\"floor_p99_us\":{:.2f}}}\n", us(ours.at(0.5)), us(ours.at(0.99)),
             us(floor.at(0.5)), us(floor.at(0.99)));
  return 0;
}

}  // namespace drover::bench
