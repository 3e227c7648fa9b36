#include <algorithm>
#include <charconv>

#include "exchanges/mexc/names.hpp"
#include "exchanges/mexc/stream_answer_detail.hpp"
#include "exchanges/mexc/wires.hpp"
#include "exchanges/protocol/answers.hpp"
#include "mexc_messages/push.pb.h"

namespace drover::exchanges::mexc {

namespace {

/// www.mexc.com, "Websocket Market Streams": 30 subscriptions a connection, valid for 24 hours, closed after a minute of silence.
constexpr stream_habits market_habits{.topics_per_connection = 30, .topics_per_message = 30, .message_interval = 100ms,
                                      .ping_interval = nanoseconds(15s), .idle_limit = 40s, .life_limit = 23h, .answer_limit = 10s};

constexpr std::string_view ticker_prefix = "spot@public.aggre.bookTicker.v3.api.pb@100ms@";
constexpr std::string_view trades_prefix = "spot@public.aggre.deals.v3.api.pb@100ms@";
constexpr std::string_view book_prefix = "spot@public.aggre.depth.v3.api.pb@100ms@";
constexpr std::string_view candles_prefix = "spot@public.kline.v3.api.pb@";

std::string channel_of(const market_topic& t) {
  const auto symbol = to_venue_symbol(t.symbol);
  switch (t.channel) {
    case market_channel::ticker: return std::string(ticker_prefix) + symbol;
    case market_channel::trades: return std::string(trades_prefix) + symbol;
    case market_channel::book: return std::string(book_prefix) + symbol;
    case market_channel::candles: break;
  }
  return std::string(candles_prefix) + symbol + "@" + std::string(to_stream_interval(t.interval));
}

std::optional<market_topic> topic_of(std::string_view channel, const instrument_table& table) {
  const auto known = {std::pair{ticker_prefix, market_channel::ticker}, std::pair{trades_prefix, market_channel::trades},
                      std::pair{book_prefix, market_channel::book}};
  for (const auto& [prefix, kind] : known)
    if (channel.starts_with(prefix)) return market_topic{kind, table.to_canonical(channel.substr(prefix.size())), candle_interval::m1};
  if (!channel.starts_with(candles_prefix)) return std::nullopt;
  channel.remove_prefix(candles_prefix.size());
  const auto cut = channel.find('@');
  if (cut == std::string_view::npos) return std::nullopt;
  const auto interval = parse_stream_interval(channel.substr(cut + 1));
  if (!interval) return std::nullopt;
  return market_topic{market_channel::candles, table.to_canonical(channel.substr(0, cut)), *interval};
}

std::optional<std::int64_t> parse_version(const std::string& text) {
  std::int64_t out = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failure != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

bool is_believable_ms(std::int64_t ms) { return ms >= 0 && ms < 9'000'000'000'000; }

bool tell_ticker(const std::string& symbol, const mexc_push::AggreBookTicker& t, market_events& out) {
  bool ok = true;
  book_ticker top;
  top.symbol = symbol;
  top.bid_price = read_amount(t.bid_price(), ok), top.bid_quantity = read_amount(t.bid_quantity(), ok);
  top.ask_price = read_amount(t.ask_price(), ok), top.ask_quantity = read_amount(t.ask_quantity(), ok);
  if (ok) out.on_ticker(std::move(top));
  return ok;
}

bool tell_trades(const std::string& symbol, const mexc_push::AggreDeals& deals, market_events& out) {
  for (const auto& d : deals.deals()) {
    bool ok = is_believable_ms(d.time()) && (d.trade_type() == 1 || d.trade_type() == 2);
    public_trade t;
    t.symbol = symbol;
    t.price = read_amount(d.price(), ok), t.quantity = read_amount(d.quantity(), ok);
    t.buyer_is_maker = d.trade_type() == 2;
    if (!ok) return false;
    t.at = wall_time::from_ms(d.time());
    out.on_trade(std::move(t));
  }
  return true;
}

template <class Levels>
std::vector<book_level> read_levels(const Levels& levels, bool& ok) {
  std::vector<book_level> out;
  out.reserve(static_cast<std::size_t>(levels.size()));
  for (const auto& l : levels) {
    const auto price = read_amount(l.price(), ok);
    out.push_back({price, read_amount(l.quantity(), ok)});
  }
  return out;
}

bool tell_book(const std::string& symbol, const mexc_push::AggreDepths& d, market_events& out) {
  const auto from = parse_version(d.from_version()), to = parse_version(d.to_version());
  bool ok = from && to;
  book_update update;
  update.symbol = symbol;
  update.bids = read_levels(d.bids(), ok);
  update.asks = read_levels(d.asks(), ok);
  if (!ok) return false;
  update.first_id = *from, update.last_id = *to;
  out.on_book(std::move(update));
  return true;
}

bool tell_candle(const std::string& symbol, const mexc_push::SpotKline& k, market_events& out) {
  const auto interval = parse_stream_interval(k.interval());
  bool ok = interval.has_value() && k.window_start() >= 0 && k.window_start() < 9'000'000'000;
  candle c;
  c.symbol = symbol;
  c.open = read_amount(k.opening_price(), ok), c.close = read_amount(k.closing_price(), ok);
  c.high = read_amount(k.highest_price(), ok), c.low = read_amount(k.lowest_price(), ok);
  c.volume = read_amount(k.volume(), ok);
  if (!ok) return false;
  c.interval = *interval;
  c.opens_at = {seconds(k.window_start())};
  out.on_candle(std::move(c), false);
  return true;
}

class mexc_market_wire final : public market_wire {
 public:
  const stream_habits& habits() const override { return market_habits; }
  book_rules books() const override { return {book_continuity::first_follows_last, true, 0}; }

  std::string make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t) override {
    std::vector<std::string> channels;
    for (const auto& t : topics) channels.push_back(channel_of(t));
    return make_subscription_frame(subscribe, channels);
  }

  std::string make_ping(std::int64_t) override { return make_ping_frame(); }

  result<void> read(std::string_view frame, const instrument_table& table, market_events& out) override {
    if (is_json(frame)) return read_json(frame, table, out);
    if (!push_.ParseFromArray(frame.data(), static_cast<int>(std::min<std::size_t>(frame.size(), frame_limit))))
      return std::unexpected(protocol_error("frame", "bytes"));
    if (!are_texts({push_.channel(), push_.symbol()})) return std::unexpected(protocol_error("frame", "names"));
    if (!tell(table.to_canonical(push_.symbol()), out)) return std::unexpected(protocol_error("frame", push_.channel().substr(0, venue_words_limit)));
    return {};
  }

 private:
  static constexpr std::size_t frame_limit = 8 * 1024 * 1024;

  result<void> read_json(std::string_view frame, const instrument_table& table, market_events& out) {
    auto said = read_stream_answer(source_, frame);
    if (!said) return std::unexpected(said.error());
    if (said->pong) return out.on_pong(), result<void>();
    std::optional<error> refusal;
    if (!said->refusal.empty()) refusal = error{exchange_errc::refused, describe_refusal(200, "refused", said->refusal)};
    for (const auto& channel : said->channels)
      if (auto topic = topic_of(channel, table)) out.on_topic_answer(*topic, refusal);
    if (refusal && said->channels.empty()) out.on_refusal(*refusal);
    return {};
  }

  bool tell(const std::string& symbol, market_events& out) {
    switch (push_.body_case()) {
      case mexc_push::Push::kPublicAggreBookTicker: return tell_ticker(symbol, push_.public_aggre_book_ticker(), out);
      case mexc_push::Push::kPublicAggreDeals: return tell_trades(symbol, push_.public_aggre_deals(), out);
      case mexc_push::Push::kPublicAggreDepths: return tell_book(symbol, push_.public_aggre_depths(), out);
      case mexc_push::Push::kPublicSpotKline: return tell_candle(symbol, push_.public_spot_kline(), out);
      default: return !push_.channel().empty();
    }
  }

  json_source source_;
  /// Kept for its memory.
  mexc_push::Push push_;
};

}  // namespace

std::unique_ptr<market_wire> make_market_wire() { return std::make_unique<mexc_market_wire>(); }

}  // namespace drover::exchanges::mexc
