#include "engine/control/trading_control.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tenants/errors.hpp"
#include "tests/support/bot_world.hpp"
#include "tests/unit/engine/note_disk.hpp"

namespace drover::engine {
namespace {

using kind = halt_scope::kind;
using tenants::tenant_errc;

/// A store whose database goes away.
class weak_control_store final : public control_store {
 public:
  explicit weak_control_store(control_store& inner) : inner_(inner) {}
  bool away = false;

  task<result<kill>> add_kill(kill k) override { return through<kill>(inner_.add_kill(std::move(k))); }
  task<result<void>> update_kill(uuid id, kill_state s, kill_receipt r) override { return through<void>(inner_.update_kill(id, s, std::move(r))); }
  task<result<void>> release_kill(uuid id, user_id by, wall_time at) override { return through<void>(inner_.release_kill(id, by, at)); }
  task<result<kill>> get_kill(uuid id) override { return through<kill>(inner_.get_kill(id)); }
  task<result<std::vector<kill>>> list_kills(kill_page p) override { return through<std::vector<kill>>(inner_.list_kills(p)); }
  task<result<std::vector<kill>>> load_active() override { return through<std::vector<kill>>(inner_.load_active()); }
  task<result<void>> set_lock(lock_state s) override { return through<void>(inner_.set_lock(std::move(s))); }
  task<result<std::vector<lock_state>>> load_locks() override { return through<std::vector<lock_state>>(inner_.load_locks()); }
  task<result<std::optional<user_id>>> find_owner(halt_scope s) override { return through<std::optional<user_id>>(inner_.find_owner(std::move(s))); }
  task<result<void>> set_limits(limits_row r, user_id by) override { return through<void>(inner_.set_limits(std::move(r), by)); }
  task<result<std::vector<limits_row>>> load_limits() override { return through<std::vector<limits_row>>(inner_.load_limits()); }
  task<result<void>> clear_loss(account_id a, user_id by, wall_time at) override { return through<void>(inner_.clear_loss(a, by, at)); }
  task<result<std::vector<realised_row>>> load_realised(wall_time m) override { return through<std::vector<realised_row>>(inner_.load_realised(m)); }

 private:
  template <class T>
  task<result<T>> through(task<result<T>> call) {
    if (away) co_return fail(tenant_errc::unavailable, "away");
    auto done = co_await std::move(call);
    co_return done;
  }
  control_store& inner_;
};

class TradingControl : public ::testing::Test {
 protected:
  TradingControl() : account(w.connect_and_approve(1, "key-one-1111")), label(w.label(account)) {}
  ~TradingControl() override {
    if (control) end_control();
  }

