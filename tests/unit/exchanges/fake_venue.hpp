#pragma once

#include <boost/asio/co_spawn.hpp>

#include <cstdlib>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "exchanges/protocol/answers.hpp"
#include "exchanges/protocol/venue_protocol.hpp"
#include "exchanges/runtime/venue_exchange.hpp"
#include "tests/unit/exchanges/fakes.hpp"

// A venue that speaks words instead of JSON, so that a test says what it is about.
namespace drover::exchanges::test {

inline std::vector<std::string> words(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> out;
  for (std::string w; in >> w;) out.push_back(w);
  return out;
}

/// "sub 1 book:BTC/USDT" out; "ok 1", "no 1", "no" (nobody knows of what), "blame 1 S", "fine S", "gone S" (trades of S), "ticker S BID", "trade S ID", "whole S LAST", "change S FIRST LAST [SUM]" in.
class word_market_wire final : public market_wire {
 public:
  word_market_wire(stream_habits habits, book_rules rules) : habits_(habits), rules_(rules) {}
  const stream_habits& habits() const override { return habits_; }
  book_rules books() const override { return rules_; }
  bool streams(const market_topic& t) const override { return t.interval != candle_interval::d1; }
  std::string make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t id) override {
    std::string out = (subscribe ? "sub " : "end ") + std::to_string(id);
    for (const auto& t : topics) out += " " + std::string(to_string(t.channel)) + ":" + t.symbol;
    return out;
  }
  std::string make_ping(std::int64_t) override { return "ping"; }
  bool verify(std::span<const book_level> bids, std::span<const book_level>, const instrument&, std::uint32_t sum) const override {
    return bids.size() == sum;
  }
  result<void> read(std::string_view frame, const instrument_table&, market_events& events) override {
    const auto w = words(frame);
    if (w.empty()) return fail(exchange_errc::protocol, "nothing");
    if (w[0] == "ok") events.on_answer(std::stoll(w[1]), std::nullopt);
    const error refused(exchange_errc::refused, "no");
    if (w[0] == "no" && w.size() > 1) events.on_answer(std::stoll(w[1]), refused);
    if (w[0] == "no" && w.size() == 1) events.on_refusal(refused);
    if (w[0] == "blame") events.on_blame(std::stoll(w[1]), {market_channel::trades, w[2]}, refused);
    if (w[0] == "fine") events.on_topic_answer({market_channel::trades, w[1]}, std::nullopt);
    if (w[0] == "gone") events.on_topic_answer({market_channel::trades, w[1]}, refused);
    if (w[0] == "ticker") events.on_ticker({.symbol = w[1], .bid_price = decimal::literal(w[2])});
    if (w[0] == "trade") events.on_trade({.symbol = w[1], .trade_id = w[2]});
    if (w[0] == "broken") events.on_broken("broken");
    if (w[0] == "ask") events.on_reply_wanted("answer");
    if (w[0] == "whole" || w[0] == "change") events.on_book(read_book(w));
    return {};
  }

 private:
  static book_update read_book(const std::vector<std::string>& w) {
    book_update u;
    u.symbol = w[1];
    u.whole = w[0] == "whole";
    u.first_id = std::stoll(w[2]);
    u.last_id = u.whole ? u.first_id : std::stoll(w[3]);
    u.bids = {{decimal(u.last_id), decimal(1)}};
    if (!u.whole && w.size() > 4) u.checksum = static_cast<std::uint32_t>(std::stoul(w[4]));
    return u;
  }
  stream_habits habits_;
  book_rules rules_;
};

/// Two stages: "login KEY TOKEN", then "subscribe"; "done", "refuse", "order ID", "fill ID", "garbage" in.
class word_private_wire final : public private_wire {
 public:
  explicit word_private_wire(stream_habits habits) : habits_(habits) {}
  const stream_habits& habits() const override { return habits_; }
  void open() override {}
  std::string make_url(std::string_view configured, const stream_access* access) const override {
    return std::string(configured) + (access ? "?" + std::string(access->token.reveal()) : "");
  }
  int stages() const override { return 2; }
  result<std::vector<std::string>> make_frames(int stage, const credentials& keys, const stream_access*,
                                               const signing_context&) override {
    std::vector<std::string> out;
    out.push_back(stage == 0 ? "login " + std::string(keys.api_key.reveal()) : "subscribe");
    return out;
  }
  result<void> read(std::string_view frame, const instrument_table&, private_events& events) override {
    const auto w = words(frame);
    if (w.empty() || w[0] == "garbage") return fail(exchange_errc::protocol, "garbage");
    if (w[0] == "done") events.on_stage_done();
    if (w[0] == "refuse") events.on_refused(error(exchange_errc::bad_credentials, "no"));
    if (w[0] == "order") events.on_order({order{.symbol = "BTC/USDT", .client_order_id = w[1]}, std::nullopt});
    if (w[0] == "fill") events.on_fill({fill{.symbol = "BTC/USDT", .trade_id = w[1]}});
    return {};
  }

 private:
  stream_habits habits_;
};

