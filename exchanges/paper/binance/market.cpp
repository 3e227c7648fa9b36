#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "exchanges/paper/binance/binance_dialect.hpp"
#include "exchanges/paper/binance/render.hpp"

namespace drover::exchanges::paper::binance {

namespace {

constexpr std::int64_t default_depth = 100, longest_depth = 5'000, default_rows = 500, longest_rows = 1'000;

outcome<instrument_number> instrument_of(const call& c) {
  if (!c.params.has("symbol")) return std::unexpected(missing_parameter("symbol"));
  const auto n = c.venue.engine().find_instrument(c.params.text("symbol"));
  if (!n) return std::unexpected(invalid_symbol());
  return *n;
}

outcome<std::size_t> limit_of(const call& c, std::int64_t usual, std::int64_t most) {
  auto limit = c.params.whole("limit");
  if (!limit) return std::unexpected(limit.error());
  if (*limit == 0) return std::unexpected(refused{400, -1130, "Data sent for parameter 'limit' is not valid."});
  return static_cast<std::size_t>(std::min(limit->value_or(usual), most));
}

/// What `symbol`, `symbols` (a JSON list) or neither (all) names.
struct selection {
  std::vector<instrument_number> instruments;
  bool one = false;
};
outcome<selection> selection_of(const call& c) {
  const auto& engine = c.venue.engine();
  if (c.params.has("symbol")) {
    auto n = instrument_of(c);
    if (!n) return std::unexpected(n.error());
    return selection{{*n}, true};
  }
  selection out;
  if (!c.params.has("symbols")) {
    for (std::size_t i = 0; i < engine.instrument_count(); ++i) out.instruments.push_back(static_cast<instrument_number>(i));
    return out;
  }
  auto names = parse_json(c.params.text("symbols"));
  if (!names || !names->is_array()) return std::unexpected(refused{400, -1100, "Illegal characters found in parameter 'symbols'."});
  for (const auto& name : *names) {
    const auto n = name.is_string() ? engine.find_instrument(name.get_ref<const std::string&>()) : std::nullopt;
    if (!n) return std::unexpected(invalid_symbol());
    out.instruments.push_back(*n);
  }
  return out;
}

template <class Render>
answer render_selection(const call& c, Render render) {
  auto chosen = selection_of(c);
  if (!chosen) return std::unexpected(chosen.error());
  if (chosen->one) return render(chosen->instruments.front());
  std::string out = "[";
  for (const auto n : chosen->instruments) {
    if (out.size() > 1) out += ',';
    out += render(n);
  }
  return out + "]";
}

// GET /api/v3/ping: is anybody there.
answer ping(call&) { return "{}"; }

// GET /api/v3/time: the exchange's clock.
answer time(call& c) { return fmt::format(R"({{"serverTime":{}}})", c.venue.now().ms()); }

std::string render_instrument(const exchanges::instrument& i, bool trading) {
  return fmt::format(
      R"({{"symbol":"{}","status":"{}","baseAsset":"{}","baseAssetPrecision":8,"quoteAsset":"{}","quotePrecision":8,)"
      R"("quoteAssetPrecision":8,"baseCommissionPrecision":8,"quoteCommissionPrecision":8,"orderTypes":["LIMIT","LIMIT_MAKER",)"
      R"("MARKET"],"icebergAllowed":false,"ocoAllowed":false,"otoAllowed":false,"quoteOrderQtyMarketAllowed":true,)"
      R"("allowTrailingStop":false,"cancelReplaceAllowed":false,"amendAllowed":false,"isSpotTradingAllowed":true,)"
      R"("isMarginTradingAllowed":false,"filters":[{{"filterType":"PRICE_FILTER","minPrice":"{}","maxPrice":"1000000000.00000000",)"
      R"("tickSize":"{}"}},{{"filterType":"LOT_SIZE","minQty":"{}","maxQty":"{}","stepSize":"{}"}},{{"filterType":"MARKET_LOT_SIZE",)"
      R"("minQty":"{}","maxQty":"{}","stepSize":"{}"}},{{"filterType":"NOTIONAL","minNotional":"{}","applyMinToMarket":true,)"
      R"("maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":0}},{{"filterType":"MAX_NUM_ORDERS",)"
      R"("maxNumOrders":10000}}],"permissions":[],"permissionSets":[["SPOT"]],"defaultSelfTradePreventionMode":"EXPIRE_MAKER",)"
      R"("allowedSelfTradePreventionModes":["EXPIRE_MAKER"]}})",
      i.venue_symbol, trading ? "TRADING" : "BREAK", i.base_asset, i.quote_asset, eight(i.tick_size), eight(i.tick_size),
      eight(i.min_quantity), eight(i.max_quantity), eight(i.lot_size), eight(i.min_quantity), eight(i.max_quantity),
      eight(i.lot_size), eight(i.min_notional));
}

// GET /api/v3/exchangeInfo: instruments with their filters, and the limits.
answer exchange_info(call& c) {
  auto chosen = selection_of(c);
  if (!chosen) return std::unexpected(chosen.error());
  const auto& limits = c.dialect.limits();
  std::string out = fmt::format(
      R"({{"timezone":"UTC","serverTime":{},"rateLimits":[{{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,)"
      R"("limit":{}}},{{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":{}}},{{"rateLimitType":"ORDERS",)"
      R"("interval":"DAY","intervalNum":1,"limit":{}}},{{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,)"
      R"("limit":61000}}],"exchangeFilters":[],"symbols":[)",
      c.venue.now().ms(), limits.weight_limit(), limits.orders_10s_limit(), limits.orders_1d_limit());
  bool first = true;
  for (const auto n : chosen->instruments) {
    if (!first) out += ',';
    out += render_instrument(c.venue.engine().get_instrument(n), !c.venue.faults().in_maintenance());
    first = false;
  }
  return out + "]}";
}

// GET /api/v3/depth: the book.
answer depth(call& c) {
  auto n = instrument_of(c);
  if (!n) return std::unexpected(n.error());
  auto limit = limit_of(c, default_depth, longest_depth);
  if (!limit) return std::unexpected(limit.error());
  const auto view = c.venue.data().depth(*n, *limit);
  return fmt::format(R"({{"lastUpdateId":{},"bids":{},"asks":{}}})", view.last_update_id, render_levels(view.bids),
                     render_levels(view.asks));
}

template <class Render>
answer render_tape(const call& c, Render render) {
  auto n = instrument_of(c);
  if (!n) return std::unexpected(n.error());
  auto limit = limit_of(c, default_rows, longest_rows);
  if (!limit) return std::unexpected(limit.error());
  auto start = c.params.whole("startTime"), end = c.params.whole("endTime"), from = c.params.whole("fromId");
  for (const auto* bound : {&start, &end, &from})
    if (!*bound) return std::unexpected(bound->error());
  std::vector<const market_trade*> found;
  for (const auto& t : c.venue.data().tape(*n))
    if ((!*start || t.at.ms() >= **start) && (!*end || t.at.ms() <= **end) && (!*from || t.id >= **from)) found.push_back(&t);
  const bool from_start = *start || *from;
  const auto skipped = from_start || found.size() <= *limit ? 0 : found.size() - *limit;
  std::string out = "[";
  for (std::size_t i = skipped; i < std::min(found.size(), skipped + *limit); ++i) {
    if (out.size() > 1) out += ',';
    out += render(*found[i]);
  }
  return out + "]";
}

// GET /api/v3/trades: the latest trades. GET /api/v3/historicalTrades: from an id on.
answer trades(call& c) {
  return render_tape(c, [](const market_trade& t) {
    return fmt::format(R"({{"id":{},"price":"{}","qty":"{}","quoteQty":"{}","time":{},"isBuyerMaker":{},"isBestMatch":true}})", t.id,
                       eight(t.price), eight(t.quantity), eight(decimal::multiply(t.price, t.quantity)), t.at.ms(), t.buyer_is_maker);
  });
}

// GET /api/v3/aggTrades: the same; each trade is an aggregate of its own.
answer aggregate_trades(call& c) {
  return render_tape(c, [](const market_trade& t) {
    return fmt::format(R"({{"a":{},"p":"{}","q":"{}","f":{},"l":{},"T":{},"m":{},"M":true}})", t.id, eight(t.price),
                       eight(t.quantity), t.id, t.id, t.at.ms(), t.buyer_is_maker);
  });
}

struct interval_row {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<interval_row, 14> intervals{{{"1s", 1'000}, {"1m", 60'000}, {"3m", 180'000}, {"5m", 300'000}, {"15m", 900'000},
  {"30m", 1'800'000}, {"1h", 3'600'000}, {"2h", 7'200'000}, {"4h", 14'400'000}, {"6h", 21'600'000}, {"8h", 28'800'000},
  {"12h", 43'200'000}, {"1d", 86'400'000}, {"3d", 259'200'000}}};

// GET /api/v3/klines: candles from the trades of the last day (seconds: of the last hour).
answer candles(call& c) {
  auto n = instrument_of(c);
  if (!n) return std::unexpected(n.error());
  auto limit = limit_of(c, default_rows, longest_rows);
  if (!limit) return std::unexpected(limit.error());
  auto row = std::ranges::find(intervals, c.params.text("interval"), &interval_row::name);
  if (row == intervals.end()) return std::unexpected(refused{400, -1120, "Invalid interval."});
  auto start = c.params.whole("startTime"), end = c.params.whole("endTime");
  if (!start) return std::unexpected(start.error());
  if (!end) return std::unexpected(end.error());
  const auto source = row->ms == to_ms(candle_interval::second) ? candle_interval::second : candle_interval::minute;
  auto all = join_candles(c.venue.data().candles(*n, source), row->ms);
  std::erase_if(all, [&](const candle& x) { return (*start && x.open_time_ms < **start) || (*end && x.open_time_ms > **end); });
  if (all.size() > *limit) {
    if (*start)
      all.resize(*limit);
    else
      all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(*limit));
  }
  std::string out = "[";
  for (const auto& x : all) {
    if (out.size() > 1) out += ',';
    fmt::format_to(std::back_inserter(out), R"([{},"{}","{}","{}","{}","{}",{},"{}",{},"{}","{}","0"])", x.open_time_ms, eight(x.open),
                   eight(x.high), eight(x.low), eight(x.close), eight(x.volume), x.open_time_ms + row->ms - 1, eight(x.quote_volume),
                   x.trades, eight(x.bought_volume), eight(x.bought_quote_volume));
  }
  return out + "]";
}

std::string render_day(const simulated_venue& venue, instrument_number n) {
  const auto now = venue.now();
  const auto top = venue.data().top(n).value_or(top_of_book{});
  const auto d = venue.data().day_or_flat(n, now);
  const decimal change = d.close - d.open;
  const decimal percent = d.open.is_zero() ? decimal() : decimal::divide(change * decimal(100), d.open).round_to_places(3, rounding::half_even);
  const decimal average = d.volume.is_zero() ? d.close : decimal::divide(d.quote_volume, d.volume).round_to_places(8, rounding::half_even);
  return fmt::format(
      R"({{"symbol":"{}","priceChange":"{}","priceChangePercent":"{}","weightedAvgPrice":"{}","prevClosePrice":"{}","lastPrice":"{}",)"
      R"("lastQty":"{}","bidPrice":"{}","bidQty":"{}","askPrice":"{}","askQty":"{}","openPrice":"{}","highPrice":"{}","lowPrice":"{}",)"
      R"("volume":"{}","quoteVolume":"{}","openTime":{},"closeTime":{},"firstId":{},"lastId":{},"count":{}}})",
      venue.engine().get_instrument(n).venue_symbol, eight(change), percent.to_string(3), eight(average), eight(d.open),
      eight(d.close), eight(venue.data().tape(n).empty() ? decimal() : venue.data().tape(n).back().quantity), eight(top.bid.price),
      eight(top.bid.quantity), eight(top.ask.price), eight(top.ask.quantity), eight(d.open), eight(d.high), eight(d.low),
      eight(d.volume), eight(d.quote_volume), d.open_time_ms, now.ms(), d.first_trade_id, d.last_trade_id, d.trades);
}

// GET /api/v3/ticker/24hr: figures of the last day.
answer day_ticker(call& c) {
  return render_selection(c, [&](instrument_number n) { return render_day(c.venue, n); });
}

// GET /api/v3/ticker/price: the last price.
answer price_ticker(call& c) {
  return render_selection(c, [&](instrument_number n) {
    return fmt::format(R"({{"symbol":"{}","price":"{}"}})", c.venue.engine().get_instrument(n).venue_symbol,
                       eight(c.venue.engine().last_price(n)));
  });
}

// GET /api/v3/ticker/bookTicker: best bid and ask.
answer book_ticker(call& c) {
  return render_selection(c, [&](instrument_number n) {
    const auto top = c.venue.data().top(n).value_or(top_of_book{});
    return fmt::format(R"({{"symbol":"{}","bidPrice":"{}","bidQty":"{}","askPrice":"{}","askQty":"{}"}})",
                       c.venue.engine().get_instrument(n).venue_symbol, eight(top.bid.price), eight(top.bid.quantity),
                       eight(top.ask.price), eight(top.ask.quantity));
  });
}

constexpr std::array routes{
    route{"GET", "/api/v3/ping", access::open, ping, 1},
    route{"GET", "/api/v3/time", access::open, time, 1},
    route{"GET", "/api/v3/exchangeInfo", access::open, exchange_info, 20},
    route{"GET", "/api/v3/depth", access::open, depth, 5},
    route{"GET", "/api/v3/trades", access::open, trades, 25},
    route{"GET", "/api/v3/historicalTrades", access::open, trades, 25},
    route{"GET", "/api/v3/aggTrades", access::open, aggregate_trades, 4},
    route{"GET", "/api/v3/klines", access::open, candles, 2},
    route{"GET", "/api/v3/ticker/24hr", access::open, day_ticker, 2},
    route{"GET", "/api/v3/ticker/price", access::open, price_ticker, 2},
    route{"GET", "/api/v3/ticker/bookTicker", access::open, book_ticker, 2},
};

}  // namespace

std::span<const route> market_routes() { return routes; }

int weight_of(const route& r, const parameters& params) {
  if (r.handle == depth) {
    const auto limit = params.whole("limit");
    const auto rows = limit ? limit->value_or(default_depth) : default_depth;
    return rows <= 100 ? 5 : rows <= 500 ? 25 : rows <= 1'000 ? 50 : 250;
  }
  if (params.has("symbol")) return r.path == "/api/v3/myTrades" && params.has("orderId") ? 5 : r.weight;
  if (r.path == "/api/v3/openOrders" && r.method == "GET") return 80;
  if (r.handle == day_ticker) return 80;
  return r.handle == price_ticker || r.handle == book_ticker ? 4 : r.weight;
}

}  // namespace drover::exchanges::paper::binance
