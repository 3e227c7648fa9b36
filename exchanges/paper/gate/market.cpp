#include <fmt/format.h>

#include <algorithm>

#include "exchanges/paper/gate/gate_dialect.hpp"
#include "exchanges/paper/gate/pairs.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::gate {

namespace {

std::string render_pair(const exchanges::instrument& i) {
  return fmt::format(
      R"({{"id":"{0}_{1}","base":"{0}","base_name":"{0}","quote":"{1}","quote_name":"{1}","fee":"0.1","min_base_amount":"{2}",)"
      R"("min_quote_amount":"{3}","max_base_amount":"{4}","max_quote_amount":null,"amount_precision":{5},"precision":{6},)"
      R"("trade_status":"{7}","sell_start":0,"buy_start":0,"type":"normal"}})",
      i.base_asset, i.quote_asset, i.min_quantity.to_string(), i.min_notional.to_string(), i.max_quantity.to_string(),
      count_places(i.lot_size), count_places(i.tick_size), i.trading ? "tradable" : "untradable");
}

std::string render_levels(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels) out.push_back(fmt::format(R"(["{}","{}"])", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

std::int64_t page_size(const request_fields& f, std::int64_t usual, std::int64_t most) {
  const auto limit = f.whole("limit");
  return std::clamp<std::int64_t>(limit && *limit ? **limit : usual, 1, most);
}

}  // namespace

outcome<instrument_number> gate_dialect::read_pair(const request_fields& f) const {
  const auto n = find_pair(venue(), f.text("currency_pair"));
  if (!n) return std::unexpected(refused{400, "INVALID_CURRENCY_PAIR", "Invalid currency pair " + std::string(f.text("currency_pair"))});
  return *n;
}

outcome<std::string> gate_dialect::route_public(const net::http_request& http, const request_fields& fields) {
  if (http.method != "GET") return std::unexpected(refused{405, "METHOD_NOT_ALLOWED", "Method not allowed"});
  const auto path = std::string_view(http.path).substr(std::string_view("/api/v4").size());
  constexpr std::string_view pairs = "/spot/currency_pairs";
  if (path == "/spot/time") return fmt::format(R"({{"server_time":{}}})", venue().now().ms());
  if (path.starts_with(pairs)) return show_pairs(path.substr(pairs.size()));
  if (path == "/spot/tickers") return show_tickers(fields);
  if (path == "/spot/order_book") return show_book(fields);
  if (path == "/spot/trades") return show_trades(fields);
  if (path == "/spot/candlesticks") return show_candles(fields);
  if (path != "/spot/currencies") return std::string("[]");
  std::vector<std::string> out;
  for (const auto& asset : list_assets(venue()))
    out.push_back(fmt::format(R"({{"currency":"{0}","name":"{0}","delisted":false,"withdraw_disabled":false,"withdraw_delayed":false,)"
                              R"("deposit_disabled":false,"trade_disabled":false,"chain":"{0}","chains":[]}})",
                              asset));
  return join_list(out);
}

outcome<std::string> gate_dialect::show_pairs(std::string_view rest) const {
  if (!rest.empty()) {
    const auto n = find_pair(venue(), rest.substr(1));
    if (!n) return std::unexpected(refused{400, "INVALID_CURRENCY_PAIR", "Invalid currency pair"});
    return render_pair(venue().engine().get_instrument(*n));
  }
  std::vector<std::string> out;
  for (const auto n : list_instruments(venue())) out.push_back(render_pair(venue().engine().get_instrument(n)));
  return join_list(out);
}

outcome<std::string> gate_dialect::show_tickers(const request_fields& f) const {
  std::vector<std::string> out;
  auto wanted = list_instruments(venue());
  if (f.has("currency_pair")) {
    auto n = read_pair(f);
    if (!n) return std::unexpected(n.error());
    wanted = {*n};
  }
  for (const auto n : wanted) {
    const auto day = venue().data().day_or_flat(n, venue().now());
    const auto top = venue().data().top(n).value_or(top_of_book{});
    out.push_back(fmt::format(
        R"({{"currency_pair":"{}","last":"{}","lowest_ask":"{}","lowest_size":"{}","highest_bid":"{}","highest_size":"{}",)"
        R"("change_percentage":"0","base_volume":"{}","quote_volume":"{}","high_24h":"{}","low_24h":"{}"}})",
        pair_of(venue(), n), day.close.to_string(), top.ask.price.to_string(), top.ask.quantity.to_string(), top.bid.price.to_string(),
        top.bid.quantity.to_string(), day.volume.to_string(), day.quote_volume.to_string(), day.high.to_string(), day.low.to_string()));
  }
  return join_list(out);
}

outcome<std::string> gate_dialect::show_book(const request_fields& f) const {
  auto n = read_pair(f);
  if (!n) return std::unexpected(n.error());
  const auto view = venue().data().depth(*n, static_cast<std::size_t>(page_size(f, 10, 100)));
  const auto id = f.flag("with_id") ? fmt::format(R"("id":{},)", view.last_update_id) : std::string();
  return fmt::format(R"({{{}"current":{},"update":{},"asks":{},"bids":{}}})", id, venue().now().ms(), venue().now().ms(),
                     render_levels(view.asks), render_levels(view.bids));
}

outcome<std::string> gate_dialect::show_trades(const request_fields& f) const {
  auto n = read_pair(f);
  if (!n) return std::unexpected(n.error());
  const auto from = f.whole("from"), to = f.whole("to");
  if (!from || !to) return std::unexpected(refused{400, "INVALID_PARAM_VALUE", "Invalid parameter"});
  const auto first = *from ? wall_time{seconds(**from)} : beginning_of_time;
  // All of the last second.
  const auto last = *to ? wall_time{seconds(**to + 1) - 1ns} : end_of_time;
  std::vector<std::string> out;
  for (const auto& t : list_trades(venue().data().tape(*n), page_size(f, 100, 1'000), first, last))
    out.push_back(fmt::format(
        R"({{"id":"{}","create_time":"{}","create_time_ms":"{}.000000","currency_pair":"{}","side":"{}","amount":"{}","price":"{}","sequence_id":"{}"}})",
        t.id, to_epoch_seconds(t.at), t.at.ms(), pair_of(venue(), *n), t.buyer_is_maker ? "sell" : "buy", t.quantity.to_string(),
        t.price.to_string(), t.id));
  return join_list(out);
}

outcome<std::string> gate_dialect::show_candles(const request_fields& f) const {
  auto n = read_pair(f);
  if (!n) return std::unexpected(n.error());
  const auto length = interval_ms(f.has("interval") ? f.text("interval") : "30m");
  const auto from = f.whole("from"), to = f.whole("to"), limit = f.whole("limit");
  if (!length || !from || !to || !limit) return std::unexpected(refused{400, "INVALID_PARAM_VALUE", "Invalid parameter"});
  if (*limit && (*from || *to)) return std::unexpected(refused{400, "INVALID_PARAM_VALUE", "limit conflicts with from and to"});
  auto candles = list_candles(venue(), *n, *length);
  std::erase_if(candles, [&](const candle& k) {
    const auto at = k.open_time_ms / 1'000;
    return (*from && at < **from) || (*to && at > **to);
  });
  const auto most = static_cast<std::size_t>(page_size(f, 100, 1'000));
  if (!*from && candles.size() > most) candles.erase(candles.begin(), candles.end() - static_cast<std::ptrdiff_t>(most));
  std::vector<std::string> out;
  for (const auto& k : candles)
    out.push_back(fmt::format(R"(["{}","{}","{}","{}","{}","{}","{}","{}"])", k.open_time_ms / 1'000, k.quote_volume.to_string(),
                              k.close.to_string(), k.high.to_string(), k.low.to_string(), k.open.to_string(), k.volume.to_string(),
                              k.open_time_ms + *length <= venue().now().ms() ? "true" : "false"));
  return join_list(out);
}

}  // namespace drover::exchanges::paper::gate
