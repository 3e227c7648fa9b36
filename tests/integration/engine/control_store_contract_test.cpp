#include "engine/control/control_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tenants/errors.hpp"
#include "tests/integration/engine/order_backends.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::engine {
namespace {

using kind = halt_scope::kind;
using tenants::tenant_errc;

class ControlStore : public ::testing::TestWithParam<std::string> {
 protected:
  ControlStore() {
    account = backend->add_account();
    user = backend->user_of(account);
    bot = backend->add_bot(account);
    if (auto* stored = dynamic_cast<test::postgres_backend*>(backend.get())) {
      pool = make_database(stored->stored.config(2), system_clock());
      store = make_postgres_control_store(*pool);
    } else {
      store = make_memory_control_store({[this](const halt_scope& s) { return owner_of(s); }, {}});
    }
  }
  std::optional<user_id> owner_of(const halt_scope& s) const {
    const bool ours = (s.what == kind::bot && s.id == bot.value) || (s.what == kind::account && s.id == account.value) ||
                      (s.what == kind::user && s.id == user.value);
    return ours ? std::optional(user) : std::nullopt;
  }
  template <class T>
  T run(task<T> t) {
    return drover::test::run(io, std::move(t));
  }
  kill make_kill(halt_verb verb = halt_verb::cancel, halt_scope scope = {}) {
    kill k{.id = make_uuid_v7(backend->time, backend->random), .verb = verb, .scope = std::move(scope), .owner = user, .by = user, .by_admin = false,
           .through = "api", .key = "", .reason = "because", .at = wall_time::from_ms(1'700'000'000'123)};
    k.receipt.entries_halted_since = k.at;
    backend->time.advance(1ms);
    return k;
  }
  kill add(kill k) {
    auto stored = run(store->add_kill(std::move(k)));
    EXPECT_TRUE(stored) << (stored ? "" : stored.error().to_string());
    return stored.value();
  }

  std::unique_ptr<test::journal_backend> backend = test::make_backend(GetParam());
  asio::io_context io{1};
  std::unique_ptr<database> pool;
  std::unique_ptr<control_store> store;
  account_id account;
  user_id user;
  bot_id bot;
};

TEST_P(ControlStore, KeepsAKillAsItWas) {
  auto wanted = make_kill(halt_verb::flatten, {kind::exchange, 0, "paper"});
  wanted.key = "key";
  wanted.receipt = {.entries_halted_since = wanted.at, .bots = 3, .orders_cancelled = 7, .orders_open = 1, .complete = false,
                    .residual = {{account, bot, "paper", "BTC/USDT", 1, "0.5"_dec, "30000.25"_dec, "the price is not known"}}};
  add(wanted);
  const auto got = run(store->get_kill(wanted.id));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->verb, halt_verb::flatten);
  EXPECT_EQ(got->scope, wanted.scope);
  EXPECT_EQ(got->owner, user);
  EXPECT_EQ(got->by, user);
  EXPECT_EQ(got->key, "key");
  EXPECT_EQ(got->reason, "because");
  EXPECT_EQ(got->at, wanted.at);
  EXPECT_EQ(got->state, kill_state::working);
  EXPECT_TRUE(got->saved);
  EXPECT_EQ(got->receipt.orders_cancelled, 7);
  ASSERT_EQ(got->receipt.residual.size(), 1u);
  EXPECT_EQ(got->receipt.residual[0].position, "0.5"_dec);
  EXPECT_EQ(got->receipt.residual[0].notional, "30000.25"_dec);
  EXPECT_EQ(got->receipt.residual[0].problem, "the price is not known");
  EXPECT_EQ(run(store->get_kill(make_uuid_v7(backend->time, backend->random))).error().code, make_error_code(tenant_errc::not_found));
}

TEST_P(ControlStore, TheSameKillIsStoredOnce) {
  const auto first = add(make_kill());
  EXPECT_EQ(add(first).id, first.id) << "a commit in doubt is repeated";
  EXPECT_EQ(add(make_kill()).id, first.id) << "an active one of the same verb and scope";
  auto admins = make_kill();
  admins.by_admin = true;
  EXPECT_NE(add(admins).id, first.id);
  auto keyed = make_kill(halt_verb::halt);
  keyed.key = "k";
  const auto second = add(keyed);
  ASSERT_TRUE(run(store->release_kill(second.id, user, backend->time.wall_now())));
  auto replay = make_kill(halt_verb::flatten);
  replay.key = "k";
  EXPECT_EQ(add(replay).id, second.id) << "the caller's key";
  EXPECT_NE(add(make_kill(halt_verb::halt)).id, second.id) << "released ones stand in nobody's way";
}

