#include <fmt/format.h>

#include <algorithm>

#include "exchanges/paper/kucoin/kucoin_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kucoin {

namespace {

std::unexpected<denied> deny(std::string code, std::string message, int status = 200) {
  return std::unexpected(denied{std::move(code), std::move(message), status});
}

std::string render_side(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels) out.push_back(fmt::format(R"(["{}","{}"])", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

std::vector<std::string> list_assets(const simulated_venue& v) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < v.engine().asset_count(); ++i) out.push_back(v.engine().asset_name(static_cast<asset_number>(i)));
  return out;
}

/// The number that stands for a time without fractions; nothing bad comes of nonsense.
std::int64_t whole_or(const request_fields& f, std::string_view name, std::int64_t otherwise) {
  auto value = f.whole(name);
  return value ? value->value_or(otherwise) : otherwise;
}

}  // namespace

reply<std::string> kucoin_dialect::route_public(const request& r) {
  const std::string_view path = r.http.path;
  const std::int64_t weight = path == "/api/v1/bullet-public"                          ? 10
                              : path.ends_with("allTickers") || path.ends_with("stats") ? 15
                              : path.ends_with("level2_100") || path == "/api/v2/symbols" ? 4
                              : path.ends_with("level1") || path.ends_with("level2_20") ? 2
                                                                                        : 3;
  if (auto allowed = charge(r.http, nullptr, pool::open, weight); !allowed) return std::unexpected(allowed.error());
  if (path == "/api/v1/bullet-public" && r.http.method == "POST") return make_token(r);
  if (r.http.method != "GET") return deny("404000", "Not Found", 404);
  if (path == "/api/v1/timestamp") return std::to_string(venue().now().ms());
  if (path == "/api/v1/status") return std::string(R"({"status":"open","msg":""})");
  if (path == "/api/v1/contracts/active") return std::string("[]");
  std::vector<std::string> out;
  if (path == "/api/v2/symbols") {
    for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i) out.push_back(render_symbol(static_cast<instrument_number>(i)));
    return join_list(out);
  }
  if (path == "/api/v3/currencies") {
    for (const auto& asset : list_assets(venue()))
      out.push_back(fmt::format(
          R"({{"currency":"{0}","name":"{0}","fullName":"{0}","precision":8,"confirms":null,"contractAddress":null,"isMarginEnabled":false,"isDebitEnabled":false,"chains":[]}})",
          asset));
    return join_list(out);
  }
  return route_market(r);
}

reply<std::string> kucoin_dialect::route_market(const request& r) {
  const std::string_view path = r.http.path;
  const auto& data = venue().data();
  const auto now = venue().now();
  auto figures = [&](instrument_number n) {
    const auto day = data.day_or_flat(n, now);
    const auto top = data.top(n).value_or(top_of_book{});
    return fmt::format(
        R"("symbol":"{}","buy":"{}","bestBidSize":"{}","sell":"{}","bestAskSize":"{}","changeRate":"0","changePrice":"{}","high":"{}","low":"{}","vol":"{}",)"
        R"("volValue":"{}","last":"{}","averagePrice":"{}","takerFeeRate":"0.001","makerFeeRate":"0.001","takerCoefficient":"1","makerCoefficient":"1")",
        symbol_of(n), top.bid.price.to_string(), top.bid.quantity.to_string(), top.ask.price.to_string(), top.ask.quantity.to_string(),
        (day.close - day.open).to_string(), day.high.to_string(), day.low.to_string(), day.volume.to_string(), day.quote_volume.to_string(),
        day.close.to_string(), day.close.to_string());
  };
  if (path == "/api/v1/market/allTickers") {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i) out.push_back("{" + figures(static_cast<instrument_number>(i)) + "}");
    return fmt::format(R"({{"time":{},"ticker":{}}})", now.ms(), join_list(out));
  }
  const auto n = find_symbol(r.fields.text("symbol"));
  if (!n) return deny("900001", "symbol not exists");
  if (path == "/api/v1/market/stats") return fmt::format(R"({{"time":{},{}}})", now.ms(), figures(*n));
  if (path == "/api/v1/market/orderbook/level1") {
    const auto top = data.top(*n).value_or(top_of_book{});
    const auto last = data.tape(*n).empty() ? market_trade{} : data.tape(*n).back();
    return fmt::format(
        R"({{"time":{},"sequence":"{}","price":"{}","size":"{}","bestBid":"{}","bestBidSize":"{}","bestAsk":"{}","bestAskSize":"{}"}})", now.ms(),
        top.update_id, last.price.to_string(), last.quantity.to_string(), top.bid.price.to_string(), top.bid.quantity.to_string(),
        top.ask.price.to_string(), top.ask.quantity.to_string());
  }
  if (path == "/api/v1/market/orderbook/level2_20") return render_levels(*n, 20);
  if (path == "/api/v1/market/orderbook/level2_100") return render_levels(*n, 100);
  if (path == "/api/v1/market/histories") {
    std::vector<std::string> out;
    const auto& tape = data.tape(*n);
    for (auto t = tape.rbegin(); t != tape.rend() && out.size() < 100; ++t)
      out.push_back(fmt::format(R"({{"sequence":"{}","tradeId":"{}","price":"{}","size":"{}","side":"{}","time":{}}})", t->id, t->id,
                                t->price.to_string(), t->quantity.to_string(), t->buyer_is_maker ? "sell" : "buy", t->at.since_epoch.count()));
    return join_list(out);
  }
  if (path == "/api/v1/market/candles") {
    const auto length_ms = candle_length_ms(r.fields.text("type"));
    if (length_ms == 0) return deny("400100", "This type is not supported");
    return render_candles(r, *n, length_ms);
  }
  return deny("404000", "Not Found", 404);
}

