#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "exchanges/paper/paper_server.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "exchanges/registry.hpp"
#include "net/http_client.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::exchanges {

inline const std::string symbol = "BTC/USDT";

/// Files of a simulated exchange behind TLS, and what our side trusts; empty: plain sockets.
struct live_tls {
  std::string certificate_file, key_file, ca_file;
};

/// One venue of ours against the simulated exchange in its dialect, over real sockets, plain or TLS.
class live_venue : public testing::Test {
protected:
  explicit live_venue(std::string name, const live_tls& tls = {}) : dialect(std::move(name)) {
    paper::paper_config config;
    config.step_interval = 20ms;
    config.tls_certificate_file = tls.certificate_file;
    config.tls_key_file = tls.key_file;
    const bool secure = !tls.key_file.empty();
    control_http = net::make_http_client(io.get_executor(), *timers, {.ca_file = tls.certificate_file});
    http = net::make_http_client(io.get_executor(), *timers, {.ca_file = tls.ca_file});
    sockets = net::make_websocket_connector(io.get_executor(), *timers, {.ca_file = tls.ca_file});
    server = paper::make_paper_server(io.get_executor(), *timers, random, system_clock(), config);
    auto started = server->start();
    if (!started) throw std::runtime_error(started.error().to_string());
    // Certificates of tests are for the name.
    base = (secure ? "localhost:" : "127.0.0.1:") + std::to_string(server->port());
    base_url = (secure ? "https://" : "http://") + base;
    exchange_config c;
    c.name = c.dialect = dialect;
    c.rest_url = base_url + "/" + dialect;
    c.stream_url = c.ws_api_url = (secure ? "wss://" : "ws://") + base + "/" + dialect;
    auto made = make_exchange(c, {io.get_executor(), *timers, random, *http, *sockets, *recorder});
    if (!made) throw std::runtime_error(made.error().to_string());
    venue = std::move(*made);
    venue->start();
  }
  ~live_venue() override {
    subscriptions.clear();
    accounts.clear();
    drover::test::run(io, venue->stop());
    http.reset();
    control_http.reset();
    sockets.reset();
    drover::test::run(io, server->stop(2s));
  }

  template <class T>
  T run(task<T> work) {
    return drover::test::run(io, std::move(work));
  }

  nlohmann::json control(const std::string& method, const std::string& path, const nlohmann::json& body = {}) {
    client_request r;
    r.method = method;
    r.url = base_url + path;
    r.headers = {{"Content-Type", "application/json"}};
    if (!body.is_null()) r.body = body.dump();
    auto answer = run(control_http->send(std::move(r)));
    if (!answer) throw std::runtime_error(answer.error().to_string());
    if (answer->status >= 300) throw std::runtime_error(answer->body);
    return nlohmann::json::parse(answer->body);
  }

  exchange_account& open_account(const std::string& forged_secret = {}) {
    auto keys =
        control("POST", "/paper/accounts", {{"venue", dialect}, {"balances", {{"USDT", "1000000"}, {"BTC", "10"}}}});
    auto key = keys["api_key"].get<std::string>();
    auto text = forged_secret.empty() ? keys["api_secret"].get<std::string>() : forged_secret;
    auto phrase = keys.value("passphrase", std::string());
    return open_account_with(key, text, phrase);
  }
  exchange_account& open_account_with(const std::string& key, const std::string& text, const std::string& phrase) {
    credential_source open = [key, text, phrase]() -> result<credentials> {
      return credentials{secret(key), secret(text), secret(phrase)};
    };
    return *accounts.emplace_back(venue->open_account(open, std::to_string(accounts.size() + 1)));
  }

  bool eventually(const std::function<bool()>& wanted, nanoseconds limit = 20s) {
    auto end = system_clock().now() + limit;
    while (!wanted() && system_clock().now() < end) {
      io.restart();
      io.run_one_for(10ms);
    }
    return wanted();
  }

  book_ticker market() {
    std::shared_ptr<const book_ticker> last;
    auto watched = venue->subscribe_book_ticker(symbol, [&](const auto& t) { last = t; });
    if (!eventually([&] { return last != nullptr; })) throw std::runtime_error("no ticker");
    return *last;
  }

  /// Far below the market, on the tick.
  order_request resting_buy(int number) {
    order_request r;
    r.symbol = symbol;
    r.quantity = "0.01"_dec;
    r.price = (market().bid_price * "0.9"_dec).round_to_multiple(instrument().tick_size, rounding::down);
    r.client_order_id = id_of(number);
    return r;
  }
  order_request market_buy(int number) {
    auto r = resting_buy(number);
    r.type = order_type::market;
    // The worst price, for venues that cannot size a market buy in the base asset.
    r.price = (market().ask_price * "1.02"_dec).round_to_multiple(instrument().tick_size, rounding::down);
    return r;
  }
  static std::string id_of(int number) {
    auto text = std::to_string(number);
    return std::string("0192aa00bb11cc22dd33ee44ff55") + std::string(4 - text.size(), '0') + text;
  }
  const exchanges::instrument& instrument() {
    if (!known) {
      auto found = run(venue->find_instrument(symbol));
      if (!found) throw std::runtime_error(found.error().to_string());
      known = *found;
    }
    return *known;
  }

  /// Asks until the order looks as wanted: venues answer before they know.
  std::optional<order> find_until(exchange_account& account, const order_ref& of,
                                  const std::function<bool(const order&)>& wanted) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      auto found = run(account.find_order(of, lane::read));
      if (found && wanted(*found)) return *found;
      last_problem = found ? "status " + std::string(to_string(found->status)) : found.error().to_string();
      io.restart();
      io.run_for(50ms);
    }
    return std::nullopt;
  }

  std::string dialect;
  asio::io_context io;
  std::unique_ptr<timer_queue> timers = make_timer_queue(io.get_executor(), system_clock());
  seeded_random random{11};
  std::unique_ptr<http_client> control_http, http;
  std::unique_ptr<websocket_connector> sockets;
  std::unique_ptr<raw_recorder> recorder = make_discarding_recorder();
  std::unique_ptr<paper::paper_server> server;
  std::string base, base_url;
  std::unique_ptr<exchange> venue;
  std::vector<std::unique_ptr<exchange_account>> accounts;
  std::vector<std::unique_ptr<market_subscription>> subscriptions;
  std::shared_ptr<const exchanges::instrument> known;
  std::string last_problem;
};

/// What the private stream of an account said.
struct heard {
  bool opened = false;
  std::vector<order> orders;
  std::vector<fill> fills;
  int balances = 0;
  void operator()(const account_event& e) {
    if (std::holds_alternative<stream_opened>(e)) opened = true;
    if (std::holds_alternative<balance_event>(e)) ++balances;
    if (auto* f = std::get_if<fill_event>(&e)) fills.push_back(f->fill);
    if (auto* o = std::get_if<order_event>(&e)) {
      orders.push_back(o->order);
      if (o->fill) fills.push_back(*o->fill);
    }
  }
  bool told(const std::string& client_id, order_status status) const {
    return std::ranges::any_of(orders,
                               [&](const order& o) { return o.client_order_id == client_id && o.status == status; });
  }
};

}  // namespace drover::exchanges
