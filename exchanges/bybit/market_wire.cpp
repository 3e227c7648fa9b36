#include <algorithm>
#include <array>
#include <unordered_map>

#include "exchanges/bybit/wire.hpp"
#include "exchanges/json_rows_detail.hpp"
#include "exchanges/protocol/answers.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::bybit {

namespace {

/// bybit-exchange.github.io/docs/v5/ws/connect: a ping every 20 seconds; spot takes ten topics a request.
constexpr stream_habits market_habits{.topics_per_connection = 200,
                                      .topics_per_message = 10,
                                      .message_interval = 100ms,
                                      .ping_interval = 20s,
                                      .idle_limit = 45s,
                                      .life_limit = 23h,
                                      .answer_limit = 10s};

constexpr std::array<std::pair<candle_interval, std::string_view>, 6> intervals{{{candle_interval::m1, "1"},
                                                                                 {candle_interval::m5, "5"},
                                                                                 {candle_interval::m15, "15"},
                                                                                 {candle_interval::h1, "60"},
                                                                                 {candle_interval::h4, "240"},
                                                                                 {candle_interval::d1, "D"}}};

std::string topic_name(const market_topic& t) {
  const auto symbol = to_venue_symbol(t.symbol);
  switch (t.channel) {
    case market_channel::ticker:
      return "orderbook.1." + symbol;
    case market_channel::trades:
      return "publicTrade." + symbol;
    case market_channel::book:
      return "orderbook.50." + symbol;
    case market_channel::candles:
      break;
  }
  const auto* known = std::ranges::find(intervals, t.interval, &std::pair<candle_interval, std::string_view>::first);
  return "kline." + std::string(known->second) + "." + symbol;
}

class bybit_market_wire final : public market_wire {
public:
  const stream_habits& habits() const override { return market_habits; }
  book_rules books() const override { return {book_continuity::first_follows_last, false}; }
  std::string make_url(std::string_view configured, int, const stream_access*) const override {
    return std::string(configured) + "/v5/public/spot";
  }

  std::vector<std::string> open() override {
    tops_.clear();
    asked_.clear();
    return {};
  }

  std::string make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t id) override {
    std::string args = "[";
    for (const auto& t : topics) {
      const auto name = topic_name(t);
      args += (args.size() > 1 ? "," : "") + quote_json(name);
      if (subscribe)
        asked_.insert_or_assign(name, t);
      else
        asked_.erase(name);
    }
    return json_object()
        .text("req_id", std::to_string(id))
        .text("op", subscribe ? "subscribe" : "unsubscribe")
        .raw("args", args + "]")
        .done();
  }
  std::string make_ping(std::int64_t id) override {
    return json_object().text("req_id", std::to_string(id)).text("op", "ping").done();
  }

