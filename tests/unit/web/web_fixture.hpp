#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "crypto/keyring.hpp"
#include "crypto/passwords.hpp"
#include "engine/bots/bot_service.hpp"
#include "engine/copy/room_service.hpp"
#include "engine/orders/memory_orders.hpp"
#include "tenants/errors.hpp"
#include "tests/support/contract.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"
#include "web/openapi.hpp"
#include "web/request_pipeline.hpp"
#include "web/services.hpp"

namespace drover::test {

inline const std::string good_password = "correct horse battery";

/// Earnings in memory.
class memory_earnings final : public tenants::earnings_store {
public:
  task<result<std::vector<tenants::earning>>> list(user_id user, tenants::earnings_filter f) override {
    std::vector<tenants::earning> out;
    for (auto e = all.rbegin(); e != all.rend(); ++e)
      if (e->user == user && (!f.account || *f.account == e->account) && (!f.before_id || e->id < f.before_id) &&
          out.size() < static_cast<std::size_t>(f.limit))
        out.push_back(*e);
    co_return out;
  }
  task<result<std::vector<tenants::earnings_total>>> totals(user_id user) override {
    if (away) co_return fail(tenants::tenant_errc::unavailable);
    std::map<std::pair<std::string, std::string>, tenants::earnings_total> sums;
    for (const auto& e : all) {
      if (e.user != user) continue;
      auto& t = sums[{e.source, e.asset}];
      t = {e.source, e.asset, t.amount + e.amount, t.count + 1};
    }
    std::vector<tenants::earnings_total> out;
    for (auto& [key, t] : sums) out.push_back(t);
    co_return out;
  }
  task<result<std::vector<tenants::earnings_point>>> series(user_id, std::string, wall_time from,
                                                            seconds bucket) override {
    asked_from = from;
    asked_bucket = bucket;
    co_return std::vector<tenants::earnings_point>{{from, decimal(1), decimal(2)}};
  }
  task<result<std::vector<tenants::earnings_total>>> ledger_imbalances() override {
    co_return std::vector<tenants::earnings_total>{};
  }

  std::vector<tenants::earning> all;
  bool away = false;
  wall_time asked_from;
  seconds asked_bucket{};
};

/// The whole web over stores in memory and a clock that is told the time; requests go through the pipeline without
/// sockets.
class web_fixture {
public:
  explicit web_fixture(web::web_config config = {})
      : page(system_files(), ""), services(std::move(config), make_parts()) {
    pipeline = std::make_unique<web::request_pipeline>(services, page);
    services.sockets->start();
    add_user("alice", tenants::role::tenant);
    add_user("bob", tenants::role::tenant);
    add_user("root", tenants::role::admin);
    run(io, directory.load());
  }
  ~web_fixture() { run(io, services.sockets->stop()); }

  /// Every answer is held against the contract.
  net::http_response send(net::http_request r) {
    r.remote_address = r.remote_address.empty() ? "192.0.2.7" : r.remote_address;
    const auto method = r.method, path = r.path;
    auto response = run(io, pipeline->handle(std::move(r)));
    const std::string_view body = response.shared_body ? std::string_view(*response.shared_body) : std::string_view(response.body);
    if (response.status != 101)
      if (auto breach = find_breach(web::openapi_json(), method, path, {response.status, find_header(response.headers, "Content-Type"), body}))
        ADD_FAILURE() << method << " " << path << " answered " << response.status << " against the contract: " << *breach << body;
    return response;
  }
  net::http_response call(std::string method, std::string path, const std::string& token = {}, std::string body = {},
                          header_list headers = {}) {
    net::http_request r{.method = std::move(method), .headers = std::move(headers), .body = std::move(body)};
    auto question = path.find('?');
    if (question != std::string::npos) r.query = path.substr(question + 1);
    r.path = path.substr(0, question);
    if (!token.empty()) r.headers.emplace_back("Authorization", "Bearer " + token);
    if (!r.body.empty()) r.headers.emplace_back("Content-Type", "application/json");
    return send(std::move(r));
  }
  static json parse(const net::http_response& r) {
    auto text = r.shared_body ? std::string_view(*r.shared_body) : std::string_view(r.body);
    return json::parse(text);
  }

