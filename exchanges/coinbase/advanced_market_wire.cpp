#include <array>

#include "exchanges/coinbase/names.hpp"
#include "exchanges/coinbase/wires.hpp"
#include "exchanges/protocol/answers.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::coinbase {

namespace {

/// docs.cdp.coinbase.com, "WebSocket rate limits": 8 messages a second while not authenticated. The heartbeats channel
/// ticks every second, so ten seconds of silence are a dead connection.
constexpr stream_habits advanced_habits{.topics_per_connection = 500,
                                        .topics_per_message = 50,
                                        .message_interval = 150ms,
                                        .ping_interval = std::nullopt,
                                        .idle_limit = 10s,
                                        .life_limit = 12h,
                                        .answer_limit = 10s};

struct channel_name {
  market_channel channel;
  /// In subscriptions, in frames.
  std::string_view asked, told;
};
constexpr std::array channel_names{channel_name{market_channel::ticker, "ticker", "ticker"},
                                   channel_name{market_channel::trades, "market_trades", "market_trades"},
                                   channel_name{market_channel::book, "level2", "l2_data"},
                                   channel_name{market_channel::candles, "candles", "candles"}};

/// The stream's candles have five minutes.
constexpr candle_interval stream_interval = candle_interval::m5;

void tell_tickers(json_fields& event, market_events& out) {
  event.each("tickers", [&](json_fields& t) {
    book_ticker top;
    top.symbol = to_symbol(t.text("product_id"));
    top.bid_price = t.amount("best_bid"), top.bid_quantity = t.amount("best_bid_quantity");
    top.ask_price = t.amount("best_ask"), top.ask_quantity = t.amount("best_ask_quantity");
    if (t.ok()) out.on_ticker(std::move(top));
  });
}

void tell_trades(json_fields& event, market_events& out) {
  std::vector<public_trade> trades;
  event.each("trades", [&](json_fields& t) {
    public_trade p;
    p.symbol = to_symbol(t.text("product_id"));
    p.trade_id = t.id("trade_id");
    p.price = t.amount("price"), p.quantity = t.amount("size");
    p.buyer_is_maker = t.text("side") == "SELL";
    p.at = read_time(t, "time");
    if (t.ok()) trades.push_back(std::move(p));
  });
  // Newest first on the wire.
  for (auto t = trades.rbegin(); t != trades.rend(); ++t) out.on_trade(std::move(*t));
}

void tell_book(json_fields& event, market_events& out) {
  book_update update;
  update.whole = event.text("type") == "snapshot";
  update.symbol = to_symbol(event.text("product_id"));
  event.each("updates", [&](json_fields& l) {
    const auto side = l.text("side");
    if (side != "bid" && side != "offer") l.note("side");
    book_level level{l.amount("price_level"), l.amount("new_quantity")};
    (side == "bid" ? update.bids : update.asks).push_back(level);
  });
  if (event.ok()) out.on_book(std::move(update));
}

void tell_candles(json_fields& event, market_events& out) {
  event.each("candles", [&](json_fields& c) {
    candle k;
    k.symbol = to_symbol(c.text("product_id"));
    k.interval = stream_interval;
    k.opens_at = read_unix_seconds(c, "start");
    k.open = c.amount("open"), k.high = c.amount("high"), k.low = c.amount("low"), k.close = c.amount("close");
    k.volume = c.amount("volume");
    if (c.ok()) out.on_candle(std::move(k), false);
  });
}

class advanced_market_wire final : public market_wire {
public:
  const stream_habits& habits() const override { return advanced_habits; }
  book_rules books() const override { return {book_continuity::connection, false}; }

  std::vector<std::string> open() override {
    next_sequence_.reset();
    return {R"({"type":"subscribe","channel":"heartbeats"})"};
  }

  bool streams(const market_topic& t) const override {
    return t.channel != market_channel::candles || t.interval == stream_interval;
  }
  std::string make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t) override {
    std::string products = "[";
    for (const auto& t : topics) products += (products.size() > 1 ? "," : "") + quote_json(to_product(t.symbol));
    const auto channel = topics.empty() ? market_channel::ticker : topics.front().channel;
    return json_object()
        .text("type", subscribe ? "subscribe" : "unsubscribe")
        .raw("product_ids", products + "]")
        .text("channel", channel_names[static_cast<std::size_t>(channel)].asked)
        .done();
  }

  result<void> read(std::string_view frame, const instrument_table&, market_events& out) override {
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    if (f.optional_text("type") == "error") {
      out.on_refusal({exchange_errc::refused, describe_refusal(200, "error", f.optional_text("message"))});
      return {};
    }
    const auto sequence = f.optional_integer("sequence_num");
    if (sequence && next_sequence_ && *sequence != *next_sequence_) {
      out.on_broken("a message of the connection is missing");
      return {};
    }
    if (sequence) next_sequence_ = *sequence + 1;
    const std::string channel(f.optional_text("channel"));
    if (channel == "subscriptions") tell_subscriptions(f, out);
    for (const auto& name : channel_names)
      if (name.told == channel) f.each("events", [&](json_fields& event) { tell(name.channel, event, out); });
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

private:
  static void tell(market_channel channel, json_fields& event, market_events& out) {
    switch (channel) {
      case market_channel::ticker:
        return tell_tickers(event, out);
      case market_channel::trades:
        return tell_trades(event, out);
      case market_channel::book:
        return tell_book(event, out);
      case market_channel::candles:
        return tell_candles(event, out);
    }
  }

  /// Every answer names all that is subscribed by now.
  static void tell_subscriptions(json_fields& f, market_events& out) {
    f.each("events", [&](json_fields& event) {
      auto object = event.optional_object("subscriptions");
      if (!object) return;
      json_fields by_channel(*object);
      for (const auto& name : channel_names) {
        auto products = by_channel.optional_array(name.asked);
        if (!products) continue;
        for (auto product : *products) {
          std::string_view text;
          if (product.get_string().get(text)) return by_channel.note(name.asked), event.take_problem(by_channel);
          const auto interval = name.channel == market_channel::candles ? stream_interval : candle_interval::m1;
          out.on_topic_answer({name.channel, to_symbol(text), interval}, std::nullopt);
        }
      }
      event.take_problem(by_channel);
    });
  }

  json_source source_;
  std::optional<std::int64_t> next_sequence_;
};

}  // namespace

std::unique_ptr<market_wire> make_advanced_market_wire() {
  return std::make_unique<advanced_market_wire>();
}

}  // namespace drover::exchanges::coinbase
