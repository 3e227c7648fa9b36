#include <array>
#include <unordered_map>
#include <utility>

#include "exchanges/json_rows_detail.hpp"
#include "exchanges/okx/wire.hpp"
#include "exchanges/protocol/answers.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::okx {

namespace {

/// www.okx.com/docs-v5, "WebSocket": 480 subscribe, unsubscribe and login requests an hour and connection; a ping
/// whenever nothing was received for 30 seconds.
constexpr stream_habits market_habits{.topics_per_connection = 300,
                                      .topics_per_message = 50,
                                      .message_interval = 350ms,
                                      .ping_interval = 20s,
                                      .idle_limit = 30s,
                                      .life_limit = 23h,
                                      .answer_limit = 10s};

constexpr std::string_view ticker_channel = "bbo-tbt", trades_channel = "trades", book_channel = "books";
constexpr int business = 1;

std::string channel_name(const market_topic& t) {
  switch (t.channel) {
    case market_channel::ticker:
      return std::string(ticker_channel);
    case market_channel::trades:
      return std::string(trades_channel);
    case market_channel::book:
      return std::string(book_channel);
    case market_channel::candles:
      break;
  }
  switch (t.interval) {
    case candle_interval::m5:
      return "candle5m";
    case candle_interval::m15:
      return "candle15m";
    case candle_interval::h1:
      return "candle1H";
    case candle_interval::h4:
      return "candle4H";
    case candle_interval::d1:
      return "candle1Dutc";
    default:
      return "candle1m";
  }
}

std::optional<market_topic> topic_of(std::string_view channel, std::string_view instrument) {
  for (auto c : {market_channel::ticker, market_channel::trades, market_channel::book}) {
    market_topic t{c, to_symbol(instrument)};
    if (channel_name(t) == channel) return t;
  }
  for (auto i : {candle_interval::m1, candle_interval::m5, candle_interval::m15, candle_interval::h1,
                 candle_interval::h4, candle_interval::d1}) {
    market_topic t{market_channel::candles, to_symbol(instrument), i};
    if (channel_name(t) == channel) return t;
  }
  return std::nullopt;
}

/// What follows `label` up to a comma or blank; empty when it is not there.
std::string_view word_behind(std::string_view text, std::string_view label) {
  const auto at = text.find(label);
  if (at == text.npos) return {};
  const auto rest = text.substr(at + label.size());
  return rest.substr(0, rest.find_first_of(", "));
}

class okx_market_wire final : public market_wire {
public:
  const stream_habits& habits() const override { return market_habits; }
  book_rules books() const override { return {book_continuity::previous_is_last, false}; }
  int group_of(market_channel c) const override { return c == market_channel::candles ? business : 0; }
  std::string make_url(std::string_view configured, int group, const stream_access*) const override {
    return std::string(configured) + (group == business ? "/ws/v5/business" : "/ws/v5/public");
  }

  std::vector<std::string> open() override {
    tops_.clear();
    return {};
  }

  std::string make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t) override {
    std::string args = "[";
    for (const auto& t : topics)
      args += (args.size() > 1 ? "," : "") +
              json_object().text("channel", channel_name(t)).text("instId", to_instrument_id(t.symbol)).done();
    return json_object().text("op", subscribe ? "subscribe" : "unsubscribe").raw("args", args + "]").done();
  }
  std::string make_ping(std::int64_t) override { return "ping"; }

