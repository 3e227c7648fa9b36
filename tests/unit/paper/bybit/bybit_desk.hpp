#pragma once

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/dialect.hpp"
#include "tests/support/venue_damage.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {

namespace bybit {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}

/// The venue with one account, spoken to as a client does.
struct bybit_on_a_desk {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  std::unique_ptr<dialect> speaker;
  const api_account* account = nullptr;
  /// What a client may get wrong; changed by tests.
  std::string key, secret, window = "5000", address = "127.0.0.1";
  milliseconds shift{0};

  explicit bybit_on_a_desk(account_request opening = {}) : venue(paper_config{}, clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    speaker = bybit::make_dialect(venue);
    venue.begin();
    opening.venue = "bybit";
    opening.balances = {{"USDT", decimal(100'000)}, {"BTC", decimal(2)}};
    account = *venue.open_account(opening);
    key = account->api_key, secret = account->api_secret;
  }
  net::http_response send(std::string method, std::string path, std::string query = {}, std::string body = {}) {
    net::http_request r{.method = method, .path = "/v5" + path, .query = query, .body = body, .remote_address = address};
    const auto stamp = std::to_string((clock.wall + shift).ms());
    const auto text = stamp + key + window + (method == "POST" ? body : query);
    r.headers = {{"X-BAPI-API-KEY", key},
                 {"X-BAPI-TIMESTAMP", stamp},
                 {"X-BAPI-RECV-WINDOW", window},
                 {"X-BAPI-SIGN", to_hex(crypto::hmac_sha256(secret, text))}};
    return speaker->handle(r, "");
  }
  net::http_response place(const std::string& more) {
    return send("POST", "/order/create", {}, R"({"category":"spot","symbol":"BTCUSDT",)" + more + "}");
  }
  net::http_response cancel(const std::string& more) {
    return send("POST", "/order/cancel", {}, R"({"category":"spot","symbol":"BTCUSDT",)" + more + "}");
  }
  json list(const std::string& path, const std::string& query) {
    return json::parse(send("GET", path, "category=spot&symbol=BTCUSDT" + query).body)["result"]["list"];
  }

  std::shared_ptr<net::websocket_handler> connect(std::string path, test::kept_frames& frames) {
    net::http_request r{.method = "GET", .path = "/v5/" + path, .remote_address = address};
    r.wants_websocket = true;
    auto handler = speaker->handle(r, "").websocket;
    handler->on_open(frames);
    return handler;
  }
  std::string make_login() const {
    const auto expires = std::to_string((clock.wall + shift).ms() + 10'000);
    return json{{"op", "auth"}, {"args", {key, expires, to_hex(crypto::hmac_sha256(secret, "GET/realtime" + expires))}}}.dump();
  }
};

inline json body_of(const net::http_response& r) { return json::parse(r.body); }
inline int code_of(const net::http_response& r) { return body_of(r)["retCode"].get<int>(); }

}  // namespace drover::exchanges::paper
