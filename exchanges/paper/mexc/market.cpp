#include <fmt/format.h>

#include <algorithm>

#include "exchanges/paper/mexc/mexc_dialect.hpp"
#include "exchanges/paper/mexc/symbols.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::mexc {

namespace {

std::string render_symbol(const simulated_venue& v, instrument_number n) {
  const auto& i = v.engine().get_instrument(n);
  return fmt::format(
      R"({{"symbol":"{}","status":"{}","baseAsset":"{}","baseAssetPrecision":{},"quoteAsset":"{}","quotePrecision":{},"quoteAssetPrecision":{},)"
      R"("baseCommissionPrecision":8,"quoteCommissionPrecision":8,"orderTypes":["LIMIT","MARKET","LIMIT_MAKER"],"isSpotTradingAllowed":{},)"
      R"("isMarginTradingAllowed":false,"quoteAmountPrecision":"{}","baseSizePrecision":"{}","permissions":["SPOT"],"filters":[],)"
      R"("maxQuoteAmount":"10000000","makerCommission":"0.001","takerCommission":"0.001","quoteAmountPrecisionMarket":"{}","fullName":"{}"}})",
      symbol_of(v, n), i.trading ? "1" : "2", i.base_asset, count_places(i.lot_size), i.quote_asset, count_places(i.tick_size), count_places(i.tick_size),
      i.trading, i.min_notional.to_string(), i.min_quantity.to_string(), i.min_notional.to_string(), i.base_asset);
}

std::string render_levels(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels) out.push_back(fmt::format(R"(["{}","{}"])", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

std::size_t page_size(const request_fields& f, std::int64_t usual, std::int64_t most) {
  const auto limit = f.whole("limit");
  return static_cast<std::size_t>(std::clamp<std::int64_t>(limit && *limit ? **limit : usual, 1, most));
}

}  // namespace

outcome<instrument_number> mexc_dialect::read_symbol(const request_fields& f) const {
  const auto n = find_symbol(venue(), f.text("symbol"));
  if (!n) return std::unexpected(refused{400, -1121, "Invalid symbol."});
  return *n;
}

outcome<std::string> mexc_dialect::route_public(const net::http_request& http, const request_fields& fields) {
  if (http.method != "GET") return std::unexpected(refused{405, 405, "Method not allowed"});
  const auto path = std::string_view(http.path).substr(std::string_view("/api/v3").size());
  if (path == "/ping") return std::string("{}");
  if (path == "/time") return fmt::format(R"({{"serverTime":{}}})", venue().now().ms());
  if (path == "/depth") return show_book(fields);
  if (path == "/trades" || path == "/aggTrades") return show_trades(fields, path == "/aggTrades");
  if (path == "/klines") return show_candles(fields);
  if (path.starts_with("/ticker/")) return show_tickers(fields, path);
  std::vector<std::string> out;
  for (const auto n : list_instruments(venue()))
    out.push_back(path == "/exchangeInfo" ? render_symbol(venue(), n) : paper::quoted(symbol_of(venue(), n)));
  if (path == "/defaultSymbols") return fmt::format(R"({{"code":200,"data":{},"msg":null}})", join_list(out));
  return fmt::format(R"({{"timezone":"CST","serverTime":{},"rateLimits":[],"exchangeFilters":[],"symbols":{}}})", venue().now().ms(), join_list(out));
}

outcome<std::string> mexc_dialect::show_book(const request_fields& f) const {
  auto n = read_symbol(f);
  if (!n) return std::unexpected(n.error());
  const auto view = venue().data().depth(*n, page_size(f, 100, 5'000));
  return fmt::format(R"({{"lastUpdateId":{},"bids":{},"asks":{},"timestamp":{}}})", view.last_update_id, render_levels(view.bids),
                     render_levels(view.asks), venue().now().ms());
}

outcome<std::string> mexc_dialect::show_trades(const request_fields& f, bool aggregate) const {
  auto n = read_symbol(f);
  if (!n) return std::unexpected(n.error());
  const auto from = f.whole("startTime"), to = f.whole("endTime");
  if (!from || !to) return std::unexpected(refused{400, 33333, "Invalid time."});
  constexpr std::int64_t hour_ms = 3'600'000;
  if (*from && *to && **to - **from > hour_ms)
    return std::unexpected(refused{400, -1127, "More than 1 hours between startTime and endTime."});
  std::vector<std::string> out;
  for (const auto& t : list_trades(venue().data().tape(*n), page_size(f, 500, 1'000), *from ? wall_time::from_ms(**from) : beginning_of_time,
                                   *to ? wall_time::from_ms(**to) : end_of_time)) {
    if (aggregate)
      out.push_back(fmt::format(R"({{"a":null,"f":null,"l":null,"p":"{}","q":"{}","T":{},"m":{},"M":true}})", t.price.to_string(),
                                t.quantity.to_string(), t.at.ms(), t.buyer_is_maker));
    else
      out.push_back(fmt::format(R"({{"id":null,"price":"{}","qty":"{}","quoteQty":"{}","time":{},"isBuyerMaker":{},"isBestMatch":true,"tradeType":"{}"}})",
                                t.price.to_string(), t.quantity.to_string(), (t.price * t.quantity).to_string(), t.at.ms(), t.buyer_is_maker,
                                t.buyer_is_maker ? "ASK" : "BID"));
  }
  return join_list(out);
}

outcome<std::string> mexc_dialect::show_candles(const request_fields& f) const {
  auto n = read_symbol(f);
  if (!n) return std::unexpected(n.error());
  const auto wanted = std::ranges::find(intervals(), f.text("interval"), &interval::rest);
  const auto from = f.whole("startTime"), to = f.whole("endTime");
  if (wanted == intervals().end() || !from || !to) return std::unexpected(refused{400, 33333, "Invalid interval."});
  const auto most = page_size(f, 500, 1'000);
  auto candles = list_candles(venue(), *n, wanted->ms);
  std::erase_if(candles, [&](const candle& k) { return (*from && k.open_time_ms < **from) || (*to && k.open_time_ms > **to); });
  if (candles.size() > most) {
    if (*from) candles.resize(most);
    else candles.erase(candles.begin(), candles.end() - static_cast<std::ptrdiff_t>(most));
  }
  std::vector<std::string> out;
  for (const auto& k : candles)
    out.push_back(fmt::format(R"([{},"{}","{}","{}","{}","{}",{},"{}"])", k.open_time_ms, k.open.to_string(), k.high.to_string(), k.low.to_string(),
                              k.close.to_string(), k.volume.to_string(), k.open_time_ms + wanted->ms, k.quote_volume.to_string()));
  return join_list(out);
}

outcome<std::string> mexc_dialect::show_tickers(const request_fields& f, std::string_view kind) const {
  auto wanted = list_instruments(venue());
  if (f.has("symbol")) {
    auto n = read_symbol(f);
    if (!n) return std::unexpected(n.error());
    wanted = {*n};
  }
  std::vector<std::string> out;
  for (const auto n : wanted) {
    const auto day = venue().data().day_or_flat(n, venue().now());
    const auto top = venue().data().top(n).value_or(top_of_book{});
    const auto quotes = fmt::format(R"("bidPrice":"{}","bidQty":"{}","askPrice":"{}","askQty":"{}")", top.bid.price.to_string(),
                                    top.bid.quantity.to_string(), top.ask.price.to_string(), top.ask.quantity.to_string());
    const auto symbol = symbol_of(venue(), n);
    if (kind.ends_with("bookTicker")) out.push_back(fmt::format(R"({{"symbol":"{}",{}}})", symbol, quotes));
    else if (kind.ends_with("price")) out.push_back(fmt::format(R"({{"symbol":"{}","price":"{}"}})", symbol, day.close.to_string()));
    else
      out.push_back(fmt::format(R"({{"symbol":"{}","priceChange":"{}","priceChangePercent":"0","prevClosePrice":"{}","lastPrice":"{}",{},"openPrice":"{}",)"
                                R"("highPrice":"{}","lowPrice":"{}","volume":"{}","quoteVolume":"{}","openTime":{},"closeTime":{},"count":null}})",
                                symbol, (day.close - day.open).to_string(), day.open.to_string(), day.close.to_string(), quotes, day.open.to_string(),
                                day.high.to_string(), day.low.to_string(), day.volume.to_string(), day.quote_volume.to_string(),
                                venue().now().ms() - 86'400'000, venue().now().ms()));
  }
  return f.has("symbol") ? out.front() : join_list(out);
}

}  // namespace drover::exchanges::paper::mexc
