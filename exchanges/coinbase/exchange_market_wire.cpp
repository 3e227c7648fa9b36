#include <array>

#include "exchanges/coinbase/names.hpp"
#include "exchanges/coinbase/wires.hpp"
#include "exchanges/protocol/answers.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::coinbase {

namespace {

/// docs.cdp.coinbase.com/exchange, "WebSocket rate limits": 100 messages a second; one connection may carry 10
/// subscriptions of the same product and channel. The heartbeat channel ticks every second.
constexpr stream_habits feed_habits{.topics_per_connection = 200,
                                    .topics_per_message = 50,
                                    .message_interval = 100ms,
                                    .ping_interval = std::nullopt,
                                    .idle_limit = 15s,
                                    .life_limit = 12h,
                                    .answer_limit = 10s};

struct channel_name {
  market_channel channel;
  std::string_view name;
};
constexpr std::array channel_names{channel_name{market_channel::ticker, "ticker"},
                                   channel_name{market_channel::trades, "matches"},
                                   channel_name{market_channel::book, "level2_batch"}};

/// [["price", "size"], …] of a snapshot.
void read_side_of_book(json_fields& f, std::string_view key, std::vector<book_level>& out) {
  auto levels = f.optional_array(key);
  if (!levels) return f.note(key);
  for (auto element : *levels) {
    sj::array pair;
    if (element.get_array().get(pair)) return f.note(key);
    std::array<decimal, 2> numbers{};
    std::size_t count = 0;
    for (auto item : pair) {
      sj::value value;
      if (item.get(value)) return f.note(key);
      if (count < numbers.size()) numbers[count] = f.to_decimal(value, key);
      if (!f.ok()) return;
      ++count;
    }
    if (count < numbers.size() || numbers[0].is_negative() || numbers[1].is_negative()) return f.note(key);
    out.push_back({numbers[0], numbers[1]});
  }
}

/// [["buy", "price", "size"], …].
void read_changes(json_fields& f, book_update& out) {
  auto changes = f.optional_array("changes");
  if (!changes) return f.note("changes");
  for (auto element : *changes) {
    sj::array columns;
    if (element.get_array().get(columns)) return f.note("changes");
    std::string side;
    std::array<decimal, 2> numbers{};
    std::size_t count = 0;
    for (auto item : columns) {
      sj::value value;
      if (item.get(value)) return f.note("changes");
      std::string_view word;
      if (count == 0) {
        if (value.get_string().get(word)) return f.note("changes");
        side = word;
      } else if (count <= numbers.size()) {
        numbers[count - 1] = f.to_decimal(value, "changes");
      }
      if (!f.ok()) return;
      ++count;
    }
    const bool fits =
        count == 3 && (side == "buy" || side == "sell") && !numbers[0].is_negative() && !numbers[1].is_negative();
    if (!fits) return f.note("changes");
    (side == "buy" ? out.bids : out.asks).push_back({numbers[0], numbers[1]});
  }
}

class exchange_market_wire final : public market_wire {
public:
  const stream_habits& habits() const override { return feed_habits; }
  book_rules books() const override { return {book_continuity::connection, false}; }

  bool streams(const market_topic& t) const override { return t.channel != market_channel::candles; }
  std::string make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t) override {
    std::string products = "[";
    for (const auto& t : topics) products += (products.size() > 1 ? "," : "") + quote_json(to_product(t.symbol));
    const auto channel = topics.empty() ? market_channel::ticker : topics.front().channel;
    std::string channels = "[";
    for (const auto& name : channel_names)
      if (name.channel == channel) channels += quote_json(name.name) + (subscribe ? R"(,"heartbeat")" : "");
    return json_object()
        .text("type", subscribe ? "subscribe" : "unsubscribe")
        .raw("product_ids", products + "]")
        .raw("channels", channels + "]")
        .done();
  }

  result<void> read(std::string_view frame, const instrument_table&, market_events& out) override {
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    const std::string type(f.text("type"));
    if (type == "error")
      tell_refusal(f, out);
    else if (type == "subscriptions")
      tell_subscriptions(f, out);
    else if (type == "ticker")
      tell_ticker(f, out);
    else if (type == "match")
      tell_match(f, out);
    else if (type == "snapshot" || type == "l2update")
      tell_book(f, type == "snapshot", out);
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

private:
  static void tell_refusal(json_fields& f, market_events& out) {
    const std::string message(f.optional_text("message"));
    out.on_refusal({exchange_errc::refused, describe_refusal(400, message, f.optional_text("reason"))});
  }

  static void tell_ticker(json_fields& f, market_events& out) {
    book_ticker top;
    top.symbol = to_symbol(f.text("product_id"));
    top.bid_price = f.amount("best_bid"), top.bid_quantity = f.amount("best_bid_size");
    top.ask_price = f.amount("best_ask"), top.ask_quantity = f.amount("best_ask_size");
    top.update_id = f.optional_integer("sequence").value_or(0);
    if (f.ok()) out.on_ticker(std::move(top));
  }

  static void tell_match(json_fields& f, market_events& out) {
    public_trade t;
    t.symbol = to_symbol(f.text("product_id"));
    t.trade_id = f.id("trade_id");
    t.price = f.amount("price"), t.quantity = f.amount("size");
    // The side is the maker's.
    t.buyer_is_maker = f.text("side") == "buy";
    t.at = read_time(f, "time");
    if (f.ok()) out.on_trade(std::move(t));
  }

  static void tell_book(json_fields& f, bool whole, market_events& out) {
    book_update update;
    update.whole = whole;
    update.symbol = to_symbol(f.text("product_id"));
    if (whole) {
      read_side_of_book(f, "bids", update.bids);
      if (f.ok()) read_side_of_book(f, "asks", update.asks);
    } else {
      read_changes(f, update);
    }
    if (f.ok()) out.on_book(std::move(update));
  }

  static void tell_subscriptions(json_fields& f, market_events& out) {
    f.each("channels", [&](json_fields& c) {
      const std::string told(c.text("name"));
      auto products = c.optional_array("product_ids");
      if (!products) return;
      for (auto product : *products) {
        std::string_view text;
        if (product.get_string().get(text)) return c.note("product_ids");
        for (const auto& name : channel_names)
          if (name.name == told) out.on_topic_answer({name.channel, to_symbol(text)}, std::nullopt);
      }
    });
  }

  json_source source_;
};

}  // namespace

std::unique_ptr<market_wire> make_exchange_market_wire() {
  return std::make_unique<exchange_market_wire>();
}

}  // namespace drover::exchanges::coinbase
