#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "engine/copy/copy_store.hpp"
#include "tests/integration/engine/order_backends.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::engine::test {

/// Rooms with the journal and the bots that belong to them, in PostgreSQL or in memory.
class copy_backend {
 public:
  explicit copy_backend(const std::string& kind) : accounts(make_backend(kind)), stored(dynamic_cast<postgres_backend*>(accounts.get())) {
    if (stored != nullptr) {
      pool = make_database(stored->stored.config(4), system_clock());
      bots = make_postgres_bot_store(*pool);
      rooms = make_postgres_copy_store(*pool);
      return;
    }
    bots = make_memory_bot_store(accounts->time, {[this](account_id id) { return std::optional(accounts->user_of(id)); }});
    memory_copy_world world{.owner_of = [this](account_id a) { return deleted.contains(a) ? std::nullopt : std::optional(accounts->user_of(a)); },
                            .username = [](user_id u) { return "user" + std::to_string(u.value - 1000); },
                            .is_alive = [this](user_id u, account_id a) { return !banned.contains(u) && !deleted.contains(a); },
                            .bots = bots.get(),
                            .find_order = [this](bot_id bot, const std::string& tag) -> std::optional<std::pair<uuid, decimal>> {
                              auto at = orders.find({bot, tag});
                              return at == orders.end() ? std::nullopt : std::optional(at->second);
                            },
                            .saved_state = [this](bot_id bot) { return states[bot]; }};
    auto made = make_memory_copy_store(accounts->time, std::move(world));
    memory = made.get();
    rooms = std::move(made);
  }

  template <class T>
  T run(task<T> t) {
    return drover::test::run(accounts->io, std::move(t));
  }
  wall_time now() const { return stored != nullptr ? system_clock().wall_now() : accounts->time.wall_now(); }
  /// So that what follows is later than what was.
  void tick() {
    if (stored == nullptr) accounts->time.advance(1ms);
  }
  account_id add_account() {
    const auto id = accounts->add_account();
    epochs[id] = run(accounts->journal().acquire_lease(id, "test")).value();
    return id;
  }
  user_id user_of(account_id a) const { return accounts->user_of(a); }
  std::string name_of(account_id a) const {
    if (stored == nullptr) return "user" + std::to_string(user_of(a).value - 1000);
    return stored->stored.sql("SELECT username FROM users WHERE id = " + std::to_string(user_of(a).value));
  }
  /// Of an order of the engine.
  fill_id fill(account_id account, bot_id bot, const std::string& symbol = "BTC/USDT", decimal quantity = decimal(2)) {
    auto intent = accounts->make_intent(account);
    intent.symbol = symbol;
    intent.quantity = quantity;
    intent.bot = bot;
    EXPECT_TRUE(run(accounts->journal().append_intent(intent, epochs.at(account))));
    auto instrument = make_instrument();
    instrument.symbol = symbol;
    auto traded = make_fill("t" + std::to_string(++last_trade), exchanges::side::buy, quantity, decimal(100), decimal());
    traded.symbol = symbol;
    traded.client_order_id = intent.client_order_id();
    auto booked = run(accounts->journal().record_fill(user_of(account), account, intent.id, instrument, traded));
    EXPECT_TRUE(booked) << booked.error().to_string();
    if (memory != nullptr) memory->book(account, bot, booked->id, traded);
    return booked->id;
  }
  /// An order that follows a signal, in the journal.
  uuid add_order(account_id account, bot_id bot, const std::string& tag) {
    auto intent = accounts->make_intent(account);
    intent.tag = tag;
    intent.bot = bot;
    EXPECT_TRUE(run(accounts->journal().append_intent(intent, epochs.at(account))));
    orders[{bot, tag}] = {intent.id, intent.quantity};
    return intent.id;
  }
  void ban(user_id user) {
    banned.insert(user);
    if (stored != nullptr) stored->stored.sql("UPDATE users SET status = 'banned' WHERE id = " + std::to_string(user.value));
  }
  void delete_account(account_id account) {
    deleted.insert(account);
    if (stored != nullptr)
      stored->stored.sql("UPDATE user_exchanges SET deleted_at = now(), is_active = false, api_key = NULL, api_secret = NULL, "
                         "key_fingerprint = NULL WHERE id = " + std::to_string(account.value));
  }
  void save_state(bot_id bot, const std::string& state) {
    states[bot] = state;
    if (stored != nullptr) stored->stored.sql("UPDATE bots SET state = '" + state + "' WHERE id = " + std::to_string(bot.value));
  }

  std::unique_ptr<journal_backend> accounts;
  postgres_backend* stored;
  std::unique_ptr<database> pool;
  std::unique_ptr<bot_store> bots;
  std::unique_ptr<copy_store> rooms;
  memory_copy_store* memory = nullptr;

 private:
  std::map<account_id, std::int64_t> epochs;
  std::set<user_id> banned;
  std::set<account_id> deleted;
  std::map<std::pair<bot_id, std::string>, std::pair<uuid, decimal>> orders;
  std::map<bot_id, std::string> states;
  int last_trade = 0;
};

}  // namespace drover::engine::test
