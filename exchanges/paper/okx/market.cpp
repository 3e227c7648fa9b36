#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "exchanges/paper/okx/okx_dialect.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::okx {

namespace {

struct bar {
  std::string_view name;
  std::int64_t length_ms;
};
constexpr std::array bars{bar{"1m", 60'000},     bar{"3m", 180'000},      bar{"5m", 300'000},   bar{"15m", 900'000},
                          bar{"30m", 1'800'000}, bar{"1H", 3'600'000},    bar{"2H", 7'200'000}, bar{"4H", 14'400'000},
                          bar{"1D", 86'400'000}, bar{"1Dutc", 86'400'000}};

std::string render_levels(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels)
    out.push_back(fmt::format(R"(["{}","{}","0","1"])", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

std::string render_candle(const candle& c, bool confirmed) {
  return fmt::format(R"(["{}","{}","{}","{}","{}","{}","{}","{}","{}"])", c.open_time_ms, c.open.to_string(),
                     c.high.to_string(), c.low.to_string(), c.close.to_string(), c.volume.to_string(),
                     c.quote_volume.to_string(), c.quote_volume.to_string(), confirmed ? 1 : 0);
}

std::int64_t whole_or(const request_fields& f, std::string_view name, std::int64_t usual) {
  auto value = f.whole(name);
  return value ? value->value_or(usual) : usual;
}

std::string frame(std::string_view channel, std::string_view instrument, std::string_view data,
                  std::string_view action = {}) {
  const auto act = action.empty() ? std::string() : fmt::format(R"("action":"{}",)", action);
  return fmt::format(R"({{"arg":{{"channel":"{}","instId":"{}"}},{}"data":[{}]}})", channel, instrument, act, data);
}

std::string topic_of(std::string_view channel, std::string_view instrument) {
  return std::string(channel) + ":" + std::string(instrument);
}

std::string render_trade(std::string_view instrument, const market_trade& t) {
  return fmt::format(R"({{"instId":"{}","tradeId":"{}","px":"{}","sz":"{}","side":"{}","ts":"{}"}})", instrument, t.id,
                     t.price.to_string(), t.quantity.to_string(), t.buyer_is_maker ? "sell" : "buy", t.at.ms());
}

/// GET /api/v5/market/history-trades: those before ("after") a trade id, or of type 2 before a time.
std::string render_old_trades(std::string_view instrument, const std::deque<market_trade>& tape, const request_fields& f) {
  const bool by_time = f.text("type") == "2";
  const auto bound = whole_or(f, "after", std::numeric_limits<std::int64_t>::max());
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(f, "limit", 100), 1, 100));
  std::vector<std::string> out;
  for (auto t = tape.rbegin(); t != tape.rend() && out.size() < most; ++t)
    if ((by_time ? t->at.ms() : t->id) < bound) out.push_back(render_trade(instrument, *t));
  return join_list(out);
}

}  // namespace

std::string okx_dialect::render_instrument(instrument_number n) const {
  const auto& i = venue().engine().get_instrument(n);
  return fmt::format(
      R"({{"instType":"SPOT","instId":"{}","baseCcy":"{}","quoteCcy":"{}","settleCcy":"","ctVal":"","uly":"","instFamily":"","category":"1",)"
      R"("tickSz":"{}","lotSz":"{}","minSz":"{}","maxLmtSz":"{}","maxMktSz":"{}","maxLmtAmt":"20000000","maxMktAmt":"1000000",)"
      R"("state":"{}","listTime":"1548133413000","expTime":"","lever":"10","ruleType":"normal"}})",
      instrument_id(n), i.base_asset, i.quote_asset, i.tick_size.to_string(), i.lot_size.to_string(),
      i.min_quantity.to_string(), i.max_quantity.to_string(), i.max_quantity.to_string(),
      i.trading ? "live" : "suspend");
}

std::string okx_dialect::render_ticker(instrument_number n) const {
  const auto top = venue().data().top(n).value_or(top_of_book{});
  const auto day = venue().data().day_or_flat(n, venue().now());
  return fmt::format(
      R"({{"instType":"SPOT","instId":"{}","last":"{}","lastSz":"1","askPx":"{}","askSz":"{}","bidPx":"{}","bidSz":"{}","open24h":"{}",)"
      R"("high24h":"{}","low24h":"{}","volCcy24h":"{}","vol24h":"{}","ts":"{}","sodUtc0":"{}","sodUtc8":"{}"}})",
      instrument_id(n), day.close.to_string(), top.ask.price.to_string(), top.ask.quantity.to_string(),
      top.bid.price.to_string(), top.bid.quantity.to_string(), day.open.to_string(), day.high.to_string(),
      day.low.to_string(), day.quote_volume.to_string(), day.volume.to_string(), venue().now().ms(),
      day.open.to_string(), day.open.to_string());
}

std::string okx_dialect::render_book(instrument_number n, std::size_t limit, std::int64_t previous) const {
  const auto depth = venue().data().depth(n, limit);
  const auto sequence = to_index(n) < sequences_.size() ? sequences_[to_index(n)] : 0;
  return fmt::format(R"({{"asks":{},"bids":{},"ts":"{}","checksum":0,"seqId":{},"prevSeqId":{}}})",
                     render_levels(depth.asks), render_levels(depth.bids), venue().now().ms(), sequence, previous);
}

