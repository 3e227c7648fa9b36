#include <map>
#include <utility>

#include "exchanges/kraken/errors.hpp"
#include "exchanges/kraken/names.hpp"
#include "exchanges/kraken/parse_detail.hpp"
#include "exchanges/kraken/streams.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::kraken {

namespace {

constexpr std::int64_t book_depth = 25;
/// Subscriptions whose answers are awaited.
constexpr std::size_t pending_limit = 1'000;

std::string_view name_of(market_channel channel) {
  switch (channel) {
    case market_channel::ticker: return "ticker";
    case market_channel::trades: return "trade";
    case market_channel::book: return "book";
    case market_channel::candles: return "ohlc";
  }
  return {};
}

std::vector<book_level> read_levels(json_fields& f, std::string_view key) {
  std::vector<book_level> out;
  f.each(key, [&out](json_fields& level) {
    auto price = level.amount("price");
    auto quantity = level.amount("qty");
    out.push_back({price, quantity});
  });
  return out;
}

class kraken_market_wire final : public market_wire {
 public:
  const stream_habits& habits() const override { return get_stream_habits(); }
  // The snapshot comes first, by the stream itself.
  book_rules books() const override { return {book_continuity::connection, false, book_depth}; }
  std::vector<std::string> open() override {
    pending_.clear();
    running_.clear();
    return {};
  }
  std::string make_subscription(bool subscribe, std::span<const market_topic>, std::int64_t id) override;
  std::string make_ping(std::int64_t id) override { return json_object().text("method", "ping").number("req_id", id).done(); }
  result<void> read(std::string_view frame, const instrument_table&, market_events&) override;
  bool verify(std::span<const book_level> bids, std::span<const book_level> asks, const instrument& i,
              std::uint32_t checksum) const override {
    return make_book_checksum(bids, asks, i) == checksum;
  }

 private:
  void read_answer(json_fields&, std::string_view method, market_events&);
  void read_data(json_fields&, std::string_view channel, bool snapshot, market_events&);
  void read_candle(json_fields&, market_events&);

  json_source source_;
  /// Channel and interval of what was asked for: refusals name the symbol only.
  std::map<std::int64_t, market_topic> pending_;
  /// The candle that each topic is at: the venue does not say when one is closed, the next one does.
  std::map<std::pair<std::string, candle_interval>, candle> running_;
};

std::string kraken_market_wire::make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t id) {
  if (topics.empty()) return {};
  const auto& first = topics.front();
  std::string symbols;
  for (const auto& t : topics) {
    symbols += (symbols.empty() ? "" : ",") + quote_json(t.symbol);
    if (!subscribe) running_.erase({t.symbol, t.interval});
  }
  json_object params;
  params.text("channel", name_of(first.channel)).raw("symbol", "[" + symbols + "]");
  if (first.channel == market_channel::ticker) params.text("event_trigger", "bbo");
  if (first.channel == market_channel::book) params.number("depth", book_depth);
  if (first.channel == market_channel::candles) params.number("interval", to_venue_interval(first.interval));
  // The last trades would come again after each reconnect.
  if (first.channel == market_channel::trades && subscribe) params.boolean("snapshot", false);
  if (pending_.size() >= pending_limit) pending_.erase(pending_.begin());
  pending_.insert_or_assign(id, first);
  return json_object().text("method", subscribe ? "subscribe" : "unsubscribe").raw("params", params.done()).number("req_id", id).done();
}

result<void> kraken_market_wire::read(std::string_view frame, const instrument_table&, market_events& events) {
  if (!source_.load(frame)) return std::unexpected(protocol_error("market frame", "bytes"));
  json_fields f(source_.document().get_object());
  const auto channel = std::string(f.optional_text("channel"));
  if (!channel.empty()) {
    const bool snapshot = f.optional_text("type") == "snapshot";
    if (channel == "ticker" || channel == "trade" || channel == "book" || channel == "ohlc") read_data(f, channel, snapshot, events);
  } else {
    const auto method = std::string(f.optional_text("method"));
    if (method == "pong") events.on_pong();
    if (method == "subscribe" || method == "unsubscribe") read_answer(f, method, events);
  }
  if (!f.ok()) return std::unexpected(protocol_error("market frame", f.problem()));
  return {};
}

