#include <map>
#include <utility>

#include "exchanges/kucoin/names.hpp"
#include "exchanges/kucoin/parse_detail.hpp"
#include "exchanges/kucoin/stream_frames_detail.hpp"
#include "exchanges/kucoin/streams.hpp"

namespace drover::exchanges::kucoin {

namespace {

constexpr std::string_view ticker_topic = "/spotMarket/level1", trades_topic = "/market/match",
                           book_topic = "/spotMarket/level2Depth50", candles_topic = "/market/candles";

std::string_view topic_of(market_channel channel) {
  switch (channel) {
    case market_channel::ticker: return ticker_topic;
    case market_channel::trades: return trades_topic;
    case market_channel::book: return book_topic;
    case market_channel::candles: return candles_topic;
  }
  return {};
}

class kucoin_market_wire final : public market_wire {
 public:
  const stream_habits& habits() const override { return get_stream_habits(); }
  // Every message of the book is the whole of it.
  book_rules books() const override { return {book_continuity::connection, false, 50}; }
  std::vector<std::string> open() override {
    running_.clear();
    return {};
  }
  std::string make_subscription(bool subscribe, std::span<const market_topic>, std::int64_t id) override;
  std::string make_ping(std::int64_t id) override { return make_ping_frame(id); }
  result<void> read(std::string_view frame, const instrument_table&, market_events&) override;

 private:
  void read_message(json_fields&, market_events&);
  void read_data(json_fields& data, std::string_view topic, std::string_view name, market_events&);
  void read_ticker_data(json_fields& data, std::string_view name, market_events&);
  void read_candle_data(json_fields& data, std::string_view name, market_events&);

  json_source source_;
  /// The candle that each topic is at: the venue does not say when one is closed, the next one does.
  std::map<std::pair<std::string, candle_interval>, candle> running_;
};

std::string kucoin_market_wire::make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t id) {
  std::string names;
  for (const auto& t : topics) {
    names += (names.empty() ? ":" : ",") + to_venue_symbol(t.symbol);
    if (t.channel == market_channel::candles) names += "_" + std::string(to_venue_interval(t.interval));
    if (!subscribe && t.channel == market_channel::candles) running_.erase({t.symbol, t.interval});
  }
  const auto topic = topics.empty() ? std::string() : std::string(topic_of(topics.front().channel)) + names;
  return make_subscription_frame(subscribe, topic, id, false);
}

result<void> kucoin_market_wire::read(std::string_view frame, const instrument_table&, market_events& events) {
  if (!source_.load(frame)) return std::unexpected(protocol_error("market frame", "bytes"));
  json_fields f(source_.document().get_object());
  const auto type = std::string(f.text("type"));
  if (type == "message") {
    read_message(f, events);
  } else if (type == "pong") {
    events.on_pong();
  } else if (type == "ack" || type == "error") {
    const auto id = read_frame_id(f);
    std::optional<error> refusal;
    if (type == "error") refusal = read_frame_error(f);
    if (f.ok() && id) events.on_answer(*id, std::move(refusal));
    if (f.ok() && !id && refusal) events.on_broken(refusal->detail);
  }
  if (!f.ok()) return std::unexpected(protocol_error("market frame", f.problem()));
  return {};
}

void kucoin_market_wire::read_message(json_fields& f, market_events& events) {
  const auto whole = std::string(f.text("topic"));
  const auto colon = whole.find(':');
  if (colon == std::string::npos) return;
  auto data = f.optional_object("data");
  if (!data) return f.note("data");
  json_fields inner(*data);
  read_data(inner, std::string_view(whole).substr(0, colon), std::string_view(whole).substr(colon + 1), events);
  f.take_problem(inner);
}

void kucoin_market_wire::read_data(json_fields& data, std::string_view topic, std::string_view name, market_events& events) {
  if (topic == ticker_topic) return read_ticker_data(data, name, events);
  if (topic == candles_topic) return read_candle_data(data, name, events);
  if (topic == trades_topic) {
    public_trade t;
    t.symbol = to_symbol(data.text("symbol"));
    t.trade_id = data.id("tradeId");
    t.price = data.amount("price");
    t.quantity = data.amount("size");
    // The side is the taker's.
    t.buyer_is_maker = read_side(data, "side") == side::sell;
    t.at = read_time(data, "time");
    if (data.ok()) events.on_trade(std::move(t));
    return;
  }
  if (topic != book_topic) return;
  book_update u;
  u.symbol = to_symbol(name);
  u.whole = true;
  u.bids = read_levels(data, "bids");
  u.asks = read_levels(data, "asks");
  if (data.ok()) events.on_book(std::move(u));
}

void kucoin_market_wire::read_ticker_data(json_fields& data, std::string_view name, market_events& events) {
  book_ticker t;
  t.symbol = to_symbol(name);
  auto read_best = [&data](std::string_view key, decimal& price, decimal& quantity) {
    auto row = data.optional_array(key);
    if (!row) return data.note(key);
    read_row(data, *row, key, [&](row_cells cells) {
      price = cell_amount(data, cells, 0, key);
      quantity = cell_amount(data, cells, 1, key);
    });
  };
  read_best("bids", t.bid_price, t.bid_quantity);
  read_best("asks", t.ask_price, t.ask_quantity);
  if (data.ok()) events.on_ticker(std::move(t));
}

void kucoin_market_wire::read_candle_data(json_fields& data, std::string_view name, market_events& events) {
  const auto bar = name.rfind('_');
  const auto interval = parse_venue_interval(bar == std::string_view::npos ? std::string_view{} : name.substr(bar + 1));
  if (!interval) return data.note("topic");
  auto row = data.optional_array("candles");
  if (!row) return data.note("candles");
  candle c;
  const auto symbol = to_symbol(name.substr(0, bar));
  read_row(data, *row, "candles", [&](row_cells cells) { c = read_candle(data, cells, symbol, *interval); });
  if (!data.ok()) return;
  auto& running = running_[{symbol, *interval}];
  if (!running.symbol.empty() && running.opens_at < c.opens_at) events.on_candle(running, true);
  running = c;
  if (running_.size() > habits().topics_per_connection) running_.clear();
  events.on_candle(std::move(c), false);
}

}  // namespace

std::unique_ptr<market_wire> make_market_wire() { return std::make_unique<kucoin_market_wire>(); }

}  // namespace drover::exchanges::kucoin
