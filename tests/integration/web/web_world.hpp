#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "base/json.hpp"
#include "crypto/passwords.hpp"
#include "net/http_client.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/postgres.hpp"
#include "web/web_server.hpp"

namespace drover::test {

inline const std::string good_password = "correct horse battery";

/// The web over real sockets and a database of its own, on a thread as in production; calls block.
class web_world {
public:
  struct answer {
    int status = 0;
    header_list headers;
    std::string body;
    json parsed() const { return json::parse(body); }
    std::string header(std::string_view name) const { return std::string(find_header(headers, name)); }
  };

  explicit web_world(web::web_config config = {}) : guard_(io.get_executor()) {
    thread_ = std::thread([this] { io.run(); });
    add_user("alice", tenants::role::tenant);
    add_user("bob", tenants::role::tenant);
    add_user("root", tenants::role::admin);
    EXPECT_TRUE(await(directory.load()));
    call_on_thread([&] {
      server = web::make_web_server(std::move(config), make_parts());
      auto started = server->start();
      if (!started) throw std::runtime_error(started.error().to_string());
    });
  }
  ~web_world() {
    await(server->stop(2s));
    call_on_thread([this] {
      server.reset();
      http.reset();
      websockets.reset();
    });
    db.reset();
    call_on_thread([this] { timers.reset(); });
    guard_.reset();
    thread_.join();
  }

  template <class F>
  std::invoke_result_t<F> call_on_thread(F work) {
    std::packaged_task<std::invoke_result_t<F>()> packaged(std::move(work));
    auto future = packaged.get_future();
    asio::post(io, [&packaged] { packaged(); });
    return future.get();
  }
  template <class T>
  T await(task<T> t) {
    return asio::co_spawn(io, std::move(t), asio::use_future).get();
  }

