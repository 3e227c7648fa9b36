#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "exchanges/paper/bybit/bybit_dialect.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::bybit {

namespace {

struct interval {
  std::string_view name;
  std::int64_t length_ms;
};
constexpr std::array intervals{interval{"1", 60'000},      interval{"3", 180'000},      interval{"5", 300'000},
                               interval{"15", 900'000},    interval{"30", 1'800'000},   interval{"60", 3'600'000},
                               interval{"120", 7'200'000}, interval{"240", 14'400'000}, interval{"D", 86'400'000}};

std::string render_levels(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels)
    out.push_back(fmt::format(R"(["{}","{}"])", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

std::int64_t whole_or(const request_fields& f, std::string_view name, std::int64_t usual) {
  auto value = f.whole(name);
  return value ? value->value_or(usual) : usual;
}

std::string frame(std::string_view topic, std::string_view type, std::string_view data, wall_time now) {
  return fmt::format(R"({{"topic":"{}","type":"{}","ts":{},"data":{},"cts":{}}})", topic, type, now.ms(), data,
                     now.ms());
}

}  // namespace

std::string bybit_dialect::render_ticker(instrument_number n) const {
  const auto top = venue().data().top(n).value_or(top_of_book{});
  const auto day = venue().data().day_or_flat(n, venue().now());
  return fmt::format(
      R"({{"symbol":"{}","bid1Price":"{}","bid1Size":"{}","ask1Price":"{}","ask1Size":"{}","lastPrice":"{}","prevPrice24h":"{}",)"
      R"("price24hPcnt":"0","highPrice24h":"{}","lowPrice24h":"{}","turnover24h":"{}","volume24h":"{}","usdIndexPrice":"{}"}})",
      venue_symbol(n), top.bid.price.to_string(), top.bid.quantity.to_string(), top.ask.price.to_string(),
      top.ask.quantity.to_string(), day.close.to_string(), day.open.to_string(), day.high.to_string(),
      day.low.to_string(), day.quote_volume.to_string(), day.volume.to_string(), day.close.to_string());
}

std::string bybit_dialect::render_book(instrument_number n, std::size_t limit) const {
  const auto depth = venue().data().depth(n, limit);
  const auto sequence = to_index(n) < sequences_.size() ? sequences_[to_index(n)] : 1;
  return fmt::format(R"({{"s":"{}","b":{},"a":{},"u":{},"seq":{},"ts":{},"cts":{}}})", venue_symbol(n),
                     render_levels(depth.bids), render_levels(depth.asks), sequence, depth.last_update_id,
                     venue().now().ms(), venue().now().ms());
}

outcome bybit_dialect::route_public(const call& c) {
  const std::string_view path = c.http.path;
  const auto& data = venue().data();
  const auto now = venue().now();
  if (path == "/v5/market/time")
    return fmt::format(R"({{"timeSecond":"{}","timeNano":"{}"}})", to_epoch_seconds(now), now.since_epoch.count());
  const auto category = c.fields.text("category");
  std::vector<std::string> out;
  const auto list = [&] {
    return fmt::format(R"({{"category":"{}","list":{},"nextPageCursor":""}})", category, join_list(out));
  };
  const auto symbol = c.fields.text("symbol");
  const bool all = symbol.empty() && (path == "/v5/market/instruments-info" || path == "/v5/market/tickers");
  // Contracts are asked for as well; there are none.
  if (all && category != "spot") return list();
  if (path == "/v5/market/instruments-info" || path == "/v5/market/tickers") {
    for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i) {
      const auto n = static_cast<instrument_number>(i);
      const auto& one = venue().engine().get_instrument(n);
      if (!symbol.empty() && one.venue_symbol != symbol) continue;
      if (path == "/v5/market/tickers") {
        out.push_back(render_ticker(n));
        continue;
      }
      out.push_back(fmt::format(
          R"({{"symbol":"{}","baseCoin":"{}","quoteCoin":"{}","innovation":"0","status":"{}","marginTrading":"none","lotSizeFilter":{{"basePrecision":"{}",)"
          R"("quotePrecision":"0.00000001","minOrderQty":"{}","maxOrderQty":"{}","maxLimitOrderQty":"{}","maxMarketOrderQty":"{}","minOrderAmt":"{}",)"
          R"("maxOrderAmt":"100000000"}},"priceFilter":{{"tickSize":"{}"}},"riskParameters":{{"limitParameter":"0.05","marketParameter":"0.05"}}}})",
          one.venue_symbol, one.base_asset, one.quote_asset, one.trading ? "Trading" : "Closed",
          one.lot_size.to_string(), one.min_quantity.to_string(), one.max_quantity.to_string(),
          one.max_quantity.to_string(), one.max_quantity.to_string(), one.min_notional.to_string(),
          one.tick_size.to_string()));
    }
    if (!symbol.empty() && out.empty()) return std::unexpected(refused{10'001, "Not supported symbols"});
    return list();
  }
  const auto n = venue().engine().find_instrument(symbol);
  if (!n) return std::unexpected(refused{10'001, "Not supported symbols"});
  if (path == "/v5/market/orderbook")
    return render_book(*n, static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(c.fields, "limit", 1), 1, 200)));
  if (path == "/v5/market/recent-trade") {
    const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(c.fields, "limit", 60), 1, 60));
    const auto& tape = data.tape(*n);
    for (auto t = tape.rbegin(); t != tape.rend() && out.size() < most; ++t)
      out.push_back(fmt::format(
          R"({{"execId":"{}","symbol":"{}","price":"{}","size":"{}","side":"{}","time":"{}","isBlockTrade":false}})",
          t->id, symbol, t->price.to_string(), t->quantity.to_string(), t->buyer_is_maker ? "Sell" : "Buy",
          t->at.ms()));
    return list();
  }
  if (path == "/v5/market/kline") {
    const auto known = std::ranges::find(intervals, c.fields.text("interval"), &interval::name);
    if (known == intervals.end()) return std::unexpected(refused{10'001, "Invalid period!"});
    const auto from = whole_or(c.fields, "start", 0),
               to = whole_or(c.fields, "end", std::numeric_limits<std::int64_t>::max());
    const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(c.fields, "limit", 200), 1, 1'000));
    auto candles = join_candles(data.candles(*n, candle_interval::minute), known->length_ms);
    for (auto k = candles.rbegin(); k != candles.rend() && out.size() < most; ++k)
      if (k->open_time_ms >= from && k->open_time_ms <= to)
        out.push_back(fmt::format(R"(["{}","{}","{}","{}","{}","{}","{}"])", k->open_time_ms, k->open.to_string(),
                                  k->high.to_string(), k->low.to_string(), k->close.to_string(), k->volume.to_string(),
                                  k->quote_volume.to_string()));
    return list();
  }
  return std::unexpected(refused{10'001, "Request parameter error."});
}

std::optional<instrument_number> bybit_dialect::find_topic(std::string_view topic) const {
  const auto last = topic.rfind('.');
  if (last == topic.npos) return std::nullopt;
  const auto n = venue().engine().find_instrument(topic.substr(last + 1));
  const auto kind = topic.substr(0, last);
  constexpr std::array<std::string_view, 4> plain{"orderbook.1", "orderbook.50", "tickers", "publicTrade"};
  if (std::ranges::find(plain, kind) != plain.end()) return n;
  constexpr std::string_view klines = "kline.";
  if (kind.starts_with(klines) &&
      std::ranges::find(intervals, kind.substr(klines.size()), &interval::name) != intervals.end())
    return n;
  return std::nullopt;
}

std::string bybit_dialect::render_initial(std::string_view topic) const {
  const auto n = find_topic(topic);
  if (!n) return {};
  if (topic.starts_with("orderbook.1.")) return frame(topic, "snapshot", render_book(*n, 1), venue().now());
  if (topic.starts_with("orderbook.")) return frame(topic, "snapshot", render_book(*n, 5'000), venue().now());
  if (topic.starts_with("tickers.")) return frame(topic, "snapshot", render_ticker(*n), venue().now());
  return {};
}

void bybit_dialect::on_trade(instrument_number n, const market_trade& t) {
  const auto topic = "publicTrade." + venue_symbol(n);
  board_.publish(topic, [&] {
    const auto data = fmt::format(R"([{{"i":"{}","T":{},"p":"{}","v":"{}","S":"{}","s":"{}","BT":false,"RPI":false}}])",
                                  t.id, t.at.ms(), t.price.to_string(), t.quantity.to_string(),
                                  t.buyer_is_maker ? "Sell" : "Buy", venue_symbol(n));
    return frame(topic, "snapshot", data, venue().now());
  });
}

void bybit_dialect::on_top(instrument_number n, const top_of_book&) {
  const auto top = "orderbook.1." + venue_symbol(n), ticker = "tickers." + venue_symbol(n);
  board_.publish(top, [&] { return frame(top, "snapshot", render_book(n, 1), venue().now()); });
  board_.publish(ticker, [&] { return frame(ticker, "snapshot", render_ticker(n), venue().now()); });
}

void bybit_dialect::on_depth(instrument_number n, const depth_diff& diff) {
  const auto topic = "orderbook.50." + venue_symbol(n);
  const auto sequence = ++sequence_of(n);
  board_.publish(topic, [&] {
    const auto data = fmt::format(R"({{"s":"{}","b":{},"a":{},"u":{},"seq":{}}})", venue_symbol(n),
                                  render_levels(diff.bids), render_levels(diff.asks), sequence, diff.last_update_id);
    return frame(topic, "delta", data, venue().now());
  });
}

void bybit_dialect::on_depth_lost(instrument_number n, const depth_diff&) {
  ++sequence_of(n);
}

void bybit_dialect::on_second() {
  for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    for (const auto& k : intervals) {
      const auto topic = fmt::format("kline.{}.{}", k.name, venue_symbol(n));
      board_.publish(topic, [&] {
        auto candles = join_candles(venue().data().candles(n, candle_interval::minute), k.length_ms);
        if (candles.empty()) return frame(topic, "snapshot", "[]", venue().now());
        const auto& c = candles.back();
        const auto data = fmt::format(
            R"([{{"start":{},"end":{},"interval":"{}","open":"{}","close":"{}","high":"{}","low":"{}","volume":"{}","turnover":"{}",)"
            R"("confirm":false,"timestamp":{}}}])",
            c.open_time_ms, c.open_time_ms + k.length_ms - 1, k.name, c.open.to_string(), c.close.to_string(),
            c.high.to_string(), c.low.to_string(), c.volume.to_string(), c.quote_volume.to_string(),
            venue().now().ms());
        return frame(topic, "snapshot", data, venue().now());
      });
    }
  }
}

}  // namespace drover::exchanges::paper::bybit