outcome okx_dialect::route_public(const call& c) {
  const std::string_view path = c.http.path;
  const auto& data = venue().data();
  const auto refuse = [](std::string code, std::string message, int status = 200) {
    return std::unexpected(refused{status, std::move(code), std::move(message)});
  };
  if (c.http.method != "GET") return refuse("50115", "Invalid request method", 405);
  if (path == "/api/v5/public/time") return fmt::format(R"([{{"ts":"{}"}}])", venue().now().ms());
  if (path == "/api/v5/public/instruments" || path == "/api/v5/market/tickers") {
    std::vector<std::string> out;
    for (std::size_t i = 0; c.fields.text("instType") == "SPOT" && i < venue().engine().instrument_count(); ++i) {
      const auto n = static_cast<instrument_number>(i);
      out.push_back(path.ends_with("tickers") ? render_ticker(n) : render_instrument(n));
    }
    return join_list(out);
  }
  const auto n = find_instrument(c.fields.text("instId"));
  if (!n) return refuse("51001", "Instrument ID doesn't exist.");
  if (path == "/api/v5/market/ticker") return "[" + render_ticker(*n) + "]";
  if (path == "/api/v5/market/books")
    return "[" +
           render_book(*n, static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(c.fields, "sz", 1), 1, 400)),
                       -1) +
           "]";
  if (path == "/api/v5/market/trades") {
    const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(c.fields, "limit", 100), 1, 500));
    std::vector<std::string> out;
    for (const auto& t : list_trades(data.tape(*n), most, beginning_of_time, end_of_time)) out.push_back(render_trade(instrument_id(*n), t));
    return join_list(out);
  }
  if (path == "/api/v5/market/history-trades") return render_old_trades(instrument_id(*n), data.tape(*n), c.fields);
  if (path == "/api/v5/market/candles" || path == "/api/v5/market/history-candles") {
    const auto name = c.fields.has("bar") ? c.fields.text("bar") : "1m";
    const auto known = std::ranges::find(bars, name, &bar::name);
    if (known == bars.end()) return refuse("51000", "Parameter bar error");
    const auto before = whole_or(c.fields, "before", -1),
               after = whole_or(c.fields, "after", std::numeric_limits<std::int64_t>::max());
    const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(c.fields, "limit", 100), 1, 300));
    auto candles = join_candles(data.candles(*n, candle_interval::minute), known->length_ms);
    std::vector<std::string> out;
    for (auto k = candles.rbegin(); k != candles.rend() && out.size() < most; ++k)
      if (k->open_time_ms > before && k->open_time_ms < after) out.push_back(render_candle(*k, k != candles.rbegin()));
    return join_list(out);
  }
  return refuse("50404", "Not found", 404);
}

std::string okx_dialect::render_initial(std::string_view channel, instrument_number n) const {
  const auto id = instrument_id(n);
  if (channel == "books") return frame(channel, id, render_book(n, 400, -1), "snapshot");
  if (channel == "tickers") return frame(channel, id, render_ticker(n));
  if (channel == "bbo-tbt" || channel == "books5")
    return frame(channel, id, render_book(n, channel == "books5" ? 5 : 1, -1));
  return {};
}

void okx_dialect::on_trade(instrument_number n, const market_trade& t) {
  const auto id = instrument_id(n);
  board_.publish(topic_of("trades", id), [&] { return frame("trades", id, render_trade(id, t)); });
}

void okx_dialect::on_top(instrument_number n, const top_of_book&) {
  const auto id = instrument_id(n);
  board_.publish(topic_of("bbo-tbt", id), [&] { return frame("bbo-tbt", id, render_book(n, 1, -1)); });
  board_.publish(topic_of("tickers", id), [&] { return frame("tickers", id, render_ticker(n)); });
}

void okx_dialect::on_depth(instrument_number n, const depth_diff& diff) {
  const auto id = instrument_id(n);
  const auto previous = std::exchange(sequence_of(n), diff.last_update_id);
  board_.publish(topic_of("books", id), [&] {
    const auto data = fmt::format(R"({{"asks":{},"bids":{},"ts":"{}","checksum":0,"seqId":{},"prevSeqId":{}}})",
                                  render_levels(diff.asks), render_levels(diff.bids), venue().now().ms(),
                                  diff.last_update_id, previous);
    return frame("books", id, data, "update");
  });
  board_.publish(topic_of("books5", id), [&] { return frame("books5", id, render_book(n, 5, -1)); });
}

void okx_dialect::on_depth_lost(instrument_number n, const depth_diff& diff) {
  sequence_of(n) = diff.last_update_id;
}

void okx_dialect::on_second() {
  for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    const auto id = instrument_id(n);
    for (const auto& b : bars) {
      const auto channel = "candle" + std::string(b.name);
      auto* topic = board_.find(topic_of(channel, id));
      if (topic == nullptr) continue;
      topic->publish([&] {
        auto candles = join_candles(venue().data().candles(n, candle_interval::minute), b.length_ms);
        return frame(channel, id, candles.empty() ? std::string() : render_candle(candles.back(), false));
      });
    }
  }
}

}  // namespace drover::exchanges::paper::okx