  result<void> read(std::string_view frame, const instrument_table& table, market_events& out) override {
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    const std::string topic(f.optional_text("topic"));
    if (topic.empty())
      tell_answer(f, out);
    else
      tell(topic, f, table, out);
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

private:
  struct top {
    std::optional<book_level> bid, ask;
    /// Time and number of the last change. The numbers start anew when the service does.
    std::pair<std::int64_t, std::int64_t> last{-1, -1};
  };

  /// The topic that a refusal names: "error:handler not found,topic:orderbook.50.X", "error:already subscribed,topic:…", "Invalid
  /// symbol :[orderbook.50.X]" (none documented; as connectors report from the live streams).
  static std::string topic_in(std::string_view message) {
    constexpr std::string_view label = "topic:";
    if (const auto at = message.find(label); at != message.npos) return std::string(message.substr(at + label.size()));
    const auto begin = message.find('['), end = message.find(']');
    return begin == message.npos || end < begin ? std::string() : std::string(message.substr(begin + 1, end - begin - 1));
  }

  /// One bad topic makes the venue refuse all of a request.
  void tell_answer(json_fields& f, market_events& out) {
    const std::string op(f.optional_text("op")), message(f.optional_text("ret_msg"));
    const auto success = f.optional_boolean("success");
    if (message == "pong" || op == "pong" || op == "ping") return out.on_pong();
    if (op != "subscribe" && op != "unsubscribe") return;
    const std::string id(f.optional_text("req_id"));
    if (id.empty() || !f.ok()) return;
    const auto number = whole_number(f, id, "req_id");
    if (!f.ok()) return;
    if (success.value_or(false)) return out.on_answer(number, std::nullopt);
    const bool symbol = message.find("symbol") != message.npos || message.find("topic") != message.npos;
    const error refusal(symbol ? exchange_errc::instrument_unknown : exchange_errc::refused, describe_refusal(200, "subscribe", message));
    const auto topic = asked_.find(topic_in(message));
    if (topic == asked_.end()) return out.on_answer(number, refusal);
    const bool there_already = message.find("already subscribed") != message.npos;
    out.on_blame(number, topic->second, there_already ? std::nullopt : std::optional(refusal));
  }

  void tell(std::string_view topic, json_fields& f, const instrument_table& table, market_events& out) {
    const auto symbol = table.to_canonical(topic.substr(topic.rfind('.') + 1));
    if (topic.starts_with("publicTrade.")) return tell_trades(symbol, f, out);
    if (topic.starts_with("kline.")) return tell_candles(topic, symbol, f, out);
    if (!topic.starts_with("orderbook.")) return;
    const bool whole = f.text("type") == "snapshot";
    const auto sent_ms = f.optional_integer("ts").value_or(0);
    auto object = f.optional_object("data");
    if (!object) return f.note("data");
    json_fields data(*object);
    book_update u;
    u.symbol = symbol;
    u.bids = read_levels(data, "b");
    if (data.ok()) u.asks = read_levels(data, "a");
    u.last_id = u.first_id = data.integer("u");
    // The service restarted: what follows is a whole book.
    u.whole = whole || u.last_id == 1;
    f.take_problem(data);
    if (!f.ok()) return;
    if (topic.starts_with("orderbook.1."))
      tell_top(std::move(u), sent_ms, out);
    else
      out.on_book(std::move(u));
  }

  static void change(std::optional<book_level>& kept, const std::vector<book_level>& levels, bool whole) {
    if (whole) kept.reset();
    for (const auto& l : levels) {
      if (!l.quantity.is_zero())
        kept = l;
      else if (kept && kept->price == l.price)
        kept.reset();
    }
  }

  void tell_top(book_update u, std::int64_t sent_ms, market_events& out) {
    auto& kept = tops_[u.symbol];
    const std::pair number{sent_ms, u.last_id};
    if (number < kept.last) return;
    kept.last = number;
    change(kept.bid, u.bids, u.whole);
    change(kept.ask, u.asks, u.whole);
    if (!kept.bid || !kept.ask) return;
    book_ticker t;
    t.symbol = u.symbol;
    t.bid_price = kept.bid->price, t.bid_quantity = kept.bid->quantity;
    t.ask_price = kept.ask->price, t.ask_quantity = kept.ask->quantity;
    out.on_ticker(std::move(t));
  }

  static void tell_trades(const std::string& symbol, json_fields& f, market_events& out) {
    f.each("data", [&](json_fields& x) {
      public_trade t;
      t.symbol = symbol;
      t.trade_id = x.text("i");
      t.price = x.amount("p"), t.quantity = x.amount("v");
      t.buyer_is_maker = x.text("S") == "Sell";
      t.at = read_ms(x, "T");
      if (x.ok()) out.on_trade(std::move(t));
    });
  }

  static void tell_candles(std::string_view topic, const std::string& symbol, json_fields& f, market_events& out) {
    const auto begin = topic.find('.') + 1;
    const auto name = topic.substr(begin, topic.rfind('.') - begin);
    const auto* known = std::ranges::find(intervals, name, &std::pair<candle_interval, std::string_view>::second);
    if (known == intervals.end()) return;
    f.each("data", [&](json_fields& x) {
      candle c;
      c.symbol = symbol;
      c.interval = known->first;
      c.opens_at = read_ms(x, "start");
      c.open = x.amount("open"), c.high = x.amount("high"), c.low = x.amount("low"), c.close = x.amount("close");
      c.volume = x.amount("volume");
      const bool closed = x.boolean("confirm");
      if (x.ok()) out.on_candle(std::move(c), closed);
    });
  }

  json_source source_;
  /// By the venue's name, those that were asked for; as many as there are subscriptions.
  std::unordered_map<std::string, market_topic> asked_;
  /// By symbol; as many as there are subscriptions.
  std::unordered_map<std::string, top> tops_;
};

}  // namespace

std::unique_ptr<market_wire> make_market_wire() {
  return std::make_unique<bybit_market_wire>();
}

}  // namespace drover::exchanges::bybit
