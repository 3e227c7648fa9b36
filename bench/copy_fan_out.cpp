#include <fmt/core.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <pqxx/pqxx>
#include <stdexcept>

#include "base/task_scope.hpp"
#include "bench/benches.hpp"
#include "bench/loopless_venue.hpp"
#include "bench/seed_rows.hpp"
#include "bench/turn.hpp"
#include "crypto/mac.hpp"
#include "engine/bots/bot_manager.hpp"
#include "engine/copy/fan_out.hpp"
#include "engine/copy/room_service.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "exchanges/registry.hpp"
#include "tenants/accounts/account_service.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::bench {
namespace {

constexpr nanoseconds patience = 300s;
/// A bot whose order found nothing pauses for two seconds.
constexpr nanoseconds between_rounds = 2200ms;
constexpr int warm_up = 1;
constexpr std::size_t connections = 4;
constexpr std::string_view symbol = "BTC/USDT";
const decimal price(60'000), quantity = "0.001"_dec;

double ms(nanoseconds d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

exchanges::instrument make_instrument() {
  exchanges::instrument i;
  i.symbol = symbol;
  i.base_asset = "BTC";
  i.quote_asset = "USDT";
  return i;
}

/// The stores, in memory or in a migrated, empty database.
struct stores {
  explicit stores(executor e, const std::string& url) {
    const auto& time = system_clock();
    if (!url.empty()) {
      db = make_database({.url = url, .connections = connections}, time);
      users = tenants::make_postgres_user_store(*db);
      accounts = tenants::make_postgres_account_store(*db);
      bots = engine::make_postgres_bot_store(*db);
      rooms = engine::make_postgres_copy_store(*db);
      journal = engine::make_postgres_order_journal(e, *db);
      return;
    }
    users = tenants::make_memory_user_store(time);
    accounts = tenants::make_memory_account_store(
        time, {[](user_id) { return true; }, [](user_id) { return std::string("bench"); }});
    bots = engine::make_memory_bot_store(time, {[this](account_id id) { return owner_of(id); }});
    auto made =
        engine::make_memory_copy_store(time, {.owner_of = [this](account_id id) { return owner_of(id); },
                                              .username = [](user_id) { return std::string("bench"); },
                                              .is_alive = [](user_id, account_id) { return true; },
                                              .bots = bots.get(),
                                              .find_order = [](bot_id, const std::string&) { return std::nullopt; },
                                              .saved_state = [](bot_id) { return std::string(); }});
    memory = made.get();
    rooms = std::move(made);
    journal = engine::make_memory_order_journal(time);
  }
  std::optional<user_id> owner_of(account_id id) const {
    auto at = owners.find(id);
    return at == owners.end() ? std::nullopt : std::optional(at->second);
  }

  std::map<account_id, user_id> owners;
  std::unique_ptr<database> db;
  std::unique_ptr<tenants::user_store> users;
  std::unique_ptr<tenants::account_store> accounts;
  std::unique_ptr<engine::bot_store> bots;
  std::unique_ptr<engine::copy_store> rooms;
  engine::memory_copy_store* memory = nullptr;
  std::unique_ptr<engine::order_journal> journal;
};

/// A lead's account and followers' bots on a venue without a wire.
class rig {
public:
  rig(int followers, const std::string& url)
      : followers_(followers), url_(url), stores_(io_.get_executor(), url) {
    http_.on_order = [this](const client_request&) {
      ++orders_;
      last_order_ = time_.now();
    };
    venues_.emplace(
        "binance",
        exchanges::make_exchange(loopless_config(), {io_.get_executor(), *timers_, random_, http_, sockets_, *recorder_}).value());
    engine::bots_config bots;
    bots.strategy.clear();
    bots.concurrent_starts = 256;
    bots.probe_interval = 0ms;
    bots.orders.limits.max_orders_per_minute = 0;
    manager_ = std::make_unique<engine::bot_manager>(
        bots, engine::bot_manager_parts{
                  .executor = io_.get_executor(),
                  .timers = *timers_,
                  .random = random_,
                  .wall = time_,
                  .accounts = *stores_.accounts,
                  .bots = *stores_.bots,
                  .keyring = keyring_,
                  .journal = *stores_.journal,
                  .exchanges = venues_,
                  .board = board_,
                  .counters = counters_,
                  .on_earnings = [](const engine::earnings_event&) {},
                  .engine_name = "bench",
                  .on_signal_verdict = [this](bot_id bot, const engine::signal_verdict& verdict,
                                              const uuid& order) { fan_out_->on_verdict(bot, verdict, order); }});
    fan_out_ = std::make_unique<engine::fan_out>(engine::fan_out_parts{
        .executor = io_.get_executor(),
        .timers = *timers_,
        .random = random_,
        .wall = time_,
        .store = *stores_.rooms,
        .deliver = [this](bot_id bot,
                          const engine::trade_signal& signal) { return manager_->deliver_signal(bot, signal); },
        .report = [this](bot_id bot) { return manager_->report_bot(bot); },
        .why_idle = [](bot_id) { return std::string(); }});
  }

  void start() {
    perform("followers in the room", set_up());
    for (auto& [name, venue] : venues_) venue->start();
    fan_out_->start();
    manager_->start();
    turn_until("running bots", [&] {
      return board_.counts()[engine::bot_state::running] == followers_ && sockets_.market_is_subscribed();
    });
    sockets_.feed(
        R"({"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT","b":"59999.90000000","B":"1.00000000","a":"60000.00000000","A":"2.00000000"}})");
    turn_for(between_rounds);
  }

  /// From the lead's fill at the engine, which is booked, to the last follower's order on the wire.
  nanoseconds round() {
    perform("the lead's order", order_as_lead());
    orders_ = 0;
    const auto began = time_.now();
    perform("the lead's fill", fill_as_lead());
    turn_until("all orders", [&] { return orders_ == followers_; });
    const auto took = last_order_ - began;
    turn_until("the end of all orders", [&] {
      const auto c = counters_.snapshot();
      return c.cancelled + c.filled >= c.placed;
    });
    turn_for(between_rounds);
    return took;
  }

  void stop() { perform("the end", stop_all()); }

  /// The same number of intents in the journal and requests signed, and nothing else. After stop().
  nanoseconds floor() {
    if (epochs_.empty()) perform("leases", take_leases());
    const std::string form =
        "timestamp=1700000000123&symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.00100&price=60000.10&"
        "newClientOrderId=0123456789abcdef0123456789abcdef&recvWindow=5000";
    const std::string key(64, 's');
    written_ = 0;
    task_scope scope(io_.get_executor(), "floor");
    const auto began = time_.now();
    for (std::size_t i = 0; i < accounts_.size(); ++i)
      scope.spawn("intent", write_intent(accounts_[i], tenant_, epochs_[i]));
    turn_until("intents", [&] { return written_ == followers_; });
    std::size_t bytes = 0;
    for (int i = 0; i < followers_; ++i) bytes += crypto::hmac_sha256(key, form).size();
    const auto took = time_.now() - began;
    if (bytes == 0) throw std::runtime_error("the floor does not work");
    turn_until("the end of the floor", [&] { return scope.size() == 0; });
    return took;
  }

private:
  template <class Condition>
  void turn_until(const char* what, Condition condition) {
    bench::turn_until(io_, time_, patience, what, std::move(condition));
  }
  void turn_for(nanoseconds d) {
    const auto end = time_.now() + d;
    turn_until("end of a pause", [&] { return time_.now() >= end; });
  }
  void perform(const char* what, task<void> work) {
    task_scope scope(io_.get_executor(), what);
    scope.spawn(what, std::move(work));
    turn_until(what, [&] { return scope.size() == 0; });
  }

  static task<tenants::probe_outcome> accept(std::string, secret, secret, secret) {
    co_return tenants::probe_outcome{.accepted = true};
  }

  task<user_id> add_user(std::string name, tenants::role role) {
    tenants::new_user fresh{.username = std::move(name), .email = {}, .password_hash = "none", .role = role};
    auto made = co_await stores_.users->create(std::move(fresh));
    co_return made.value().id;
  }

  static api_key key_of(int number) { return {fmt::format("{:064}", number), std::string(64, 's')}; }

  task<account_id> add_account(tenants::account_service& service, user_id owner, int number) {
    auto key = key_of(number);
    tenants::account_request request{"binance", secret(std::move(key.key)), secret(std::move(key.secret)), {}, "bench"};
    auto made = co_await service.create(owner, std::move(request));
    const auto id = made.value().id;
    stores_.owners[id] = owner;
    auto approved = co_await stores_.accounts->approve(admin_, id, std::nullopt, "");
    approved.value();
    co_return id;
  }

  task<void> set_up() {
    lead_ = co_await add_user("lead", tenants::role::tenant);
    admin_ = co_await add_user("admin", tenants::role::admin);
    tenant_ = co_await add_user("tenant", tenants::role::tenant);
    tenants::exchange_catalogue catalogue{
        [](const std::string&) { return true; }, [](const std::string&) { return false; }, {"binance"}};
    tenants::account_service service(*stores_.accounts, keyring_, catalogue, accept);
    engine::room_service rooms(*stores_.rooms, random_, time_, {.bots_per_user = followers_ + 1});
    lead_account_ = co_await add_account(service, lead_, 0);
    engine::new_room wanted{.lead = lead_,
                            .account = lead_account_,
                            .name = "bench",
                            .symbols = {std::string(symbol)},
                            .max_followers = followers_};
    auto room = co_await rooms.create(std::move(wanted));
    engine::invitation_request request{.uses = followers_};
    auto invited = co_await rooms.invite(lead_, room.value().id, std::move(request));
    if (stores_.db) {
      in_bulk([this](pqxx::work& tx) {
        std::vector<api_key> keys;
        for (int i = 1; i <= followers_; ++i) keys.push_back(key_of(i));
        accounts_ = insert_accounts(tx, keyring_, tenant_, keys);
      });
      co_await join(rooms, invited.value().code, accounts_.front());
      in_bulk([this](pqxx::work& tx) { insert_followers_like_the_first(tx, tenant_); });
    }
    while (std::ssize(accounts_) < followers_) {
      const auto account = co_await add_account(service, tenant_, static_cast<int>(accounts_.size()) + 1);
      accounts_.push_back(account);
      co_await join(rooms, invited.value().code, account);
    }
    auto epoch = co_await stores_.journal->acquire_lease(lead_account_, "bench");
    lead_epoch_ = epoch.value();
  }

  /// One by one, ten thousand followers would take minutes before anything is measured.
  template <class Job>
  void in_bulk(Job job) {
    pqxx::connection connection(url_);
    pqxx::work tx(connection);
    job(tx);
    tx.commit();
  }

  task<void> join(engine::room_service& rooms, std::string code, account_id account) {
    engine::join_form form{.code = std::move(code),
                           .room = {},
                           .account = account,
                           .symbol = {},
                           .name = {},
                           .parameters = R"({"sizing":"ratio","ratio":"1","max_age_s":"3600"})"};
    auto joined = co_await rooms.join(tenant_, std::move(form));
    joined.value();
  }

  engine::order_intent make_intent(account_id account, user_id user) {
    engine::order_intent intent;
    intent.id = make_uuid_v7(time_, random_);
    intent.account = account;
    intent.user = user;
    intent.exchange_name = "binance";
    intent.symbol = symbol;
    intent.price = price;
    intent.quantity = quantity;
    intent.tag = "bench";
    intent.created_at = time_.wall_now();
    intent.dead_after = intent.created_at + 20s;
    return intent;
  }

  task<void> order_as_lead() {
    auto intent = make_intent(lead_account_, lead_);
    lead_order_ = intent.id;
    auto stored = co_await stores_.journal->append_intent(std::move(intent), lead_epoch_);
    stored.value();
  }

  task<void> fill_as_lead() {
    exchanges::fill fill;
    fill.symbol = symbol;
    fill.trade_id = std::to_string(++trades_);
    fill.price = price;
    fill.quantity = quantity;
    fill.fee_asset = "USDT";
    fill.at = time_.wall_now();
    auto instrument = make_instrument();
    auto booked = co_await stores_.journal->record_fill(lead_, lead_account_, lead_order_, std::move(instrument),
                                                        std::move(fill));
    if (stores_.memory != nullptr) stores_.memory->book(lead_account_, {}, booked.value().id, booked->fill);
    fan_out_->on_fill({}, lead_account_, booked.value());
  }

  task<void> take_leases() {
    auto epochs = co_await stores_.journal->acquire_leases(accounts_, "floor");
    epochs_ = epochs.value();
  }

  task<void> write_intent(account_id account, user_id user, std::int64_t epoch) {
    auto intent = make_intent(account, user);
    auto stored = co_await stores_.journal->append_intent(std::move(intent), epoch);
    stored.value();
    ++written_;
  }

  task<void> stop_all() {
    co_await manager_->drain();
    co_await fan_out_->drain();
    for (auto& [name, venue] : venues_) co_await venue->stop();
  }

  int followers_;
  std::string url_;
  asio::io_context io_{1};
  const clock& time_ = system_clock();
  random_source& random_ = system_random();
  std::unique_ptr<timer_queue> timers_ = make_timer_queue(io_.get_executor(), time_);
  crypto::keyring keyring_{crypto::master_key::generate(random_), random_};
  stores stores_;
  std::unique_ptr<exchanges::raw_recorder> recorder_ = exchanges::make_discarding_recorder();
  loopless_http http_;
  loopless_websockets sockets_{io_.get_executor()};
  std::map<std::string, std::unique_ptr<exchanges::exchange>> venues_;
  engine::bot_board board_;
  engine::order_counters counters_;
  std::unique_ptr<engine::fan_out> fan_out_;
  std::unique_ptr<engine::bot_manager> manager_;
  user_id lead_, admin_, tenant_;
  account_id lead_account_;
  std::int64_t lead_epoch_ = 0;
  uuid lead_order_;
  std::vector<account_id> accounts_;
  std::vector<std::int64_t> epochs_;
  int orders_ = 0, written_ = 0, trades_ = 0;
  steady_time last_order_;
};

}  // namespace

int run_copy_fan_out(int followers, int rounds, const std::string& database_url) {
  rig room(followers, database_url);
  room.start();
  for (int i = 0; i < warm_up; ++i) room.round();
  std::vector<nanoseconds> taken, bare;
  for (int i = 0; i < rounds; ++i) taken.push_back(room.round());
  room.stop();
  for (int i = 0; i < rounds; ++i) bare.push_back(room.floor());
  const latencies ours(std::move(taken)), floor(std::move(bare));
  fmt::print(
      "{{\"followers\":{},\"p50_ms\":{:.3f},\"p99_ms\":{:.3f},\"floor_p50_ms\":{:.3f},\"floor_p99_ms\":{:.3f}}}\n",
      followers, ms(ours.at(0.5)), ms(ours.at(0.99)), ms(floor.at(0.5)), ms(floor.at(0.99)));
  return 0;
}

}  // namespace drover::bench
