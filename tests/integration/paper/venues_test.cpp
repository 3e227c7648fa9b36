#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "exchanges/paper/paper_server.hpp"
#include "net/http_client.hpp"
#include "tests/integration/net/certificate.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::exchanges::paper {
namespace {

using json = nlohmann::json;

/// A paper exchange with a client, on one thread.
class exchange_on_ports {
 public:
  explicit exchange_on_ports(paper_config config, std::string ca_file = {}) : tls_(!config.tls_key_file.empty()) {
    server = make_paper_server(io.get_executor(), *timers, random, system_clock(), std::move(config));
    if (auto started = server->start(); !started) throw std::runtime_error(started.error().to_string());
    net::http_client_config c;
    c.ca_file = ca_file;
    http = net::make_http_client(io.get_executor(), *timers, c);
    sockets = net::make_websocket_connector(io.get_executor(), *timers, c);
  }
  ~exchange_on_ports() {
    http.reset();
    sockets.reset();
    test::run(io, server->stop(2s));
  }
  std::string base(std::uint16_t port, const char* scheme) const {
    return std::string(scheme) + (tls_ ? "s://localhost:" : "://127.0.0.1:") + std::to_string(port);
  }
  result<client_response> send(const char* method, const std::string& path, const json& body = nullptr, std::uint16_t port = 0) {
    client_request r;
    r.method = method;
    r.url = base(port == 0 ? server->port() : port, "http") + path;
    if (!body.is_null()) r.body = body.dump();
    return test::run(io, http->send(std::move(r)));
  }
  std::string get(const std::string& path, std::uint16_t port = 0) {
    auto answer = send("GET", path, nullptr, port);
    return answer ? answer->body : answer.error().to_string();
  }
  json control(const std::string& path, const json& body) {
    auto answer = send("POST", path, body);
    if (!answer) throw std::runtime_error(answer.error().to_string());
    auto out = json::parse(answer->body);
    out["status"] = answer->status;
    return out;
  }

  asio::io_context io{1};
  std::unique_ptr<timer_queue> timers = make_timer_queue(io.get_executor(), system_clock());
  seeded_random random{5};
  std::unique_ptr<paper_server> server;
  std::unique_ptr<http_client> http;
  std::unique_ptr<websocket_connector> sockets;

 private:
  bool tls_;
};

TEST(PaperVenues, PrefixAndRootReachTheSameDialect) {
  exchange_on_ports e({});
  for (const char* path : {"/binance/api/v3/ping", "/api/v3/ping"}) EXPECT_EQ(e.get(path), "{}") << path;
  EXPECT_EQ(e.send("GET", "/binancex/api/v3/ping")->status, 404);
  EXPECT_EQ(e.send("GET", "/binance")->status, 404);
  const auto limits = json::parse(e.get("/paper/limits"));
  EXPECT_EQ(limits["binance"]["requests"], 4);
  EXPECT_EQ(limits["binance"]["denied"], 0);
  EXPECT_EQ(json::parse(e.get("/paper/venues"))[0]["venue"], "binance");
  EXPECT_EQ(e.server->venue_ports()[0].prefix, "/binance");
}

TEST(PaperVenues, FaultsAreForOneVenueAndItsPaths) {
  exchange_on_ports e({});
  ASSERT_EQ(e.control("/paper/faults", {{"kind", "html"}, {"path", "/binance/api/v3/time"}})["status"], 201);
  EXPECT_EQ(e.get("/api/v3/ping"), "{}");
  const auto page = e.send("GET", "/api/v3/time");
  EXPECT_EQ(page->status, 502);
  EXPECT_TRUE(page->body.starts_with("<html>"));
  for (const char* kind : {"invalid_utf8", "deep_json", "truncated", "garbage"}) {
    e.control("/paper/faults", {{"kind", kind}, {"venue", "binance"}, {"path", "/api/v3/time"}});
    EXPECT_TRUE(json::parse(e.get("/binance/api/v3/time"), nullptr, false).is_discarded() || std::string(kind) == "deep_json") << kind;
  }
  e.control("/paper/faults", {{"kind", "huge_frame"}, {"bytes", 100'000}, {"path", "/api/v3/time"}});
  EXPECT_GT(e.get("/api/v3/time").size(), 100'000u);
  EXPECT_EQ(e.control("/paper/faults", {{"kind", "html"}, {"venue", "nowhere"}})["status"], 404);
  EXPECT_TRUE(json::parse(e.get("/api/v3/time")).contains("serverTime"));
}

TEST(PaperVenues, LimitsAreEnforcedUntilTurnedOff) {
  paper_config config;
  config.request_weight_per_minute = 2;
  exchange_on_ports e(config);
  for (int i = 0; i < 3; ++i) e.get("/api/v3/ping");
  EXPECT_EQ(e.send("GET", "/api/v3/ping")->status, 429);
  EXPECT_EQ(e.control("/paper/limits", {{"venue", "binance"}, {"enforced", false}})["status"], 200);
  EXPECT_EQ(e.send("GET", "/api/v3/ping")->status, 200);
  EXPECT_EQ(e.control("/paper/limits", {{"venue", "nowhere"}, {"enforced", false}})["status"], 404);
  EXPECT_GE(json::parse(e.get("/paper/limits"))["binance"]["denied"], 1);
}

TEST(PaperVenues, AccountsOfUnknownVenuesAreRefused) {
  exchange_on_ports e({});
  EXPECT_EQ(e.control("/paper/accounts", {{"venue", "nowhere"}})["status"], 404);
  const auto made = e.control("/paper/accounts", {{"balances", {{"USDT", "5"}}}});
  EXPECT_EQ(made["venue"], "binance");
  EXPECT_EQ(e.control("/paper/accounts", {{"api_key", made["api_key"]}})["status"], 409);
  EXPECT_EQ(json::parse(e.get("/paper/state?api_key=" + made["api_key"].get<std::string>()))["accounts"][0]["venue"], "binance");
}

TEST(PaperVenues, EachHasItsPortAtTheRootWithTls) {
  const drover::test::self_signed_certificate certificate;
  paper_config config;
  config.venues = {"binance", "gate"};
  config.port_per_venue = true;
  config.tls_certificate_file = certificate.certificate_file();
  config.tls_key_file = certificate.key_file();
  exchange_on_ports e(config, certificate.certificate_file());
  const auto ports = e.server->venue_ports();
  ASSERT_EQ(ports.size(), 2u);
  EXPECT_NE(ports[0].port, ports[1].port);
  EXPECT_EQ(e.get("/api/v3/ping", ports[0].port), "{}");
  EXPECT_TRUE(json::parse(e.get("/api/v4/spot/time", ports[1].port)).contains("server_time"));
  auto socket = drover::test::run(e.io, e.sockets->connect(e.base(ports[0].port, "ws") + "/ws/btcusdt@bookTicker", {}));
  ASSERT_TRUE(socket) << socket.error().to_string();
  auto frame = drover::test::run(e.io, (*socket)->receive(5s));
  ASSERT_TRUE(frame) << frame.error().to_string();
  EXPECT_EQ(json::parse(*frame)["s"], "BTCUSDT");
  drover::test::run(e.io, (*socket)->close());
}

TEST(PaperVenues, UnknownVenueIsAnErrorAtStart) {
  asio::io_context io(1);
  auto timers = make_timer_queue(io.get_executor(), system_clock());
  seeded_random random(1);
  paper_config config;
  config.venues = {"nowhere"};
  auto server = make_paper_server(io.get_executor(), *timers, random, system_clock(), config);
  const auto started = server->start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().detail.find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace drover::exchanges::paper