TEST_P(ControlStore, ActiveOnesAreLoadedUntilTheyAreReleased) {
  const auto first = add(make_kill(halt_verb::halt)), second = add(make_kill(halt_verb::cancel));
  kill_receipt receipt{.entries_halted_since = first.at, .bots = 1, .orders_cancelled = 2, .complete = true};
  ASSERT_TRUE(run(store->update_kill(first.id, kill_state::done, receipt)));
  auto active = run(store->load_active()).value();
  ASSERT_EQ(active.size(), 2u);
  EXPECT_EQ(active[0].id, first.id);
  EXPECT_EQ(active[0].state, kill_state::done);
  EXPECT_EQ(active[0].receipt.orders_cancelled, 2);
  const auto at = wall_time::from_ms(1'700'000'100'000);
  ASSERT_TRUE(run(store->release_kill(first.id, user, at)));
  ASSERT_TRUE(run(store->release_kill(first.id, user, at + 1s)));
  EXPECT_EQ(run(store->load_active())->size(), 1u);
  ASSERT_TRUE(run(store->update_kill(first.id, kill_state::working, {})));
  const auto got = run(store->get_kill(first.id)).value();
  EXPECT_EQ(got.state, kill_state::released) << "a late receipt does not revive it";
  EXPECT_EQ(got.released_at, at);
  EXPECT_EQ(got.released_by, user);
}

TEST_P(ControlStore, ListsByOwnerNewestFirst) {
  const auto first = add(make_kill(halt_verb::halt)), second = add(make_kill(halt_verb::cancel));
  auto other = make_kill(halt_verb::flatten);
  other.owner = {};
  other.by = {};
  add(other);
  const auto own = run(store->list_kills({.owner = user})).value();
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own[0].id, second.id);
  EXPECT_EQ(run(store->list_kills({}))->size(), 3u);
  EXPECT_EQ(run(store->list_kills({.limit = 1}))->size(), 1u);
  ASSERT_TRUE(run(store->release_kill(first.id, user, second.at)));
  EXPECT_EQ(run(store->list_kills({.owner = user, .active_only = true}))->size(), 1u);
}

TEST_P(ControlStore, LocksAreRememberedAsTheyWereLastSet) {
  EXPECT_TRUE(run(store->load_locks())->empty());
  lock_state state{engine_lock::trading, true, "drill", user, wall_time::from_ms(1'700'000'000'500)};
  ASSERT_TRUE(run(store->set_lock(state)));
  state.locked = false;
  state.by = {};
  ASSERT_TRUE(run(store->set_lock(state)));
  ASSERT_TRUE(run(store->set_lock({engine_lock::login, true, "", user, state.at})));
  auto locks = run(store->load_locks()).value();
  ASSERT_EQ(locks.size(), 2u);
  const auto trading = std::ranges::find(locks, engine_lock::trading, &lock_state::name);
  EXPECT_FALSE(trading->locked);
  EXPECT_EQ(trading->reason, "drill");
  EXPECT_FALSE(trading->by.valid());
  EXPECT_EQ(trading->at, state.at);
}

TEST_P(ControlStore, KnowsWhoseSomethingIs) {
  EXPECT_EQ(run(store->find_owner({kind::bot, bot.value})).value(), user);
  EXPECT_EQ(run(store->find_owner({kind::account, account.value})).value(), user);
  EXPECT_EQ(run(store->find_owner({kind::user, user.value})).value(), user);
  EXPECT_EQ(run(store->find_owner({kind::bot, bot.value + 1'000'000})).value(), std::nullopt);
  EXPECT_EQ(run(store->find_owner({kind::all})).value(), std::nullopt);
}