std::string kucoin_dialect::render_symbol(instrument_number n) const {
  const auto& i = venue().engine().get_instrument(n);
  const auto symbol = symbol_of(n);
  return fmt::format(
      R"({{"symbol":"{}","name":"{}","baseCurrency":"{}","quoteCurrency":"{}","feeCurrency":"{}","market":"USDS","baseMinSize":"{}","quoteMinSize":"{}",)"
      R"("baseMaxSize":"{}","quoteMaxSize":"99999999","baseIncrement":"{}","quoteIncrement":"0.000001","priceIncrement":"{}","priceLimitRate":"0.1",)"
      R"("minFunds":"{}","isMarginEnabled":false,"enableTrading":{},"feeCategory":1,"makerFeeCoefficient":"1.00","takerFeeCoefficient":"1.00"}})",
      symbol, symbol, i.base_asset, i.quote_asset, i.quote_asset, i.min_quantity.to_string(), i.min_notional.to_string(), i.max_quantity.to_string(),
      i.lot_size.to_string(), i.tick_size.to_string(), i.min_notional.to_string(), i.trading ? "true" : "false");
}

std::string kucoin_dialect::render_levels(instrument_number n, std::size_t depth) const {
  const auto view = venue().data().depth(n, depth);
  return fmt::format(R"({{"time":{},"sequence":"{}","bids":{},"asks":{}}})", venue().now().ms(), view.last_update_id, render_side(view.bids),
                     render_side(view.asks));
}

std::string kucoin_dialect::render_candles(const request& r, instrument_number n, std::int64_t length_ms) const {
  const auto from = whole_or(r.fields, "startAt", 0), to = whole_or(r.fields, "endAt", 32'503'680'000);
  const auto candles = join_candles(venue().data().candles(n, candle_interval::minute), length_ms);
  std::vector<std::string> out;
  for (auto c = candles.rbegin(); c != candles.rend() && out.size() < 1'500; ++c) {
    const auto at_s = c->open_time_ms / 1'000;
    if (at_s < from || (to > 0 && at_s >= to)) continue;
    out.push_back(fmt::format(R"(["{}","{}","{}","{}","{}","{}","{}"])", at_s, c->open.to_string(), c->close.to_string(), c->high.to_string(),
                              c->low.to_string(), c->volume.to_string(), c->quote_volume.to_string()));
  }
  return join_list(out);
}

std::string kucoin_dialect::render_accounts(const api_account& account, std::string_view type) const {
  std::vector<std::string> out;
  if (!type.empty() && type != "trade_hf" && type != "trade") return "[]";
  for (const auto& asset : list_assets(venue())) {
    const auto [free, locked] = get_holding(venue(), account, asset);
    out.push_back(fmt::format(R"({{"id":"{}","currency":"{}","type":"{}","balance":"{}","available":"{}","holds":"{}"}})",
                              number_to_hex24(static_cast<std::int64_t>(to_index(account.number) * 1'000 + out.size()), account_salt), asset,
                              type.empty() ? "trade_hf" : type, (free + locked).to_string(), free.to_string(), locked.to_string()));
  }
  return join_list(out);
}

}  // namespace drover::exchanges::paper::kucoin
