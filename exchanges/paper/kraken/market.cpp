#include <fmt/format.h>

#include <algorithm>

#include "exchanges/paper/kraken/kraken_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kraken {

namespace {

std::unexpected<failure> fail(std::string text) { return std::unexpected(failure{std::move(text)}); }

std::string render_levels(const std::vector<book_level>& levels, std::int64_t at_s) {
  std::vector<std::string> out;
  for (const auto& l : levels) out.push_back(fmt::format(R"(["{}","{}",{}])", l.price.to_string(), l.quantity.to_string(), at_s));
  return join_list(out);
}

std::int64_t whole_or(const request_fields& f, std::string_view name, std::int64_t otherwise) {
  auto value = f.whole(name);
  return value ? value->value_or(otherwise) : otherwise;
}

std::string object_of(const std::vector<std::string>& members) {
  auto out = join_list(members);
  out.front() = '{';
  out.back() = '}';
  return out;
}

std::string render_candles(const std::vector<candle>& candles, std::int64_t since) {
  std::vector<std::string> out;
  for (const auto& c : candles)
    if (c.open_time_ms / 1'000 > since)
      out.push_back(fmt::format(R"([{},"{}","{}","{}","{}","{}","{}",{}])", c.open_time_ms / 1'000, c.open.to_string(), c.high.to_string(),
                                c.low.to_string(), c.close.to_string(), c.close.to_string(), c.volume.to_string(), c.trades));
  return join_list(out);
}

}  // namespace

std::string kraken_dialect::render_assets() const {
  std::vector<std::string> out;
  for (const auto& asset : list_assets(venue()))
    out.push_back(fmt::format(R"("{}":{{"aclass":"currency","altname":"{}","decimals":8,"display_decimals":5,"collateral_value":1,"status":"enabled"}})",
                              asset_id(asset), asset_name(asset)));
  return object_of(out);
}

std::string kraken_dialect::render_pairs() const {
  std::vector<std::string> out;
  for (std::size_t k = 0; k < venue().engine().instrument_count(); ++k) {
    const auto& i = venue().engine().get_instrument(static_cast<instrument_number>(k));
    out.push_back(fmt::format(
        R"("{0}":{{"altname":"{0}","wsname":"{1}/{2}","aclass_base":"currency","base":"{3}","aclass_quote":"currency","quote":"{4}","lot":"unit",)"
        R"("cost_decimals":8,"pair_decimals":{5},"lot_decimals":{6},"lot_multiplier":1,"leverage_buy":[],"leverage_sell":[],"fees":[[0,0.1]],"fees_maker":[[0,0.1]],)"
        R"("fee_volume_currency":"ZUSD","margin_call":80,"margin_stop":40,"ordermin":"{7}","costmin":"{8}","tick_size":"{9}","status":"{10}"}})",
        altname_of(i), asset_name(i.base_asset), asset_name(i.quote_asset), asset_id(i.base_asset), asset_id(i.quote_asset), count_places(i.tick_size),
        count_places(i.lot_size), i.min_quantity.to_string(), i.min_notional.to_string(), i.tick_size.to_string(), i.trading ? "online" : "cancel_only"));
  }
  return object_of(out);
}

reply<std::string> kraken_dialect::render_market(const request& r, std::string_view name) const {
  if (name != "Ticker" && name != "Depth" && name != "OHLC" && name != "Trades") return fail("EGeneral:Unknown method");
  const auto n = find_pair(venue(), r.fields.text("pair"));
  if (!n) return fail("EQuery:Unknown asset pair");
  const auto& data = venue().data();
  const auto now = venue().now();
  const auto pair = altname_of(venue().engine().get_instrument(*n));
  if (name == "Ticker") {
    const auto day = data.day_or_flat(*n, now);
    const auto top = data.top(*n).value_or(top_of_book{});
    return fmt::format(
        R"({{"{}":{{"a":["{}","1","{}"],"b":["{}","1","{}"],"c":["{}","0.1"],"v":["{}","{}"],"p":["{}","{}"],"t":[{},{}],"l":["{}","{}"],"h":["{}","{}"],"o":"{}"}}}})",
        pair, top.ask.price.to_string(), top.ask.quantity.to_string(), top.bid.price.to_string(), top.bid.quantity.to_string(), day.close.to_string(),
        day.volume.to_string(), day.volume.to_string(), day.close.to_string(), day.close.to_string(), day.trades, day.trades, day.low.to_string(),
        day.low.to_string(), day.high.to_string(), day.high.to_string(), day.open.to_string());
  }
  if (name == "Depth") {
    const auto view = data.depth(*n, static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(r.fields, "count", 100), 1, 500)));
    return fmt::format(R"({{"{}":{{"asks":{},"bids":{}}}}})", pair, render_levels(view.asks, to_epoch_seconds(now)),
                       render_levels(view.bids, to_epoch_seconds(now)));
  }
  if (name == "OHLC") {
    const auto minutes = whole_or(r.fields, "interval", 1);
    if (minutes < 1 || minutes > 21'600) return fail("EGeneral:Invalid arguments:interval");
    const auto candles = join_candles(data.candles(*n, candle_interval::minute), minutes * 60'000);
    const auto last = candles.empty() ? 0 : candles.back().open_time_ms / 1'000;
    return fmt::format(R"({{"{}":{},"last":{}}})", pair, render_candles(candles, whole_or(r.fields, "since", 0)), last);
  }
  const auto& tape = data.tape(*n);
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(r.fields, "count", 1'000), 1, 1'000));
  std::vector<std::string> out;
  for (std::size_t k = tape.size() > most ? tape.size() - most : 0; k < tape.size(); ++k) {
    const auto& t = tape[k];
    out.push_back(fmt::format(R"(["{}","{}",{},"{}","l","",{}])", t.price.to_string(), t.quantity.to_string(), paper::to_epoch_seconds(t.at, 6),
                              t.buyer_is_maker ? "s" : "b", t.id));
  }
  return fmt::format(R"({{"{}":{},"last":"{}"}})", pair, join_list(out), tape.empty() ? 0 : tape.back().at.since_epoch.count());
}

std::string kraken_dialect::render_holdings(const api_account& account, bool extended) const {
  std::vector<std::string> out;
  for (const auto& asset : list_assets(venue())) {
    const auto [free, locked] = get_holding(venue(), account, asset);
    const auto total = (free + locked).to_string();
    out.push_back(extended ? fmt::format(R"("{}":{{"balance":"{}","hold_trade":"{}"}})", asset_id(asset), total, locked.to_string())
                           : fmt::format(R"("{}":"{}")", asset_id(asset), total));
  }
  return object_of(out);
}

}  // namespace drover::exchanges::paper::kraken
