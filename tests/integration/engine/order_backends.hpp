#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/random.hpp"
#include "engine/orders/memory_orders.hpp"
#include "engine/orders/order_journal.hpp"
#include "tests/support/manual_time.hpp"
#include "tests/support/postgres.hpp"

namespace drover::engine::test {

inline exchanges::instrument make_instrument() {
  exchanges::instrument i;
  i.symbol = "BTC/USDT";
  i.base_asset = "BTC";
  i.quote_asset = "USDT";
  return i;
}

inline exchanges::fill make_fill(std::string trade, exchanges::side side, decimal quantity, decimal price, decimal fee) {
  exchanges::fill f;
  f.symbol = "BTC/USDT";
  f.trade_id = std::move(trade);
  f.venue_order_id = "venue-1";
  f.side = side;
  f.quantity = quantity;
  f.price = price;
  f.fee = fee;
  f.fee_asset = "USDT";
  f.at = wall_time::from_ms(1'700'000'000'000);
  return f;
}

/// Lets a test decide what became of a job: runs it, or not, and answers what the test wants.
class doubtful_database final : public database {
 public:
  explicit doubtful_database(database& inner) : inner_(inner) {}
  struct verdict {
    bool run = true;
    std::optional<db_errc> answer;
  };
  std::function<verdict(std::string_view operation)> judge;

  task<result<void>> run_job(std::string_view operation, database_job job) override {
    const auto v = judge ? judge(operation) : verdict{};
    if (v.run) {
      auto done = co_await inner_.run_job(operation, std::move(job));
      if (!v.answer) co_return done;
    }
    co_return fail(v.answer.value_or(db_errc::unavailable));
  }
  statistics get_statistics() const override { return inner_.get_statistics(); }

 private:
  database& inner_;
};

class journal_backend {
 public:
  virtual ~journal_backend() = default;
  virtual order_journal& journal() = 0;
  /// Of a user of its own.
  virtual account_id add_account() = 0;
  virtual user_id user_of(account_id) const = 0;
  /// Each on a market of its own.
  virtual bot_id add_bot(account_id) = 0;

  asio::io_context io{1};
  drover::test::manual_clock time;
  seeded_random random{42};

  order_intent make_intent(account_id account) {
    order_intent i;
    i.id = make_uuid_v7(time, random);
    i.account = account;
    i.user = user_of(account);
    i.exchange_name = "paper";
    i.symbol = "BTC/USDT";
    i.price = 100;
    i.quantity = 2;
    i.tag = "slot";
    i.created_at = time.wall_now();
    i.dead_after = i.created_at + 20s;
    return i;
  }

  template <class T>
  void spawn(task<T> t, std::function<void(const T&)> on_end) {
    asio::co_spawn(io, std::move(t), [on_end = std::move(on_end)](std::exception_ptr e, T value) {
      if (e) std::rethrow_exception(e);
      on_end(value);
    });
  }
  template <class T, class F>
  void spawn(task<T> t, F on_end) {
    spawn(std::move(t), std::function<void(const T&)>(std::move(on_end)));
  }
  void run_until(const std::function<bool()>& done) {
    io.restart();
    while (!done() && io.run_one() > 0) {
    }
    if (!done()) throw std::runtime_error("the context ran out of work");
  }
};

class memory_backend final : public journal_backend {
 public:
  order_journal& journal() override { return *journal_; }
  account_id add_account() override { return account_id(++last_); }
  user_id user_of(account_id a) const override { return user_id(1000 + a.value); }
  bot_id add_bot(account_id) override { return bot_id(++last_); }

  const std::shared_ptr<memory_orders> rows = std::make_shared<memory_orders>();

 private:
  std::int64_t last_ = 0;
  std::unique_ptr<order_journal> journal_ = make_memory_order_journal(time, rows);
};

class postgres_backend final : public journal_backend {
 public:
  order_journal& journal() override { return *journal_; }

  account_id add_account() override {
    const auto name = "user" + std::to_string(++last_);
    const auto user = stored.sql("INSERT INTO users (username, password_hash) VALUES ('" + name + "', 'x') RETURNING id");
    const auto account = stored.sql(
        "INSERT INTO user_exchanges (user_id, exchange_name, label, api_key, api_secret, api_key_mask, key_fingerprint) "
        "VALUES (" + user + ", 'paper', 'label', 'k', 's', 'm', '" + name + "') RETURNING id");
    const account_id id(std::stoll(account));
    users_[id] = user_id(std::stoll(user));
    return id;
  }
  user_id user_of(account_id a) const override { return users_.at(a); }
  bot_id add_bot(account_id a) override {
    return bot_id(std::stoll(stored.sql("INSERT INTO bots (account_id, user_id, strategy, symbol) VALUES (" + std::to_string(a.value) + ", " +
                                        std::to_string(user_of(a).value) + ", 'grid', 'A" + std::to_string(++last_) + "/USDT') RETURNING id")));
  }

  drover::test::test_database stored;

 private:
  std::unique_ptr<database> pool_ = make_database(stored.config(4), system_clock());

 public:
  doubtful_database doubtful{*pool_};

 private:
  std::unique_ptr<order_journal> journal_ = make_postgres_order_journal(io.get_executor(), doubtful);
  std::map<account_id, user_id> users_;
  int last_ = 0;
};

inline std::unique_ptr<journal_backend> make_backend(const std::string& kind) {
  if (kind == "memory") return std::make_unique<memory_backend>();
  return std::make_unique<postgres_backend>();
}

}  // namespace drover::engine::test