class word_protocol final : public venue_protocol {
 public:
  static constexpr rate_rule generous[]{{"requests", rate_scope::address, rate_model::sliding_window, 100'000, 60s}};
  venue_traits own{.name = "words", .live = {"http://live", "ws://live", "ws://live-private"}, .rules = generous};
  stream_habits habits{.ping_interval = std::nullopt, .idle_limit = 1h};
  stream_habits private_habits = habits;
  book_rules rules;
  /// What a 2xx answer to a call says.
  std::function<result<venue_reply>(const venue_call&, const client_response&)> read;

  const venue_traits& traits() const override { return own; }
  result<wire_request> make_request(const venue_call& c) const override {
    wire_request r;
    r.method = is_write(c.op) ? "POST" : "GET";
    r.path = "/" + std::string(to_string(c.op));
    r.endpoint = to_string(c.op);
    r.is_private = is_private(c.op) && !c.market_stream;
    r.charges = {{0, 1}};
    if (!c.cursor.empty()) r.query.add("cursor", c.cursor);
    if (c.op == operation::set_dead_man) r.query.add("after", c.dead_man_after.count());
    return r;
  }
  result<client_request> sign(wire_request r, const credentials* keys, const signing_context& context) const override {
    client_request out;
    out.method = r.method;
    out.url = std::string(context.base_url) + r.path;
    if (!r.query.empty()) out.url += "?" + r.query.encoded();
    if (keys) out.headers.emplace_back("Key", keys->api_key.reveal());
    out.headers.emplace_back("Nonce", std::to_string(context.nonce));
    return out;
  }
  result<venue_reply> read_answer(const venue_call& c, const client_response& a, const instrument_table&) const override {
    if (a.status >= 300) return std::unexpected(make_refusal(c.op, a.status, "", a.body, std::nullopt));
    return read(c, a);
  }
  limit_report read_limits(const wire_request&, const client_response& a, wall_time) const override {
    limit_report out;
    if (a.status == 429) out.address_ban = retry_after_of(a);
    return out;
  }
  std::unique_ptr<market_wire> make_market_wire() const override { return std::make_unique<word_market_wire>(habits, rules); }
  std::unique_ptr<private_wire> make_private_wire() const override { return std::make_unique<word_private_wire>(private_habits); }
};

/// The runtime over the word venue. `build()` after the protocol has been changed.
class runtime_fixture {
 public:
  runtime_fixture() {
    config.name = "words";
    config.rest_url = "http://venue";
    config.stream_url = "ws://market";
    config.ws_api_url = "ws://private";
    protocol->read = [this](const venue_call& c, const client_response& a) { return read(c, a); };
    http.answer = [this](const client_request& r) { return answer ? answer(r) : result<client_response>(client_response{200, {}, "{}"}); };
  }
  ~runtime_fixture() {
    accounts.clear();
    subscriptions.clear();
    if (!venue) return;
    bool done = false;
    asio::co_spawn(io, venue->stop(), [&](std::exception_ptr) { done = true; });
    for (int i = 0; i < 100 && !done; ++i) timers.advance(io, 100ms);
    EXPECT_TRUE(done);
  }
  void build() { venue = make_venue_exchange(config, {io.get_executor(), timers, random, http, sockets, recorder}, std::move(protocol), nullptr).value(); }
  result<venue_reply> read(const venue_call& c, const client_response& a) {
    if (on_read)
      if (auto said = on_read(c, a)) return std::move(*said);
    switch (c.op) {
      case operation::server_time: return venue_reply{timers.get_clock().wall_now(), {}};
      case operation::instruments: {
        instrument i;
        i.symbol = "BTC/USDT";
        i.venue_symbol = "BTC-USDT";
        return venue_reply{std::vector<instrument>{i}, {}};
      }
      case operation::balances: return venue_reply{std::vector<balance>{}, {}};
      case operation::create_order:
      case operation::cancel_order:
      case operation::find_order: return venue_reply{order{.venue_order_id = "v1"}, {}};
      default: return venue_reply{};
    }
  }
  exchange_account& open(std::string label = "17") {
    credential_source keys = [label]() -> result<credentials> { return credentials{secret("key-" + label), secret("s"), secret()}; };
    return *accounts.emplace_back(venue->open_account(std::move(keys), label));
  }
  template <class T>
  T run(task<T> work) {
    std::optional<T> out;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr e, T value) {
      if (e) std::rethrow_exception(e);
      out.emplace(std::move(value));
    });
    for (int i = 0; i < 100'000 && !out; ++i) timers.advance(io, 10ms);
    return std::move(out.value());
  }
  void advance(nanoseconds by) { timers.advance(io, by); }
  void settle() { manual_timers::settle(io); }
  std::size_t sent(std::string_view path) const {
    std::size_t n = 0;
    for (const auto& r : http.requests) n += r.url.starts_with("http://venue/" + std::string(path));
    return n;
  }
  fake_line& line(std::size_t i = 0) { return *sockets.lines.at(i); }

  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  manual_timers timers;
  seeded_random random{5};
  fake_http http;
  fake_connector sockets{io.get_executor(), timers};
  listing_recorder recorder;
  exchange_config config;
  std::unique_ptr<word_protocol> protocol = std::make_unique<word_protocol>();
  std::function<result<client_response>(const client_request&)> answer;
  std::function<std::optional<result<venue_reply>>(const venue_call&, const client_response&)> on_read;
  std::unique_ptr<exchange> venue;
  std::vector<std::unique_ptr<exchange_account>> accounts;
  std::vector<std::unique_ptr<market_subscription>> subscriptions;
};

}  // namespace drover::exchanges::test
