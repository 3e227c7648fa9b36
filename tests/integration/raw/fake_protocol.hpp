#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::exchanges::test {

/// A venue whose answers and frames are lines of words: "balance USDT 1 2", "order BTCUSDT 77 client buy filled 2 2",
/// "fill BTCUSDT t1 77 buy 10 2 0.1 USDT", "candle BTCUSDT 1m 1700000000000 1 2 0.5 1.5 9", "trade BTCUSDT 15",
/// "instrument BTC USDT BTCUSDT", "more"; anything else is not as documented.
class fake_protocol final : public venue_protocol {
 public:
  const venue_traits& traits() const override {
    static const venue_traits traits{.name = "fake"};
    return traits;
  }
  result<wire_request> make_request(const venue_call&) const override { return wire_request{}; }
  result<client_request> sign(wire_request, const credentials*, const signing_context&) const override { return client_request{}; }
  limit_report read_limits(const wire_request&, const client_response&, wall_time) const override { return {}; }

  result<venue_reply> read_answer(const venue_call& call, const client_response& answer, const instrument_table& table) const override {
    if (answer.status >= 400) return fail(exchange_errc::rate_limited, "HTTP " + std::to_string(answer.status));
    auto said = read(answer.body, table);
    if (!said) return std::unexpected(said.error());
    venue_reply reply;
    switch (call.op) {
      case operation::balances: reply.answer = said->balances; break;
      case operation::open_orders: reply.answer = said->orders; break;
      case operation::create_order:
      case operation::find_order:
        if (said->orders.empty()) return fail(exchange_errc::protocol, "no order");
        reply.answer = said->orders.at(0);
        break;
      case operation::fills: reply.answer = said->fills; break;
      case operation::candles: reply.answer = said->candles; break;
      case operation::trades: reply.answer = said->trades; break;
      case operation::instruments: reply.answer = said->instruments; break;
      default: break;
    }
    if (said->more) {
      reply.next = call;
      ++reply.next->step;
    }
    return reply;
  }
  std::unique_ptr<market_wire> make_market_wire() const override { return std::make_unique<market>(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return std::make_unique<own>(); }

 private:
  struct content {
    std::vector<balance> balances;
    std::vector<order> orders;
    std::vector<fill> fills;
    std::vector<candle> candles;
    std::vector<public_trade> trades;
    std::vector<instrument> instruments;
    bool more = false;
  };

  static decimal take_decimal(std::istream& in) {
    std::string text;
    in >> text;
    return decimal::parse(text).value_or(decimal());
  }
  static std::string take_symbol(std::istream& in, const instrument_table& table) {
    std::string text;
    in >> text;
    return table.to_canonical(text);
  }
  static order take_order(std::istream& in, const instrument_table& table) {
    order o;
    std::string side_text, status_text;
    o.symbol = take_symbol(in, table);
    in >> o.venue_order_id >> o.client_order_id >> side_text >> status_text;
    o.side = parse_side(side_text).value();
    o.status = parse_order_status(status_text).value();
    o.quantity = take_decimal(in);
    o.filled_quantity = take_decimal(in);
    return o;
  }
  static fill take_fill(std::istream& in, const instrument_table& table) {
    fill f;
    std::string side_text;
    f.symbol = take_symbol(in, table);
    in >> f.trade_id >> f.venue_order_id >> side_text;
    f.side = parse_side(side_text).value();
    f.price = take_decimal(in);
    f.quantity = take_decimal(in);
    f.fee = take_decimal(in);
    in >> f.fee_asset;
    return f;
  }
  static candle take_candle(std::istream& in, const instrument_table& table) {
    candle c;
    std::string interval;
    std::int64_t at = 0;
    c.symbol = take_symbol(in, table);
    in >> interval >> at;
    c.interval = parse_candle_interval(interval).value();
    c.opens_at = wall_time::from_ms(at);
    for (auto* v : {&c.open, &c.high, &c.low, &c.close, &c.volume}) *v = take_decimal(in);
    return c;
  }

  static result<content> read(const std::string& body, const instrument_table& table) {
    content out;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream in(line);
      std::string word;
      in >> word;
      if (word == "balance") {
        balance b;
        in >> b.asset;
        b.free = take_decimal(in);
        b.locked = take_decimal(in);
        out.balances.push_back(b);
      } else if (word == "order") {
        out.orders.push_back(take_order(in, table));
      } else if (word == "fill") {
        out.fills.push_back(take_fill(in, table));
      } else if (word == "candle") {
        out.candles.push_back(take_candle(in, table));
      } else if (word == "trade") {
        public_trade t;
        t.symbol = take_symbol(in, table);
        in >> t.trade_id;
        out.trades.push_back(t);
      } else if (word == "instrument") {
        instrument i;
        in >> i.base_asset >> i.quote_asset >> i.venue_symbol;
        i.symbol = i.base_asset + "/" + i.quote_asset;
        out.instruments.push_back(i);
      } else if (word == "more") {
        out.more = true;
      } else {
        return fail(exchange_errc::protocol, "word '" + word + "'");
      }
    }
    return out;
  }

  static const stream_habits& get_habits() {
    static const stream_habits habits;
    return habits;
  }

  class market final : public market_wire {
   public:
    const stream_habits& habits() const override { return get_habits(); }
    book_rules books() const override { return {}; }
    std::string make_subscription(bool, std::span<const market_topic>, std::int64_t) override { return {}; }
    result<void> read(std::string_view frame, const instrument_table& table, market_events& events) override {
      auto said = fake_protocol::read(std::string(frame), table);
      if (!said) return std::unexpected(said.error());
      for (auto& c : said->candles) events.on_candle(c, false);
      for (auto& t : said->trades) events.on_trade(t);
      return {};
    }
  };
  class own final : public private_wire {
   public:
    const stream_habits& habits() const override { return get_habits(); }
    void open() override {}
    int stages() const override { return 1; }
    result<std::vector<std::string>> make_frames(int, const credentials&, const stream_access*, const signing_context&) override {
      return std::vector<std::string>{};
    }
    result<void> read(std::string_view frame, const instrument_table& table, private_events& events) override {
      auto said = fake_protocol::read(std::string(frame), table);
      if (!said) return std::unexpected(said.error());
      for (auto& o : said->orders) events.on_order({o, std::nullopt});
      for (auto& f : said->fills) events.on_fill({f});
      return {};
    }
  };
};

}  // namespace drover::exchanges::test
