#pragma once

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/dialect.hpp"
#include "tests/support/venue_damage.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {

namespace okx {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}

/// The venue with one account, spoken to as a client does.
struct okx_on_a_desk {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  std::unique_ptr<dialect> speaker;
  const api_account* account = nullptr;
  /// What a client may get wrong; changed by tests.
  std::string key, secret, passphrase, address = "127.0.0.1";
  milliseconds shift{0};
  header_list more_headers;

  explicit okx_on_a_desk(key_permissions rights = {}, std::vector<std::string> addresses = {}) : venue(paper_config{}, clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    speaker = okx::make_dialect(venue);
    venue.begin();
    account = *venue.open_account({.venue = "okx",
                                   .permissions = rights,
                                   .addresses = std::move(addresses),
                                   .balances = {{"USDT", decimal(100'000)}, {"BTC", decimal(2)}}});
    key = account->api_key, secret = account->api_secret, passphrase = account->passphrase;
  }
  net::http_response send(std::string method, std::string path, std::string query = {}, std::string body = {}) {
    net::http_request r{.method = method, .path = "/api/v5" + path, .query = query, .body = body, .remote_address = address};
    const auto iso = to_rfc3339(clock.wall + shift);
    const auto stamp = iso.substr(0, iso.find('.') + 4) + "Z";
    const auto text = stamp + method + r.path + (query.empty() ? "" : "?" + query) + body;
    r.headers = {{"OK-ACCESS-KEY", key},
                 {"OK-ACCESS-PASSPHRASE", passphrase},
                 {"OK-ACCESS-TIMESTAMP", stamp},
                 {"OK-ACCESS-SIGN", to_base64(crypto::hmac_sha256(secret, text))}};
    r.headers.insert(r.headers.end(), more_headers.begin(), more_headers.end());
    return speaker->handle(r, "");
  }
  net::http_response place(const std::string& more) {
    return send("POST", "/trade/order", {}, R"({"instId":"BTC-USDT","tdMode":"cash",)" + more + "}");
  }
  net::http_response cancel(const std::string& more) { return send("POST", "/trade/cancel-order", {}, R"({"instId":"BTC-USDT",)" + more + "}"); }
  json find(const std::string& query) { return json::parse(send("GET", "/trade/order", "instId=BTC-USDT&" + query).body)["data"][0]; }

  std::shared_ptr<net::websocket_handler> connect(std::string path, test::kept_frames& frames) {
    net::http_request r{.method = "GET", .path = "/ws/v5/" + path, .remote_address = address};
    r.wants_websocket = true;
    auto handler = speaker->handle(r, "").websocket;
    if (handler) handler->on_open(frames);
    return handler;
  }
  std::string make_login() const {
    const auto stamp = std::to_string((clock.wall + shift).ms() / 1'000);
    return json{{"op", "login"},
                {"args",
                 {{{"apiKey", key},
                   {"passphrase", passphrase},
                   {"timestamp", stamp},
                   {"sign", to_base64(crypto::hmac_sha256(secret, stamp + "GET/users/self/verify"))}}}}}
        .dump();
  }
};

inline json body_of(const net::http_response& r) { return json::parse(r.body); }
/// The code of the one order, else of the request.
inline std::string code_of(const net::http_response& r) {
  const auto body = body_of(r);
  const auto& data = body["data"];
  return data.is_array() && !data.empty() && data[0].contains("sCode") ? data[0]["sCode"] : body["code"];
}

}  // namespace drover::exchanges::paper