  std::string url(const std::string& path, const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(server->port()) + path;
  }
  answer call(std::string method, std::string path, const std::string& token = {}, std::string body = {},
              header_list headers = {}) {
    client_request r{
        .method = std::move(method), .url = url(path), .headers = std::move(headers), .body = std::move(body)};
    if (!token.empty()) r.headers.emplace_back("Authorization", "Bearer " + token);
    if (!r.body.empty() && find_header(r.headers, "Content-Type").empty())
      r.headers.emplace_back("Content-Type", "application/json");
    auto response = await(http->send(std::move(r)));
    if (!response) throw std::runtime_error(response.error().to_string());
    return {response->status, response->headers, response->body};
  }
  std::string log_in(const std::string& name) {
    auto r = call("POST", "/client/login", {}, json{{"username", name}, {"password", good_password}}.dump());
    EXPECT_EQ(r.status, 200) << r.body;
    return r.parsed().at("token");
  }
  /// A token without the cost of a password.
  std::string token_of(const std::string& name) {
    auto user = await(users->get(ids.at(name)));
    auto now = system_clock().wall_now();
    tenants::session fresh{.user = user->id, .id = system_random().hex(8), .created_at = now, .expires_at = now + signer.life(), .address = {}, .client = {}};
    auto token = signer.make_token(user->id, user->epoch, fresh.id, now);
    EXPECT_TRUE(await(users->open_session(std::move(fresh), user->epoch)));
    EXPECT_TRUE(await(directory.refresh(user->id)));
    return token;
  }
  std::int64_t add_account(const std::string& name, const std::string& key) {
    auto body = json{{"exchange_name", "paper"}, {"api_key", key}, {"api_secret", "a-secret-value"}, {"label", "Main"}};
    auto r = call("POST", "/user/exchanges/", token_of(name), body.dump());
    EXPECT_EQ(r.status, 201) << r.body;
    return r.parsed().at("id");
  }

private:
  void add_user(const std::string& name, tenants::role role) {
    auto hash = crypto::hash_password(secret(good_password), system_random(), {.memory_kib = 64, .passes = 1});
    tenants::new_user fresh{.username = name, .email = name + "@example.org", .password_hash = *hash, .role = role};
    auto user = await(users->create(std::move(fresh)));
    if (!user) throw std::runtime_error(user.error().to_string());
    ids[name] = user->id;
  }
  static crypto::token_signer make_signer() {
    std::map<std::string, secret> keys;
    keys.emplace("k1", secret(std::string(32, 'k')));
    return crypto::token_signer(std::move(keys), "k1", std::chrono::hours(1));
  }
  task<tenants::probe_outcome> probe() { co_return verdict; }
  web::web_parts make_parts() {
    return {.executor = io.get_executor(),
            .timers = *timers,
            .random = system_random(),
            .wall = system_clock(),
            .users = *users,
            .directory = directory,
            .login = login,
            .registration = registration,
            .second_factor = second_factor,
            .accounts = accounts,
            .earnings = *earnings,
            .journal = nullptr,
            .board = board,
            .counters = counters,
            .readiness = {},
            .version = "1",
            .revision = "r",
            .history = history.get()};
  }

public:
  asio::io_context io;
  test_database database_of_test;
  std::map<std::string, user_id> ids;
  tenants::probe_outcome verdict{.accepted = true};
  std::unique_ptr<timer_queue> timers = make_timer_queue(io.get_executor(), system_clock());
  std::unique_ptr<database> db = make_database(database_of_test.config(), system_clock());
  std::unique_ptr<tenants::user_store> users = tenants::make_postgres_user_store(*db);
  std::unique_ptr<tenants::account_store> store = tenants::make_postgres_account_store(*db);
  std::unique_ptr<tenants::earnings_store> earnings = tenants::make_postgres_earnings_store(*db);
  std::unique_ptr<engine::history_store> history = engine::make_postgres_history_store(*db);
  crypto::token_signer signer = make_signer();
  tenants::user_directory directory{*users, signer, system_clock()};
  worker_pool hashing{"hashing", 1, 32};
  crypto::keyring keyring{crypto::master_key::generate(system_random()), system_random()};
  std::unique_ptr<tenants::second_factor_store> second_factors = tenants::make_postgres_second_factor_store(*db);
  tenants::password_hasher hasher{hashing, system_random(), {.memory_kib = 64, .passes = 1}};
  tenants::attempt_guard attempts{{}};
  tenants::second_factor_service second_factor{*second_factors, *store, keyring, system_clock(), system_random()};
  tenants::login_service login{{*users, directory, signer, hasher, attempts, second_factor, system_clock(), system_random()}};
  tenants::registration_service registration{*users, hasher, attempts, system_clock(), system_random(), tenants::registration_mode::off};
  tenants::account_service accounts{*store,
                                    keyring,
                                    {.is_known = [](const std::string& n) { return n == "paper" || n == "okx"; },
                                     .needs_passphrase = [](const std::string& n) { return n == "okx"; },
                                     .names = {"paper", "okx"}},
                                    [this](std::string, secret, secret, secret) { return probe(); }};
  engine::bot_board board;
  engine::order_counters counters;
  std::unique_ptr<http_client> http = net::make_http_client(io.get_executor(), *timers, {});
  std::unique_ptr<websocket_connector> websockets = net::make_websocket_connector(io.get_executor(), *timers, {});
  std::unique_ptr<web::web_server> server;

private:
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::thread thread_;
};

/// A WebSocket client; waits at most ten seconds for anything.
class live_client {
public:
  live_client(web_world& w, const std::string& path, header_list headers = {}) : world_(w) {
    websocket_options options{.headers = std::move(headers)};
    auto opened = world_.await(world_.websockets->connect(world_.url(path, "ws"), std::move(options)));
    if (!opened) throw std::runtime_error(opened.error().to_string());
    socket_ = std::move(*opened);
  }
  ~live_client() {
    world_.await(socket_->close());
    world_.call_on_thread([this] { socket_.reset(); });
  }
  void say(const json& message) { EXPECT_TRUE(world_.await(socket_->send(message.dump()))); }
  /// The next message, or nothing when the socket is closed.
  std::optional<json> hear() {
    auto text = world_.await(socket_->receive(10s));
    if (!text) {
      end = text.error().detail;
      return std::nullopt;
    }
    return json::parse(*text);
  }
  /// The next message of that type; what comes before is passed over.
  json hear(const std::string& type) {
    for (int i = 0; i < 1000; ++i) {
      auto message = hear();
      if (!message) break;
      if (message->at("type") == type) return *message;
    }
    ADD_FAILURE() << "no " << type << " came: " << end;
    return json::object();
  }
  void log_in(const std::string& token) {
    say({{"type", "auth"}, {"payload", {{"token", token}}}});
    hear("synced");
  }

  std::string end;

private:
  web_world& world_;
  std::unique_ptr<websocket_client> socket_;
};

}  // namespace drover::test