  result<void> read(std::string_view frame, const instrument_table&, market_events& out) override {
    if (frame == "pong") return out.on_pong(), result<void>{};
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    const std::string event(f.optional_text("event"));
    if (event == "notice") {
      out.on_broken("the exchange is going to close the connection");
      return {};
    }
    if (event == "error") {
      tell_refusal(f, out);
      return {};
    }
    std::optional<market_topic> topic;
    if (auto arg = f.optional_object("arg")) {
      json_fields inner(*arg);
      const std::string channel(inner.text("channel"));
      topic = topic_of(channel, inner.text("instId"));
      f.take_problem(inner);
    }
    if (f.ok() && topic && (event == "subscribe" || event == "unsubscribe")) out.on_topic_answer(*topic, std::nullopt);
    if (f.ok() && topic && event.empty()) tell(*topic, f, out);
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

private:
  /// Only the message says which topic was meant: "… channel:trades,instId:BTC-USDT doesn't exist".
  static void tell_refusal(json_fields& f, market_events& out) {
    const std::string code(f.optional_text("code")), message(f.optional_text("msg"));
    auto e = make_okx_error(operation::ticker, 200, code, message);
    const auto topic = topic_of(word_behind(message, "channel:"), word_behind(message, "instId:"));
    if (topic) return out.on_topic_answer(*topic, std::move(e));
    out.on_refusal(std::move(e));
  }

  void tell(const market_topic& topic, json_fields& f, market_events& out) {
    switch (topic.channel) {
      case market_channel::ticker:
        return f.each("data", [&](json_fields& d) { tell_top(topic, d, out); });
      case market_channel::trades:
        return f.each("data", [&](json_fields& d) { tell_trade(topic, d, out); });
      case market_channel::book: {
        const bool whole = f.optional_text("action") == "snapshot";
        return f.each("data", [&](json_fields& d) { tell_book(topic, whole, d, out); });
      }
      case market_channel::candles:
        return tell_candles(topic, f, out);
    }
  }

  void tell_top(const market_topic& topic, json_fields& d, market_events& out) {
    const auto bids = read_levels(d, "bids");
    if (!d.ok()) return;
    const auto asks = read_levels(d, "asks");
    if (!d.ok() || bids.empty() || asks.empty()) return;
    book_ticker t;
    t.symbol = topic.symbol;
    t.bid_price = bids[0].price, t.bid_quantity = bids[0].quantity;
    t.ask_price = asks[0].price, t.ask_quantity = asks[0].quantity;
    const auto number = d.optional_integer("seqId").value_or(0);
    const auto sent = d.optional_text("ts");
    const std::pair mark{sent.empty() ? 0 : whole_number(d, sent, "ts"), number};
    if (d.ok() && is_news(topic.symbol, mark)) out.on_ticker(std::move(t));
  }

  /// Whether a top is no older than the last one of its instrument. The numbers may start lower after maintenance.
  bool is_news(const std::string& symbol, std::pair<std::int64_t, std::int64_t> mark) {
    const auto known = tops_.find(symbol);
    if (known == tops_.end()) {
      if (tops_.size() < market_habits.topics_per_connection) tops_.emplace(symbol, mark);
      return true;
    }
    if (mark < known->second) return false;
    known->second = mark;
    return true;
  }

  static void tell_trade(const market_topic& topic, json_fields& d, market_events& out) {
    public_trade t;
    t.symbol = topic.symbol;
    t.trade_id = d.text("tradeId");
    t.price = d.amount("px"), t.quantity = d.amount("sz");
    t.buyer_is_maker = d.text("side") == "sell";
    t.at = checked_ms(d, whole_number(d, d.text("ts"), "ts"), "ts");
    if (d.ok()) out.on_trade(std::move(t));
  }

  static void tell_book(const market_topic& topic, bool whole, json_fields& d, market_events& out) {
    book_update u;
    u.symbol = topic.symbol;
    u.whole = whole;
    u.bids = read_levels(d, "bids");
    if (d.ok()) u.asks = read_levels(d, "asks");
    u.last_id = d.integer("seqId");
    u.first_id = u.last_id;
    u.previous_id = d.integer("prevSeqId");
    // Nothing changed for a while: only a sign of life.
    if (!whole && u.previous_id == u.last_id && u.bids.empty() && u.asks.empty()) return;
    if (d.ok()) out.on_book(std::move(u));
  }

  static void tell_candles(const market_topic& topic, json_fields& f, market_events& out) {
    auto rows = f.optional_array("data");
    if (!rows) return f.note("data");
    for_rows(f, *rows, "data", [&](row_cells row) {
      candle c;
      c.symbol = topic.symbol;
      c.interval = topic.interval;
      if (row.size() < 9) return f.note("data");
      c.opens_at = checked_ms(f, whole_number(f, row[0], "data"), "data");
      c.open = cell_amount(f, row, 1, "data"), c.high = cell_amount(f, row, 2, "data"),
      c.low = cell_amount(f, row, 3, "data");
      c.close = cell_amount(f, row, 4, "data"), c.volume = cell_amount(f, row, 5, "data");
      if (f.ok()) out.on_candle(std::move(c), row[8] == "1");
    });
  }

  json_source source_;
  /// By symbol: time and number of the last top.
  std::unordered_map<std::string, std::pair<std::int64_t, std::int64_t>> tops_;
};

}  // namespace

std::unique_ptr<market_wire> make_market_wire() {
  return std::make_unique<okx_market_wire>();
}

}  // namespace drover::exchanges::okx
