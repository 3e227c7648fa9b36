#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>

#include "engine/orders/order_desk.hpp"
#include "tests/support/manual_time.hpp"
#include "tests/unit/engine/order_fakes.hpp"

namespace drover::engine::test {

inline std::shared_ptr<const exchanges::instrument> make_instrument() {
  return std::make_shared<const exchanges::instrument>(exchanges::instrument{.symbol = "BTC/USDT",
                                                                             .venue_symbol = "BTCUSDT",
                                                                             .base_asset = "BTC",
                                                                             .quote_asset = "USDT",
                                                                             .tick_size = "0.01"_dec,
                                                                             .lot_size = "0.001"_dec,
                                                                             .min_quantity = "0.001"_dec,
                                                                             .max_quantity = 1000,
                                                                             .min_notional = 5,
                                                                             .trading = true});
}

struct recording_listener final : order_listener {
  std::vector<std::pair<live_order, std::string>> changes;
  std::vector<booked_fill> fills;
  std::vector<error> failures;
  void on_order_changed(const live_order& o, const std::string& reason) override { changes.emplace_back(o, reason); }
  void on_fill(const booked_fill& f) override { fills.push_back(f); }
  void on_desk_failed(const error& e) override { failures.push_back(e); }
  int count(intent_state s) const {
    return static_cast<int>(std::ranges::count_if(changes, [s](const auto& c) { return c.first.state == s; }));
  }
};

/// A desk between a venue and a journal that outlive it, on a clock that moves when told.
class order_world {
 public:
  explicit order_world(std::uint64_t seed = 1) : random(seed) { config.limits.max_orders_per_minute = 0; }
  ~order_world() { crash(); }

  asio::io_context io{1};
  drover::test::manual_clock time;
  drover::test::manual_timers timers{time};
  seeded_random random;
  fake_venue venue{timers};
  fake_account account{venue};
  std::unique_ptr<order_journal> memory = make_memory_order_journal(time);
  weak_journal journal{*memory, timers};
  order_desk_config config;
  entry_gate gate;
  recording_listener heard;
  std::unique_ptr<order_desk> desk;
  const account_id id{7};
  const user_id owner{3};
  order_owner whose() const { return {.user = owner, .account = id, .exchange = "paper", .bot = {}}; }

  void turn() {
    io.restart();
    io.poll();
  }

  /// Virtual time passes; everything that becomes ready runs at its moment.
  void pass(nanoseconds d) {
    const auto end = time.now() + d;
    turn();
    while (timers.advance_to_next(end - time.now())) turn();
    turn();
  }

  template <class T>
  T run(task<T> t, nanoseconds limit = std::chrono::minutes(5)) {
    std::optional<T> value;
    std::exception_ptr failure;
    asio::co_spawn(io, std::move(t), [&](std::exception_ptr e, T v) {
      failure = e;
      value.emplace(std::move(v));
    });
    const auto end = time.now() + limit;
    turn();
    while (!value && timers.advance_to_next(end - time.now())) turn();
    if (failure) std::rethrow_exception(failure);
    if (!value) throw std::runtime_error("the task did not end in time");
    return std::move(*value);
  }

  void run(task<void> t) {
    auto wrapped = [](task<void> inner) -> task<bool> {
      co_await std::move(inner);
      co_return true;
    };
    run(wrapped(std::move(t)));
  }

  result<void> start(bool fresh = false) {
    crash();
    auto epoch = run(memory->acquire_lease(id, "engine"));
    desk = std::make_unique<order_desk>(whose(), make_instrument(), order_desk_parts{account, journal, timers, random, time, &gate},
                                        std::make_shared<const order_desk_config>(config), heard);
    desk->set_mid_price(100);
    venue.on_event = [this](const exchanges::account_event& e) { desk->handle(e); };
    auto done = run(desk->reconcile(*epoch, fresh));
    if (done && venue.stream_up) desk->handle(exchanges::stream_opened{});
    return done;
  }

  /// The process dies: what was in memory is gone, what is on the wire arrives.
  void crash() {
    if (!desk) return;
    venue.on_event = nullptr;
    run(desk->stop());
    desk.reset();
  }

  uuid buy(decimal quantity = 1, decimal price = 100) {
    auto placed = desk->place(exchanges::side::buy, exchanges::order_type::limit, price, quantity, "slot");
    if (!placed) throw std::runtime_error("refused: " + placed.error().to_string());
    return *placed;
  }

  journal_order stored(const uuid& order) {
    auto found = run(memory->find(order));
    if (!found || !*found) throw std::runtime_error("no such intent");
    return **found;
  }
  tenants::position stored_position() { return *run(memory->load_position(id, "BTC/USDT")); }
};

}  // namespace drover::engine::test