  void add_user(const std::string& name, tenants::role role) {
    auto hash = crypto::hash_password(secret(good_password), random, {.memory_kib = 64, .passes = 1});
    tenants::new_user fresh{.username = name, .email = name + "@example.org", .password_hash = *hash, .role = role};
    auto user = run(io, users->create(std::move(fresh)));
    ids[name] = user->id;
  }
  user_id id_of(const std::string& name) { return ids.at(name); }
  /// Of a session of its own, without the cost of a password.
  std::string token_of(const std::string& name) {
    auto user = run(io, users->get(id_of(name)));
    auto now = clock.wall_now();
    tenants::session fresh{.user = user->id, .id = random.hex(8), .created_at = now, .expires_at = now + signer.life(), .address = {}, .client = {}};
    auto token = signer.make_token(user->id, user->epoch, fresh.id, now);
    EXPECT_TRUE(run(io, users->open_session(std::move(fresh), user->epoch)));
    EXPECT_TRUE(run(io, directory.refresh(user->id)));
    return token;
  }
  /// Creates an account of `name`; answers its id.
  std::int64_t add_account(const std::string& name, const std::string& key = "key-of-somebody-0001") {
    auto body = json{{"exchange_name", "paper"}, {"api_key", key}, {"api_secret", "a-secret-value"}, {"label", "Main"}};
    auto response = call("POST", "/user/exchanges/", token_of(name), body.dump());
    EXPECT_EQ(response.status, 201) << response.body;
    return parse(response).at("id");
  }
  void approve(std::int64_t account) {
    auto r = call("POST", "/admin/exchanges/" + std::to_string(account) + "/approve", token_of("root"), "{}");
    EXPECT_EQ(r.status, 200) << r.body;
  }
  /// Runs what is ready.
  void settle() {
    io.restart();
    io.poll();
  }

private:
  std::optional<user_id> owner_of(account_id id) {
    for (const auto& [name, user] : ids) {
      asio::io_context here;
      if (run(here, store->get(user, id))) return user;
    }
    return std::nullopt;
  }
  static crypto::token_signer make_signer() {
    std::map<std::string, secret> keys;
    keys.emplace("k1", secret(std::string(32, 'k')));
    return crypto::token_signer(std::move(keys), "k1", std::chrono::hours(1));
  }
  task<tenants::probe_outcome> probe() { co_return verdict; }
  std::shared_ptr<const std::vector<engine::external_order>> external_orders_of(user_id user, account_id account) {
    auto out = std::make_shared<std::vector<engine::external_order>>();
    for (const auto& o : external_orders)
      if (o.user == user && (!account.valid() || o.account == account)) out->push_back(o);
    return out;
  }
  std::optional<engine::memory_history_accounts::row> history_account(account_id id) {
    const auto owner = owner_of(id);
    if (!owner) return std::nullopt;
    return engine::memory_history_accounts::row{*owner, "paper"};
  }
  tenants::exchange_catalogue make_catalogue() {
    return {.is_known = [](const std::string& n) { return n == "paper" || n == "okx"; },
            .needs_passphrase = [](const std::string& n) { return n == "okx"; },
            .names = {"paper", "okx"}};
  }
  web::web_parts make_parts() {
    return {.executor = io.get_executor(),
            .timers = timers,
            .random = random,
            .wall = clock,
            .users = *users,
            .directory = directory,
            .login = login,
            .registration = registration,
            .second_factor = second_factor,
            .accounts = accounts,
            .earnings = earnings,
            .journal = journal.get(),
            .board = board,
            .counters = counters,
            .readiness = {{"database", [this] { return database_problem; }}},
            .version = "1.2.3",
            .revision = "abc",
            .bots = &bots,
            .rooms = &rooms,
            .reports = [this](account_id, bot_id, auto done) { done(std::make_shared<web::bot_reports>(reports)); },
            .history = history.get(),
            .prices = [this](std::vector<engine::market_key>, auto done) { done(std::make_shared<engine::market_prices>(prices)); },
            .external_orders = [this](user_id user, account_id account, auto done) { done(external_orders_of(user, account)); },
            .audit = audit.get(),
            .idempotency = idempotency.get()};
  }

public:
  asio::io_context io;
  manual_clock clock;
  manual_timers timers{clock};
  seeded_random random{7};
  std::map<std::string, user_id> ids;
  tenants::probe_outcome verdict{.accepted = true};
  std::string database_problem;
  std::unique_ptr<tenants::user_store> users = tenants::make_memory_user_store(clock);
  crypto::token_signer signer = make_signer();
  tenants::user_directory directory{*users, signer, clock};
  worker_pool hashing{"hashing", 1, 8};
  std::unique_ptr<tenants::account_store> store = tenants::make_memory_account_store(
      clock, {.is_active = [](user_id) { return true; },
              .username = [](user_id u) { return "user" + std::to_string(u.value); }});
  crypto::keyring keyring{crypto::master_key::generate(random), random};
  std::unique_ptr<tenants::second_factor_store> second_factors = tenants::make_memory_second_factor_store();
  tenants::password_hasher hasher{hashing, random, {.memory_kib = 64, .passes = 1}};
  tenants::attempt_guard attempts{{}};
  tenants::second_factor_service second_factor{*second_factors, *store, keyring, clock, random};
  tenants::login_service login{{*users, directory, signer, hasher, attempts, second_factor, clock, random}};
  tenants::registration_service registration{*users, hasher, attempts, clock, random, tenants::registration_mode::off};
  tenants::account_service accounts{*store, keyring, make_catalogue(),
                                    [this](std::string, secret, secret, secret) { return probe(); }};
  memory_earnings earnings;
  std::unique_ptr<tenants::idempotency_store> idempotency = tenants::make_memory_idempotency_store(clock);
  std::unique_ptr<tenants::audit_store> audit = tenants::make_memory_audit_store(clock);
  std::unique_ptr<engine::bot_store> bot_rows = engine::make_memory_bot_store(clock, {[this](account_id id) { return owner_of(id); }});
  engine::bot_service bots{*bot_rows, 3};
  std::unique_ptr<engine::memory_copy_store> room_rows = engine::make_memory_copy_store(
      clock, {.owner_of = [this](account_id id) { return owner_of(id); },
              .username =
                  [this](user_id id) {
                    const auto at = std::ranges::find(ids, id, [](const auto& entry) { return entry.second; });
                    return at == ids.end() ? std::string() : at->first;
                  },
              .is_alive = [](user_id, account_id) { return true; },
              .bots = bot_rows.get(),
              .find_order = [](bot_id, const std::string&) { return std::nullopt; },
              .saved_state = [](bot_id) { return std::string(R"({"own":{"drift":"0.125"}})"); }});
  engine::room_service rooms{*room_rows, random, clock, {.bots_per_user = 3}};
  web::bot_reports reports;
  std::shared_ptr<engine::memory_orders> order_rows = std::make_shared<engine::memory_orders>();
  std::unique_ptr<engine::order_journal> journal = engine::make_memory_order_journal(clock, order_rows);
  std::unique_ptr<engine::history_store> history =
      engine::make_memory_history_store(order_rows, {[this](account_id id) { return history_account(id); }});
  engine::market_prices prices;
  std::vector<engine::external_order> external_orders;
  engine::bot_board board;
  engine::order_counters counters;
  web::page_files page;
  web::services services;
  std::unique_ptr<web::request_pipeline> pipeline;
};

}  // namespace drover::test
