#pragma once

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "crypto/signing_key.hpp"
#include "exchanges/paper/dialect.hpp"
#include "tests/support/venue_damage.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {

namespace coinbase {
std::unique_ptr<dialect> make_advanced_dialect(simulated_venue&);
std::unique_ptr<dialect> make_exchange_dialect(simulated_venue&);
}

/// One of the two APIs with one account.
struct coinbase_on_a_desk {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  std::unique_ptr<dialect> speaker;
  const api_account* account = nullptr;
  std::string address = "127.0.0.1";

  coinbase_on_a_desk(std::unique_ptr<dialect> make(simulated_venue&), std::string name, account_request opening)
      : venue(paper_config{.instruments = {"BTC/USD=60000", "ETH/USD=2600"}}, clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    speaker = make(venue);
    venue.begin();
    opening.venue = std::move(name);
    opening.balances = {{"USD", decimal(100'000)}, {"BTC", decimal(2)}};
    account = *venue.open_account(opening);
  }
  net::http_response hand_over(net::http_request r, header_list headers) {
    r.remote_address = address;
    r.headers = std::move(headers);
    return speaker->handle(r, "");
  }
  std::shared_ptr<net::websocket_handler> connect(test::kept_frames& frames) {
    net::http_request r{.method = "GET", .path = "/", .remote_address = address};
    r.wants_websocket = true;
    auto handler = speaker->handle(r, "").websocket;
    handler->on_open(frames);
    return handler;
  }
};

/// Advanced Trade: a token signed for each request.
struct advanced_on_a_desk : coinbase_on_a_desk {
  std::string key;
  std::optional<crypto::signing_key> signer;
  /// What a client may get wrong; changed by tests.
  seconds shift{0}, lifetime{120};
  std::string algorithm, subject, uri_prefix = "api.coinbase.com";

  explicit advanced_on_a_desk(account_request opening = {})
      : coinbase_on_a_desk(coinbase::make_advanced_dialect, "coinbase", opening), key(account->api_key), subject(key) {
    const bool ed25519 = opening.key_form == signing_key_form::ed25519;
    signer = ed25519 ? *crypto::signing_key::from_ed25519(*from_base64(account->api_secret)) : *crypto::signing_key::from_pem(account->api_secret);
    algorithm = ed25519 ? "EdDSA" : "ES256";
  }
  std::string make_token(const std::string& uri = {}) const {
    const auto begins = clock.wall.ms() / 1'000 + shift.count();
    const json header{{"alg", algorithm}, {"kid", key}, {"nonce", "0011"}, {"typ", "JWT"}};
    json claims{{"sub", subject}, {"iss", "cdp"}, {"nbf", begins}, {"exp", begins + lifetime.count()}};
    if (!uri.empty()) claims["uri"] = uri;
    const auto text = to_base64url(header.dump()) + "." + to_base64url(claims.dump());
    return text + "." + to_base64url(signer->sign(text));
  }
  net::http_response send(const std::string& method, const std::string& path, const std::string& query = {}, const std::string& body = {}) {
    const auto whole = "/api/v3/brokerage" + path;
    return hand_over({.method = method, .path = whole, .query = query, .body = body},
                     {{"Authorization", "Bearer " + make_token(method + " " + uri_prefix + whole)}});
  }
  net::http_response place(const std::string& id, const std::string& side, const std::string& configuration, const std::string& product = "BTC-USD") {
    return send("POST", "/orders", {},
                R"({"client_order_id":")" + id + R"(","product_id":")" + product + R"(","side":")" + side + R"(","order_configuration":)" + configuration + "}");
  }
  net::http_response rest(const std::string& id) { return place(id, "BUY", R"({"limit_limit_gtc":{"base_size":"0.01","limit_price":"50000"}})"); }
};

/// Exchange: passphrase and a signature over the request.
struct exchange_on_a_desk : coinbase_on_a_desk {
  /// What a client may get wrong; changed by tests.
  std::string key, secret, passphrase;
  seconds shift{0};

  explicit exchange_on_a_desk(account_request opening = {})
      : coinbase_on_a_desk(coinbase::make_exchange_dialect, "coinbaseexchange", opening),
        key(account->api_key), secret(account->api_secret), passphrase(account->passphrase) {}
  std::string sign(const std::string& stamp, const std::string& text) const { return to_base64(crypto::hmac_sha256(*from_base64(secret), stamp + text)); }
  std::string make_stamp() const { return std::to_string(clock.wall.ms() / 1'000 + shift.count()); }
  net::http_response send(const std::string& method, const std::string& path, const std::string& query = {}, const std::string& body = {}) {
    const auto stamp = make_stamp();
    return hand_over({.method = method, .path = path, .query = query, .body = body},
                     {{"CB-ACCESS-KEY", key},
                      {"CB-ACCESS-PASSPHRASE", passphrase},
                      {"CB-ACCESS-TIMESTAMP", stamp},
                      {"CB-ACCESS-SIGN", sign(stamp, method + path + (query.empty() ? "" : "?" + query) + body)}});
  }
  net::http_response place(const std::string& more) { return send("POST", "/orders", {}, R"({"product_id":"BTC-USD",)" + more + "}"); }
  json make_subscription(const std::string& channel) const {
    const auto stamp = make_stamp();
    return {{"type", "subscribe"},     {"product_ids", {"BTC-USD"}}, {"channels", {channel}},      {"key", key},
            {"passphrase", passphrase}, {"timestamp", stamp},         {"signature", sign(stamp, "GET/users/self/verify")}};
  }
};

inline json body_of(const net::http_response& r) { return json::parse(r.body); }

/// Status and words are those of the documented error; `venue` names the file.
inline std::string difference_from_documented(const net::http_response& r, const std::string& venue, const std::string& name) {
  for (const auto& c : test_support::load_data("errors/" + venue + ".json")) {
    if (c["case"] != name) continue;
    if (r.status != c["http_status"].get<int>()) return name + ": HTTP " + std::to_string(r.status);
    const auto wanted = c["body"].is_string() ? c["body"].get<std::string>() : json(c["body"]).dump();
    const auto got = c["body"].is_string() ? r.body : body_of(r).dump();
    return got == wanted ? std::string() : got + " instead of " + wanted;
  }
  return "no case " + name;
}

}  // namespace drover::exchanges::paper
