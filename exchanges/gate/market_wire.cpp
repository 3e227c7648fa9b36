#include <array>

#include "exchanges/gate/errors.hpp"
#include "exchanges/gate/names.hpp"
#include "exchanges/gate/parse_detail.hpp"
#include "exchanges/gate/wires.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::gate {

namespace {

/// Candles and books are subscribed one by one, so all are. The venue drops connections that say nothing; it names no limit of
/// subscriptions.
constexpr stream_habits market_habits{.topics_per_connection = 200, .topics_per_message = 1, .message_interval = 20ms,
                                      .ping_interval = nanoseconds(10s), .idle_limit = 30s, .life_limit = 23h, .answer_limit = 10s};

/// Levels a side of the "obu" channel at its quickest.
constexpr std::size_t book_depth = 50;
constexpr std::string_view book_prefix = "ob.", book_suffix = ".50";

constexpr std::array<std::string_view, 4> channel_names{"spot.book_ticker", "spot.trades", "spot.obu", "spot.candlesticks"};

std::string make_payload(const market_topic& t) {
  const auto pair = to_pair(t.symbol);
  if (t.channel == market_channel::book)
    return "[" + quote_json(std::string(book_prefix) + pair + std::string(book_suffix)) + "]";
  if (t.channel == market_channel::candles) return "[" + quote_json(to_string(t.interval)) + "," + quote_json(pair) + "]";
  return "[" + quote_json(pair) + "]";
}

void tell_ticker(json_fields& r, market_events& out) {
  book_ticker top;
  top.symbol = to_symbol(r.text("s"));
  top.update_id = r.integer("u");
  top.bid_price = r.optional_amount("b").value_or(decimal{}), top.bid_quantity = r.optional_amount("B").value_or(decimal{});
  top.ask_price = r.optional_amount("a").value_or(decimal{}), top.ask_quantity = r.optional_amount("A").value_or(decimal{});
  if (r.ok()) out.on_ticker(std::move(top));
}

void tell_trade(json_fields& r, market_events& out) {
  public_trade t;
  t.symbol = to_symbol(r.text("currency_pair"));
  // The number within the market; "id" counts those of all markets.
  if (const auto number = r.optional_integer("id_market")) t.trade_id = std::to_string(*number);
  t.price = r.amount("price"), t.quantity = r.amount("amount");
  t.buyer_is_maker = read_side(r) == side::sell;
  t.at = read_ms(r, "create_time_ms");
  if (r.ok()) out.on_trade(std::move(t));
}

/// "ob.BTC_USDT.50" → "BTC/USDT"
std::string symbol_of_book(json_fields& r) {
  auto name = r.text("s");
  if (!name.starts_with(book_prefix) || !name.ends_with(book_suffix) || name.size() <= book_prefix.size() + book_suffix.size())
    return r.note("s"), std::string();
  name.remove_prefix(book_prefix.size());
  name.remove_suffix(book_suffix.size());
  return to_symbol(name);
}

void tell_book(json_fields& r, market_events& out) {
  book_update update;
  update.symbol = symbol_of_book(r);
  update.whole = r.optional_boolean("full").value_or(false);
  update.last_id = r.integer("u");
  update.first_id = update.whole ? update.last_id : r.integer("U");
  update.bids = read_levels(r, "b");
  update.asks = read_levels(r, "a");
  if (r.ok()) out.on_book(std::move(update));
}

void tell_candle(json_fields& r, market_events& out) {
  const auto name = r.text("n");
  const auto cut = name.find('_');
  const auto interval = parse_candle_interval(name.substr(0, cut));
  if (cut == std::string_view::npos || !interval) return r.note("n");
  candle k;
  k.symbol = to_symbol(name.substr(cut + 1));
  k.interval = *interval;
  k.opens_at = read_seconds(r, "t");
  k.open = r.amount("o"), k.high = r.amount("h"), k.low = r.amount("l"), k.close = r.amount("c");
  k.volume = r.amount("a");
  const bool closed = r.optional_boolean("w").value_or(false);
  if (r.ok()) out.on_candle(std::move(k), closed);
}

class gate_market_wire final : public market_wire {
 public:
  const stream_habits& habits() const override { return market_habits; }
  /// The venue wants the slash.
  std::string make_url(std::string_view configured, int, const stream_access*) const override { return std::string(configured) + "/"; }
  book_rules books() const override { return {book_continuity::first_follows_last, false, book_depth}; }

  std::string make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t id) override {
    if (topics.empty()) return {};
    const auto& topic = topics.front();
    return json_object()
        .number("id", id)
        .text("channel", channel_names[static_cast<std::size_t>(topic.channel)])
        .text("event", subscribe ? "subscribe" : "unsubscribe")
        .raw("payload", make_payload(topic))
        .done();
  }

  std::string make_ping(std::int64_t) override { return make_ping_frame(); }

  result<void> read(std::string_view frame, const instrument_table&, market_events& out) override {
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    try {
      tell(f, out);
    } catch (const decimal_overflow&) {
      f.note("numbers");
    }
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

 private:
  static void tell(json_fields& f, market_events& out) {
    const auto channel = f.optional_text("channel");
    const auto event = f.optional_text("event");
    if (channel == "spot.pong") return out.on_pong();
    if (event != "update") return tell_answer(f, out);
    auto object = f.optional_object("result");
    if (!object) return f.note("result");
    json_fields r(*object);
    if (channel == channel_names[0]) tell_ticker(r, out);
    else if (channel == channel_names[1]) tell_trade(r, out);
    else if (channel == channel_names[2]) tell_book(r, out);
    else if (channel == channel_names[3]) tell_candle(r, out);
    f.take_problem(r);
  }

  static void tell_answer(json_fields& f, market_events& out) {
    std::optional<error> refusal;
    const auto id = f.optional_integer("id");
    if (auto object = f.optional_object("error")) {
      json_fields e(*object);
      const auto code = e.integer("code");
      refusal = read_stream_refusal(code, e.optional_text("message"));
      f.take_problem(e);
    }
    if (!f.ok()) return;
    if (id) return out.on_answer(*id, std::move(refusal));
    if (refusal) out.on_broken("the exchange refused a message: " + refusal->detail);
  }

  json_source source_;
};

}  // namespace

std::unique_ptr<market_wire> make_market_wire() { return std::make_unique<gate_market_wire>(); }
std::string make_ping_frame() { return R"({"channel":"spot.ping"})"; }

}  // namespace drover::exchanges::gate