/// One answer for each symbol; those that name none are about the whole request.
void kraken_market_wire::read_answer(json_fields& f, std::string_view, market_events& events) {
  const auto id = f.optional_integer("req_id");
  const bool success = f.boolean("success");
  auto symbol = std::string(f.optional_text("symbol"));
  std::optional<error> refusal;
  if (!success) refusal = make_stream_refusal(std::string(f.optional_text("error")));
  if (success) {
    if (auto answer = f.optional_object("result")) {
      json_fields inner(*answer);
      symbol = inner.optional_text("symbol");
      f.take_problem(inner);
    }
  }
  if (!f.ok() || !id) return;
  const auto asked = pending_.find(*id);
  if (symbol.empty() || asked == pending_.end()) return events.on_answer(*id, std::move(refusal));
  auto topic = asked->second;
  topic.symbol = symbol;
  events.on_topic_answer(topic, std::move(refusal));
}

void kraken_market_wire::read_data(json_fields& f, std::string_view channel, bool snapshot, market_events& events) {
  f.each("data", [&](json_fields& d) {
    if (channel == "ohlc") return read_candle(d, events);
    if (channel == "ticker") {
      book_ticker t;
      t.symbol = d.text("symbol");
      t.bid_price = d.amount("bid");
      t.bid_quantity = d.amount("bid_qty");
      t.ask_price = d.amount("ask");
      t.ask_quantity = d.amount("ask_qty");
      if (d.ok()) events.on_ticker(std::move(t));
    } else if (channel == "trade") {
      public_trade t;
      t.symbol = d.text("symbol");
      t.trade_id = d.id("trade_id");
      t.price = d.amount("price");
      t.quantity = d.amount("qty");
      // The side is the taker's.
      t.buyer_is_maker = read_side(d, "side") == side::sell;
      t.at = read_timestamp(d, "timestamp");
      if (d.ok()) events.on_trade(std::move(t));
    } else {
      book_update u;
      u.symbol = d.text("symbol");
      u.whole = snapshot;
      u.bids = read_levels(d, "bids");
      u.asks = read_levels(d, "asks");
      const auto checksum = d.integer("checksum");
      if (checksum < 0 || checksum > 0xffffffff) d.note("checksum");
      u.checksum = static_cast<std::uint32_t>(checksum);
      if (d.ok()) events.on_book(std::move(u));
    }
  });
}

void kraken_market_wire::read_candle(json_fields& d, market_events& events) {
  candle c;
  c.symbol = d.text("symbol");
  const auto interval = parse_venue_interval(d.integer("interval"));
  if (!interval) return d.note("interval");
  c.interval = *interval;
  c.opens_at = read_timestamp(d, "interval_begin");
  c.open = d.amount("open");
  c.high = d.amount("high");
  c.low = d.amount("low");
  c.close = d.amount("close");
  c.volume = d.amount("volume");
  if (!d.ok()) return;
  if (running_.size() > habits().topics_per_connection) running_.clear();
  auto& running = running_[{c.symbol, c.interval}];
  if (!running.symbol.empty() && running.opens_at < c.opens_at) events.on_candle(running, true);
  running = c;
  events.on_candle(std::move(c), false);
}

}  // namespace

/// No figure is published for topics; pings are asked for at least once a minute, and a heartbeat comes every second.
const stream_habits& get_stream_habits() {
  static constexpr stream_habits habits{
      .topics_per_connection = 500,
      .topics_per_message = 100,
      .message_interval = 100ms,
      .ping_interval = 15s,
      .idle_limit = 40s,
      .life_limit = 23h,
      .answer_limit = 10s,
  };
  return habits;
}

std::unique_ptr<market_wire> make_market_wire() { return std::make_unique<kraken_market_wire>(); }

}  // namespace drover::exchanges::kraken