TEST_P(ControlStore, LimitsAreReplacedAsAWhole) {
  const limits_row admins{account, false, {.max_order_notional = "12.5"_dec, .max_open_orders = 3, .price_collar = "0.1"_dec}};
  ASSERT_TRUE(run(store->set_limits(admins, user)));
  ASSERT_TRUE(run(store->set_limits({account, true, {.max_daily_loss = decimal(0), .max_orders_per_minute = 9}}, user)));
  ASSERT_TRUE(run(store->set_limits({account_id{}, false, {.max_position_notional = decimal(7)}}, {})));
  ASSERT_TRUE(run(store->set_limits({account, false, {.max_open_orders = 4}}, user)));
  auto rows = run(store->load_limits()).value();
  ASSERT_EQ(rows.size(), 3u);
  for (const auto& row : rows) {
    limit_overrides wanted{.max_open_orders = 4};
    if (row.by_owner) wanted = {.max_daily_loss = decimal(0), .max_orders_per_minute = 9};
    if (!row.account.valid()) wanted = {.max_position_notional = decimal(7)};
    EXPECT_EQ(row.values, wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ControlStore, ::testing::Values("memory", "postgres"), [](const auto& p) { return p.param; });

class ControlRows : public ::testing::Test {
 protected:
  ControlRows() {
    account = backend.add_account();
    user = backend.user_of(account);
    other = backend.add_account();
  }
  template <class T>
  T run(task<T> t) {
    return drover::test::run(io, std::move(t));
  }
  void add_fill(account_id of, const std::string& trade, const std::string& realised, const std::string& recorded_at) {
    backend.stored.sql("INSERT INTO order_intents (id, account_id, user_id, exchange_name, symbol, side, type, tif, price, quantity, tag, created_at, "
                       "dead_after) VALUES (gen_random_uuid(), " + std::to_string(of.value) + ", " + std::to_string(backend.user_of(of).value) +
                       ", 'paper', 'BTC/USDT', 'sell', 'limit', 'gtc', 1, 1, 't" + trade + "', now(), now() + interval '1 hour')");
    backend.stored.sql("INSERT INTO fills (account_id, user_id, intent_id, symbol, trade_id, venue_order_id, side, price, quantity, fee, fee_asset, maker, "
                       "quote_asset, realised, at, recorded_at) SELECT account_id, user_id, id, symbol, '" + trade + "', 'v', 'sell', 1, 1, 0, 'USDT', true, "
                       "'USDT', " + realised + ", now(), '" + recorded_at + "' FROM order_intents WHERE tag = 't" + trade + "'");
  }

  test::postgres_backend backend;
  asio::io_context io{1};
  std::unique_ptr<database> pool = make_database(backend.stored.config(2), system_clock());
  std::unique_ptr<control_store> store = make_postgres_control_store(*pool);
  account_id account, other;
  user_id user;
};

TEST_F(ControlRows, TodaysResultIsSummedFromTheBooksSinceItWasCleared) {
  add_fill(account, "1", "-5.5", "2026-03-01T23:59:59Z");
  add_fill(account, "2", "-10.25", "2026-03-02T00:00:00Z");
  add_fill(account, "3", "2", "2026-03-02T10:00:00Z");
  add_fill(other, "4", "-1", "2026-03-02T11:00:00Z");
  const auto midnight = parse_rfc3339("2026-03-02T00:00:00Z").value();
  const auto sum = [&](account_id of) {
    for (const auto& row : run(store->load_realised(midnight)).value())
      if (row.account == of && row.asset == "USDT") return row.realised;
    return decimal();
  };
  EXPECT_EQ(sum(account), "-8.25"_dec);
  EXPECT_EQ(sum(other), decimal(-1));
  EXPECT_EQ(sum({}), "-9.25"_dec);
  ASSERT_TRUE(run(store->clear_loss(account, user, midnight + 1h)));
  EXPECT_EQ(sum(account), decimal(2));
  EXPECT_EQ(sum({}), "-9.25"_dec);
  ASSERT_TRUE(run(store->clear_loss({}, {}, midnight + 10h + 30min)));
  EXPECT_EQ(sum({}), decimal(-1));
}

TEST_F(ControlRows, EveryChangeIsAuditedWithIt) {
  kill k{.id = make_uuid_v7(backend.time, backend.random), .verb = halt_verb::flatten, .scope = {kind::account, account.value}, .owner = user, .by = user,
         .by_admin = false, .through = "api", .reason = "why", .at = backend.time.wall_now()};
  ASSERT_TRUE(run(store->add_kill(k)));
  ASSERT_TRUE(run(store->add_kill(k)));
  ASSERT_TRUE(run(store->release_kill(k.id, user, k.at)));
  ASSERT_TRUE(run(store->release_kill(k.id, user, k.at)));
  ASSERT_TRUE(run(store->set_lock({engine_lock::lockdown, true, "now", user, k.at})));
  ASSERT_TRUE(run(store->set_lock({engine_lock::lockdown, true, "now", user, k.at})));
  ASSERT_TRUE(run(store->set_lock({engine_lock::trading, false, "", user, k.at})));
  ASSERT_TRUE(run(store->set_limits({account, false, {.max_open_orders = 3}}, user)));
  ASSERT_TRUE(run(store->clear_loss(account, user, k.at)));
  EXPECT_EQ(backend.stored.sql("SELECT string_agg(action, ' ' ORDER BY id) FROM audit_events"),
            "kill.flatten kill.release engine.lockdown trading.unlock risk.set risk.clear_loss");
  EXPECT_EQ(backend.stored.sql("SELECT count(*) FROM audit_events WHERE actor = " + std::to_string(user.value)), "6");
}

}  // namespace
}  // namespace drover::engine