  void make_control() {
    if (!w.manager) w.make_manager();
    control = std::make_unique<trading_control>(control_parts{
        w.io.get_executor(), w.timers, w.random, w.clock, store, w.gate, w.risk, *w.manager, w.board,
        [](const std::string& name) { return name == "paper"; }, {}, &note});
    control->recall(note.recall());
    if (store.away) return;
    ASSERT_TRUE(await(control->load()));
    control->start();
  }
  /// Bots that trade on a market with a price.
  void start() {
    make_control();
    w.start();
    w.price(60'000);
    ASSERT_GT(w.open_orders(account), 0u);
  }
  /// Where what holds from before leaves nothing to place.
  void start_locked() {
    make_control();
    w.start();
    w.price(60'000);
    w.pass(1s);
  }
  void end_control() {
    await(control->stop());
    control.reset();
  }
  /// The process dies and begins anew with what was stored.
  void restart() {
    end_control();
    w.drain();
    forget_gate();
    make_control();
    w.start();
    w.price(60'000);
  }
  /// As restart() before its last lines: what the gate holds is memory, too.
  void forget_gate() {
    while (const auto* held = w.gate.find({user_id(1), account, "paper", w.bot_of(account)})) {
      const auto key = held->key;
      w.gate.open(key);
    }
  }
  /// The process dies while the database is away, and the next one begins without it.
  void restart_without_database() {
    end_control();
    w.drain();
    forget_gate();
    make_control();
  }
  /// The database comes, and the engine goes to work.
  void come_back() {
    store.away = false;
    ASSERT_TRUE(await(control->load()));
    control->start();
    w.start();
    w.price(60'000);
    w.pass(1s);
  }
  template <class T>
  T await(task<T> work, nanoseconds limit = 60s) {
    std::optional<T> value;
    asio::co_spawn(w.io, std::move(work), [&](std::exception_ptr e, T v) {
      if (e) std::rethrow_exception(e);
      value.emplace(std::move(v));
    });
    for (nanoseconds passed{}; !value && passed < limit; passed += 10ms) w.pass(10ms);
    if (!value) throw std::runtime_error("it did not end in time");
    return std::move(*value);
  }
  void await(task<void> work) {
    auto wrapped = [](task<void> inner) -> task<bool> {
      co_await std::move(inner);
      co_return true;
    };
    await(wrapped(std::move(work)));
  }
  result<kill> ask(halt_verb verb, halt_scope scope, const control_caller& who, std::string key = {}) {
    return await(control->kill(who, {verb, std::move(scope), "because", std::move(key)}));
  }
  halt_scope this_account() const { return {kind::account, account.value}; }
  /// New orders would rest somewhere else.
  int placed_after_a_move() {
    const auto before = w.venue().account(label).placed;
    w.price(62'000);
    w.pass(1s);
    w.price(59'000);
    w.pass(1s);
    return w.venue().account(label).placed - before;
  }

  log_capture quiet;
  test::bot_world w;
  account_id account;
  std::string label;
  std::unique_ptr<control_store> stored = make_memory_control_store({[this](const halt_scope& s) -> std::optional<user_id> {
                                                                      if (s.what == kind::user) return user_id(s.id);
                                                                      return s.id == account.value ? std::optional(user_id(1)) : std::nullopt;
                                                                    },
                                                                     {}});
  weak_control_store store{*stored};
  test::note_disk disk;
  worker_pool notes{"notes", 0, 1};
  control_note note{disk, "/state", notes};
  std::unique_ptr<trading_control> control;
  const control_caller owner{user_id(1), false}, stranger{user_id(2), false}, admin{user_id(9), true};
};

TEST_F(TradingControl, HaltStopsNewOrdersAndLeavesRestingOnes) {
  start();
  const auto resting = w.open_orders(account);
  auto done = ask(halt_verb::halt, this_account(), owner);
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->state, kill_state::done);
  EXPECT_TRUE(done->saved);
  EXPECT_TRUE(done->receipt.complete);
  EXPECT_EQ(done->receipt.bots, 1);
  EXPECT_EQ(done->receipt.orders_open, static_cast<int>(resting));
  EXPECT_EQ(w.state(account), bot_state::locked);
  EXPECT_NE(w.reason(account).find("New orders are halted for account"), std::string::npos) << w.reason(account);
  EXPECT_EQ(placed_after_a_move(), 0);
}

TEST_F(TradingControl, CancelTakesRestingOrdersAway) {
  start();
  const auto resting = w.open_orders(account);
  auto done = ask(halt_verb::cancel, {kind::user, 0}, owner);
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->state, kill_state::done);
  EXPECT_EQ(done->scope.id, 1);
  EXPECT_EQ(w.open_orders(account), 0u);
  EXPECT_EQ(done->receipt.orders_cancelled, static_cast<int>(resting));
  EXPECT_EQ(done->receipt.orders_open, 0);
  EXPECT_EQ(placed_after_a_move(), 0);
}

TEST_F(TradingControl, FlattenClosesThePositionAndReportsWhatIsLeft) {
  start();
  w.price(59'000);
  w.pass(1s);
  ASSERT_TRUE(test::run(w.io, w.journal->load_position(account, "BTC/USDT"))->quantity.is_positive());
  auto done = ask(halt_verb::flatten, {kind::exchange, 0, "paper"}, admin);
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->state, kill_state::done);
  EXPECT_EQ(w.open_orders(account), 0u);
  EXPECT_LT(test::run(w.io, w.journal->load_position(account, "BTC/USDT"))->quantity, "0.0001"_dec);
  for (const auto& left : done->receipt.residual) EXPECT_LT(left.position, "0.0001"_dec);
}

TEST_F(TradingControl, ReleaseLetsBotsGoOn) {
  start();
  auto done = ask(halt_verb::cancel, this_account(), owner);
  ASSERT_TRUE(done);
  auto released = await(control->release(owner, done->id));
  ASSERT_TRUE(released);
  EXPECT_EQ(released->state, kill_state::released);
  w.price(60'000);
  w.pass(1s);
  EXPECT_EQ(w.state(account), bot_state::running);
  EXPECT_GT(w.open_orders(account), 0u);
  EXPECT_EQ(control->active_kills(), 0u);
  EXPECT_EQ(await(control->get(owner, done->id))->state, kill_state::released);
}

TEST_F(TradingControl, IsIdempotentByKeyAndByScope) {
  start();
  const auto first = ask(halt_verb::halt, this_account(), owner, "key-1");
  const auto again = ask(halt_verb::halt, this_account(), owner);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id);
  ASSERT_TRUE(await(control->release(owner, first->id)));
  EXPECT_EQ(ask(halt_verb::halt, this_account(), owner, "key-1")->id, first->id) << "a repeated request does nothing new";
  EXPECT_EQ(w.gate.size(), 0u);
  const auto fresh = ask(halt_verb::halt, this_account(), owner, "key-2");
  EXPECT_NE(fresh->id, first->id);
  EXPECT_EQ(ask(halt_verb::halt, this_account(), admin)->by_admin, true) << "an administrator's is another one";
}

TEST_F(TradingControl, TenantsReachTheirOwnOnly) {
  start();
  const auto code = [&](halt_scope scope, const control_caller& who) {
    auto done = ask(halt_verb::halt, std::move(scope), who);
    return done ? std::error_code() : done.error().code;
  };
  const auto bot = w.bot_of(account);
  EXPECT_EQ(code(this_account(), stranger), make_error_code(tenant_errc::not_found));
  EXPECT_EQ(code({kind::bot, bot.value}, stranger), make_error_code(tenant_errc::not_found));
  EXPECT_EQ(code({kind::user, 1}, stranger), make_error_code(tenant_errc::not_found));
  EXPECT_EQ(code({kind::bot, 424'242}, owner), make_error_code(tenant_errc::not_found));
  EXPECT_EQ(code({kind::exchange, 0, "paper"}, owner), make_error_code(control_errc::admins_only));
  EXPECT_EQ(code({kind::all}, owner), make_error_code(control_errc::admins_only));
  EXPECT_EQ(code({kind::exchange, 0, "nowhere"}, admin), make_error_code(tenant_errc::invalid));
  EXPECT_EQ(w.gate.size(), 0u);
  EXPECT_FALSE(code({kind::bot, bot.value}, owner));
  const auto all = ask(halt_verb::halt, this_account(), admin);
  EXPECT_EQ(await(control->release(owner, all->id)).error().code, make_error_code(control_errc::not_yours));
  EXPECT_EQ(await(control->get(stranger, all->id)).error().code, make_error_code(tenant_errc::not_found));
  EXPECT_TRUE(await(control->list(stranger, false, 50))->empty());
  EXPECT_EQ(await(control->list(owner, false, 50))->size(), 2u);
}

TEST_F(TradingControl, WorksFromMemoryWhileTheDatabaseIsAwayAndIsStoredLater) {
  start();
  store.away = true;
  auto done = ask(halt_verb::cancel, {kind::all}, admin);
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_FALSE(done->saved);
  EXPECT_EQ(done->state, kill_state::done);
  EXPECT_EQ(w.open_orders(account), 0u);
  EXPECT_TRUE(test::run(w.io, stored->load_active())->empty());
  EXPECT_EQ(await(control->list(admin, true, 50))->size(), 1u);
  store.away = false;
  w.pass(10s);
  const auto rows = test::run(w.io, stored->load_active());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().id, done->id);
  EXPECT_EQ(rows->front().state, kill_state::done);
}

TEST_F(TradingControl, ALockAndAKillOutliveAProcessThatDiesWhileTheDatabaseIsAway) {
  start();
  store.away = true;
  auto locked = await(control->set_lock(admin, engine_lock::trading, true, "drill"));
  ASSERT_TRUE(locked);
  EXPECT_FALSE(locked->saved);
  EXPECT_TRUE(locked->survives_restart());
  auto done = ask(halt_verb::cancel, this_account(), owner, "key-1");
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->saved);
  EXPECT_TRUE(done->survives_restart());
  restart_without_database();
  EXPECT_TRUE(control->is_trading_locked()) << "before the database is there";
  EXPECT_EQ(control->active_kills(), 1u);
  EXPECT_EQ(w.gate.size(), 2u);
  come_back();
  EXPECT_EQ(w.state(account), bot_state::locked);
  EXPECT_EQ(placed_after_a_move(), 0);
  const auto rows = test::run(w.io, stored->load_active());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().id, done->id);
  EXPECT_EQ(rows->front().key, "key-1");
  EXPECT_TRUE(test::run(w.io, stored->load_locks())->front().locked);
  EXPECT_EQ(note.recall()->kills.size() + note.recall()->locks.size(), 0u) << "what is stored needs no note";
  EXPECT_TRUE(await(control->get(owner, done->id))->saved);
  for (const auto& state : control->locks()) EXPECT_TRUE(state.saved) << to_string(state.name);
}

TEST_F(TradingControl, AReleaseAndAnUnlockOutliveItToo) {
  start();
  auto done = ask(halt_verb::halt, this_account(), owner);
  ASSERT_TRUE(done && await(control->set_lock(admin, engine_lock::trading, true, "")));
  w.pass(1s);
  store.away = true;
  auto released = await(control->release(owner, done->id));
  ASSERT_TRUE(released);
  EXPECT_FALSE(released->saved);
  EXPECT_TRUE(released->survives_restart());
  ASSERT_TRUE(await(control->set_lock(admin, engine_lock::trading, false, ""))->survives_restart());
  restart_without_database();
  EXPECT_EQ(w.gate.size(), 0u);
  come_back();
  EXPECT_FALSE(control->is_trading_locked());
  EXPECT_EQ(control->active_kills(), 0u);
  EXPECT_EQ(test::run(w.io, stored->get_kill(done->id))->state, kill_state::released);
  EXPECT_EQ(test::run(w.io, stored->get_kill(done->id))->released_by, owner.user);
  EXPECT_FALSE(test::run(w.io, stored->load_locks())->front().locked);
}

TEST_F(TradingControl, AKillThatWasReleasedBeforeItWasStoredLeavesBothInItsRow) {
  start();
  store.away = true;
  auto done = ask(halt_verb::halt, this_account(), owner);
  ASSERT_TRUE(done && await(control->release(owner, done->id)));
  restart_without_database();
  come_back();
  const auto row = test::run(w.io, stored->get_kill(done->id));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->state, kill_state::released);
  EXPECT_TRUE(row->released_at);
}

TEST_F(TradingControl, ANoteThatIsOlderThanTheRowDoesNotKillAgain) {
  start();
  auto done = ask(halt_verb::cancel, this_account(), owner);
  ASSERT_TRUE(done);
  ASSERT_TRUE(await(control->release(owner, done->id)));
  w.price(60'000);
  w.pass(1s);
  ASSERT_GT(w.open_orders(account), 0u);
  end_control();
  w.drain();
  done->saved = false;
  disk.put("/state/held_controls", to_note({{*done}, {}}));
  make_control();
  w.start();
  w.price(60'000);
  w.pass(1s);
  EXPECT_EQ(control->active_kills(), 0u);
  EXPECT_EQ(w.gate.size(), 0u);
  EXPECT_GT(w.open_orders(account), 0u);
  EXPECT_EQ(w.state(account), bot_state::running);
}

TEST_F(TradingControl, ALockThatWasNotedHoldsAlthoughTheWallClockWasSetBack) {
  start();
  ASSERT_TRUE(await(control->set_lock(admin, engine_lock::trading, true, "")));
  ASSERT_TRUE(await(control->set_lock(admin, engine_lock::trading, false, "")));
  end_control();
  w.drain();
  disk.put("/state/held_controls", to_note({{}, {{engine_lock::trading, true, "again", admin.user, {nanoseconds(1)}, false}}}));
  make_control();
  EXPECT_TRUE(control->is_trading_locked());
  w.pass(1s);
  EXPECT_TRUE(test::run(w.io, stored->load_locks())->front().locked);
}

TEST_F(TradingControl, SaysThatAKillEndsWithTheProcessWhenNothingCanKeepIt) {
  start();
  store.away = true;
  disk.fill_up();
  auto done = ask(halt_verb::halt, this_account(), owner);
  ASSERT_TRUE(done) << "it holds all the same";
  EXPECT_EQ(w.state(account), bot_state::locked);
  EXPECT_FALSE(done->saved);
  EXPECT_FALSE(done->survives_restart());
  EXPECT_FALSE(await(control->set_lock(admin, engine_lock::trading, true, ""))->survives_restart());
  EXPECT_NE(quiet.text().find("cannot be noted on the disk"), std::string::npos);
  // Room again: it is noted without anybody asking.
  disk.fill_up(false);
  w.pass(11s);
  EXPECT_TRUE(await(control->get(owner, done->id))->survives_restart());
  EXPECT_EQ(note.recall()->kills.size(), 1u);
}

TEST_F(TradingControl, ADamagedNoteLocksTradingUntilSomebodyUnlocksIt) {
  disk.put("/state/held_controls", "0000");
  start_locked();
  EXPECT_TRUE(control->is_trading_locked());
  EXPECT_NE(w.reason(account).find("It is not known what was locked or killed"), std::string::npos) << w.reason(account);
  EXPECT_EQ(placed_after_a_move(), 0);
  EXPECT_TRUE(test::run(w.io, stored->load_locks())->front().locked);
  ASSERT_TRUE(await(control->set_lock(admin, engine_lock::trading, false, "")));
  w.pass(1s);
  EXPECT_EQ(w.state(account), bot_state::running);
}

TEST_F(TradingControl, AKillHoldsOverARestart) {
  start();
  ASSERT_TRUE(ask(halt_verb::halt, {kind::all}, admin));
  restart();
  EXPECT_EQ(w.state(account), bot_state::locked);
  EXPECT_EQ(control->active_kills(), 1u);
  EXPECT_EQ(placed_after_a_move(), 0);
}

/// The row is there, the orders are not cancelled yet.
TEST_F(TradingControl, AKillThatWasCutShortIsCarriedOnAfterARestart) {
  start();
  ASSERT_GT(w.open_orders(account), 0u);
  end_control();
  w.drain();
  kill cut{.id = make_uuid_v7(w.clock, w.random), .verb = halt_verb::cancel, .scope = {kind::all}, .owner = {}, .by = admin.user,
           .by_admin = true, .through = "api", .at = w.clock.wall_now()};
  ASSERT_TRUE(test::run(w.io, stored->add_kill(cut)));
  ASSERT_GT(w.open_orders(account), 0u) << "a drain leaves orders";
  make_control();
  w.start();
  w.price(60'000);
  w.pass(2s);
  EXPECT_EQ(w.open_orders(account), 0u);
  const auto row = test::run(w.io, stored->get_kill(cut.id));
  EXPECT_EQ(row->state, kill_state::done);
  EXPECT_TRUE(row->receipt.complete);
}

TEST_F(TradingControl, OrdersOfAQuarantinedBotAreCancelledToo) {
  start();
  exchanges::order foreign;
  foreign.symbol = "BTC/USDT";
  foreign.client_order_id = "not ours";
  for (int i = 0; i < 10'000; ++i) w.venue().emit(label, exchanges::order_event{foreign, std::nullopt});
  w.settle();
  w.pass(10s);
  ASSERT_EQ(w.state(account), bot_state::quarantined);
  ASSERT_GT(w.open_orders(account), 0u);
  auto done = ask(halt_verb::cancel, this_account(), owner);
  ASSERT_TRUE(done);
  w.pass(10s);
  EXPECT_EQ(w.open_orders(account), 0u);
}

TEST_F(TradingControl, TheTradingLockHoldsOverARestartUntilItIsLifted) {
  start();
  auto locked = await(control->set_lock(admin, engine_lock::trading, true, "maintenance"));
  ASSERT_TRUE(locked);
  EXPECT_TRUE(locked->saved);
  EXPECT_TRUE(control->is_trading_locked());
  EXPECT_FALSE(control->is_login_locked());
  EXPECT_EQ(w.state(account), bot_state::locked);
  EXPECT_EQ(w.reason(account), "Trading is locked by an administrator: maintenance");
  EXPECT_EQ(placed_after_a_move(), 0);
  restart();
  EXPECT_TRUE(control->is_trading_locked());
  EXPECT_EQ(w.state(account), bot_state::locked);
  ASSERT_TRUE(await(control->set_lock(admin, engine_lock::trading, false, "")));
  w.pass(1s);
  EXPECT_EQ(w.state(account), bot_state::running);
  EXPECT_FALSE(await(control->set_lock(owner, engine_lock::trading, true, "")));
}

TEST_F(TradingControl, ALockdownLocksLoginsAndTradingAndItsReleaseLeavesOtherLocks) {
  start();
  ASSERT_TRUE(await(control->set_lock(admin, engine_lock::trading, true, "")));
  ASSERT_TRUE(await(control->set_lock(admin, engine_lock::lockdown, true, "")));
  EXPECT_TRUE(control->is_locked_down());
  EXPECT_TRUE(control->is_login_locked());
  ASSERT_TRUE(await(control->set_lock(admin, engine_lock::lockdown, false, "")));
  EXPECT_FALSE(control->is_login_locked());
  EXPECT_TRUE(control->is_trading_locked());
}

TEST_F(TradingControl, OwnersOnlyTightenTheirLimitsAndABrokenOneIsNamed) {
  start();
  const auto set = [&](const control_caller& who, limit_overrides v) { return await(control->set_limits(who, account, std::move(v))); };
  EXPECT_EQ(set(owner, {.max_open_orders = 1000}).error().code, make_error_code(control_errc::too_loose));
  EXPECT_EQ(set(stranger, {.max_open_orders = 1}).error().code, make_error_code(tenant_errc::not_found));
  EXPECT_EQ(set(owner, {.max_order_notional = decimal(-1)}).error().code, make_error_code(tenant_errc::invalid));
  auto tight = set(owner, {.max_order_notional = decimal(10)});
  ASSERT_TRUE(tight) << tight.error().to_string();
  EXPECT_EQ(tight->in_force.max_order_notional, decimal(10));
  EXPECT_EQ(test::run(w.io, stored->load_limits())->size(), 1u);
  EXPECT_EQ(placed_after_a_move(), 0);
  EXPECT_NE(w.manager->report_bot(w.bot_of(account))->last_refusal.find("max_order_notional"), std::string::npos);
  EXPECT_FALSE(await(control->limits(owner, {})));
  ASSERT_TRUE(await(control->limits(admin, {})));
}

TEST_F(TradingControl, ADailyLossLocksTheBotUntilMidnightOrUntilItIsCleared) {
  w.risk.set({account, false, {.max_daily_loss = "0.01"_dec}});
  start();
  auto seat = w.risk.take_seat(account, "USDT");
  seat->add_realised(decimal(-1));
  w.settle();
  EXPECT_EQ(w.state(account), bot_state::locked);
  EXPECT_NE(w.reason(account).find("max_daily_loss"), std::string::npos);
  EXPECT_FALSE(await(control->clear_loss(owner, account)));
  ASSERT_TRUE(await(control->clear_loss(admin, account)));
  w.settle();
  EXPECT_EQ(w.state(account), bot_state::running);
  seat->add_realised(decimal(-1));
  w.settle();
  ASSERT_EQ(w.state(account), bot_state::locked);
  w.pass(25h);
  EXPECT_EQ(w.state(account), bot_state::running);
}

}  // namespace
}  // namespace drover::engine
