#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exchanges/paper/kraken/kraken_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kraken {

namespace {

constexpr std::array<std::size_t, 5> depths{10, 25, 100, 500, 1'000};
constexpr std::array<std::int64_t, 9> intervals{1, 5, 15, 30, 60, 240, 1'440, 10'080, 21'600};
constexpr std::string_view heartbeat = "heartbeat";
constexpr std::size_t symbols_per_message = 1'000, last_trades = 50;

std::string topic_of(std::string_view channel, std::int64_t detail, std::string_view symbol) {
  return fmt::format("{}:{}:{}", channel, detail, symbol);
}

std::string levels_of(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels) out.push_back(fmt::format(R"({{"price":{},"qty":{}}})", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

std::map<decimal, decimal> map_of(const std::vector<book_level>& levels) {
  std::map<decimal, decimal> out;
  for (const auto& l : levels) out[l.price] = l.quantity;
  return out;
}

/// What makes `before` into `after`; 0 = gone.
std::vector<book_level> difference(const std::map<decimal, decimal>& before, const std::map<decimal, decimal>& after) {
  std::vector<book_level> out;
  for (const auto& [price, quantity] : before)
    if (!after.contains(price)) out.push_back({price, decimal{}});
  for (const auto& [price, quantity] : after) {
    auto known = before.find(price);
    if (known == before.end() || known->second != quantity) out.push_back({price, quantity});
  }
  return out;
}

std::string_view status_of(const paper_order& o) {
  switch (o.status) {
    case order_status::open: return "new";
    case order_status::partially_filled: return "partially_filled";
    case order_status::filled: return "filled";
    case order_status::expired: return "expired";
    default: return "canceled";
  }
}

/// All that is known of an order, as the first message of it says.
std::string describe(const simulated_venue& v, const paper_order& o, std::string_view kind, std::string_view status, wall_time at) {
  const auto average = o.filled_quantity.is_zero() ? decimal{} : o.filled_notional / o.filled_quantity;
  auto out = fmt::format(
      R"("order_id":"{}","symbol":"{}","order_qty":{},"cum_qty":{},"cum_cost":{},"avg_price":{},"time_in_force":"{}","exec_type":"{}","side":"{}",)"
      R"("order_type":"{}","order_status":"{}","fee_usd_equiv":0,"fee_ccy_pref":"fciq","post_only":{},"timestamp":"{}")",
      order_txid(o.number), symbol_of(v, o.instrument), o.quantity.to_string(), o.filled_quantity.to_string(), o.filled_notional.to_string(),
      fixed(average, 8), o.tif == time_in_force::ioc ? "IOC" : o.tif == time_in_force::fok ? "FOK" : "GTC", kind, to_string(o.side),
      o.type == order_type::market ? "market" : "limit", status, o.type == order_type::limit_maker ? "true" : "false", to_rfc3339(at));
  if (o.type != order_type::market) out += fmt::format(R"(,"limit_price":{})", o.price.to_string());
  if (!o.client_id.empty()) out += fmt::format(R"(,"cl_ord_id":{})", paper::quoted(o.client_id));
  return "{" + out + "}";
}

std::string describe_trade(const simulated_venue& v, const paper_order& o, const execution& e) {
  auto out = fmt::format(
      R"("order_id":"{}","exec_id":"{}","exec_type":"trade","trade_id":{},"symbol":"{}","side":"{}","last_qty":{},"last_price":{},"liquidity_ind":"{}","cost":{},)"
      R"("order_status":"{}","order_type":"{}","order_qty":{},"cum_qty":{},"cum_cost":{},"fees":[{{"asset":"{}","qty":{}}}],"fee_usd_equiv":0,"timestamp":"{}")",
      order_txid(o.number), trade_txid(e.instrument, e.trade_id), e.trade_id, symbol_of(v, e.instrument), to_string(e.side), e.quantity.to_string(),
      e.price.to_string(), e.maker ? "m" : "t", (e.price * e.quantity).to_string(), status_of(o), o.type == order_type::market ? "market" : "limit",
      o.quantity.to_string(), o.filled_quantity.to_string(), o.filled_notional.to_string(), v.engine().asset_name(e.fee_asset), e.fee.to_string(),
      to_rfc3339(e.at));
  if (!o.client_id.empty()) out += fmt::format(R"(,"cl_ord_id":{})", paper::quoted(o.client_id));
  return "{" + out + "}";
}

/// The end of an order names its id and what changed.
std::string describe_end(const paper_order& o, wall_time at) {
  const auto kind = o.status == order_status::filled ? "filled" : o.status == order_status::expired ? "expired" : "canceled";
  return fmt::format(
      R"({{"timestamp":"{}","order_status":"{}","exec_type":"{}","order_id":"{}","cum_qty":{},"cum_cost":{},"fee_usd_equiv":0,"reason":"{}"}})",
      to_rfc3339(at), kind, kind, order_txid(o.number), o.filled_quantity.to_string(), o.filled_notional.to_string(),
      o.status == order_status::filled ? "Order filled" : "User requested");
}

}  // namespace

std::string kraken_dialect::render_ticker(instrument_number n, std::string_view type) const {
  const auto top = venue().data().top(n).value_or(top_of_book{});
  const auto day = venue().data().day_or_flat(n, venue().now());
  return fmt::format(
      R"({{"channel":"ticker","type":"{}","data":[{{"symbol":"{}","bid":{},"bid_qty":{},"ask":{},"ask_qty":{},"last":{},"volume":{},"vwap":{},"low":{},"high":{},"change":{},"change_pct":0}}]}})",
      type, symbol_of(venue(), n), top.bid.price.to_string(), top.bid.quantity.to_string(), top.ask.price.to_string(), top.ask.quantity.to_string(),
      day.close.to_string(), day.volume.to_string(), day.close.to_string(), day.low.to_string(), day.high.to_string(), (day.close - day.open).to_string());
}

std::string kraken_dialect::render_candle(instrument_number n, std::int64_t minutes, std::string_view type) const {
  const auto all = join_candles(venue().data().candles(n, candle_interval::minute), minutes * 60'000);
  const auto c = all.empty() ? candle{} : all.back();
  const auto begin = wall_time::from_ms(c.open_time_ms);
  return fmt::format(
      R"({{"channel":"ohlc","type":"{}","timestamp":"{}","data":[{{"symbol":"{}","open":{},"high":{},"low":{},"close":{},"trades":{},"volume":{},"vwap":{},"interval_begin":"{}","interval":{},"timestamp":"{}"}}]}})",
      type, to_rfc3339(venue().now()), symbol_of(venue(), n), c.open.to_string(), c.high.to_string(), c.low.to_string(), c.close.to_string(), c.trades,
      c.volume.to_string(), c.close.to_string(), to_rfc3339(begin), minutes, to_rfc3339(begin + std::chrono::minutes(minutes)));
}

std::string kraken_dialect::render_book_snapshot(instrument_number n, std::size_t depth) {
  auto& shown = shown_[{n, depth}];
  const auto* listeners = board_.find(topic_of("book", static_cast<std::int64_t>(depth), symbol_of(venue(), n)));
  if (listeners == nullptr || !listeners->has_listeners()) {
    const auto now = venue().data().depth(n, depth);
    shown = {map_of(now.bids), map_of(now.asks)};
  }
  std::vector<book_level> bids, asks;
  for (auto l = shown.bids.rbegin(); l != shown.bids.rend(); ++l) bids.push_back({l->first, l->second});
  for (const auto& [price, quantity] : shown.asks) asks.push_back({price, quantity});
  return fmt::format(R"({{"channel":"book","type":"snapshot","data":[{{"symbol":"{}","bids":{},"asks":{},"checksum":{}}}]}})", symbol_of(venue(), n),
                     levels_of(bids), levels_of(asks), book_checksum(bids, asks, venue().engine().get_instrument(n)));
}

std::string kraken_dialect::render_open_executions(account_number a) const {
  std::vector<std::string> out;
  for (const auto number : venue().engine().account(a).open_orders)
    if (const auto* o = venue().engine().find_order(number)) out.push_back(describe(venue(), *o, "new", status_of(*o), o->created_at));
  return join_list(out);
}

std::string kraken_dialect::render_last_trades(account_number a) const {
  const auto& fills = venue().engine().account(a).fills;
  std::vector<std::string> out;
  for (std::size_t k = fills.size() > last_trades ? fills.size() - last_trades : 0; k < fills.size(); ++k)
    if (const auto* o = venue().engine().find_order(fills[k].order)) out.push_back(describe_trade(venue(), *o, fills[k]));
  return join_list(out);
}

std::string kraken_dialect::render_balances(account_number a) const {
  std::vector<std::string> out;
  for (const auto& asset : list_assets(venue())) {
    const auto [free, locked] = get_holding(venue(), venue().accounts().get(a), asset);
    const auto total = (free + locked).to_string();
    out.push_back(fmt::format(R"({{"asset":"{}","asset_class":"currency","balance":{},"wallets":[{{"type":"spot","id":"main","balance":{}}}]}})", asset, total, total));
  }
  return join_list(out);
}

void kraken_dialect::on_order(const paper_order& o, order_change change, const execution* e) {
  if (!users_.has(o.account) || change == order_change::rejected) return;
  const auto now = venue().now();
  auto send = [&](const std::string& data) { users_.each(o.account, [&](feed_session& s) { s.tell("executions", "update", "[" + data + "]"); }); };
  if (change == order_change::accepted) return send(describe(venue(), o, "new", "new", now));
  if (change == order_change::traded) send(describe_trade(venue(), o, *e));
  if (is_terminal(o.status)) send(describe_end(o, now));
}

void kraken_dialect::on_balances(account_number a, instrument_number n) {
  if (!users_.has(a)) return;
  const auto& i = venue().engine().get_instrument(n);
  std::vector<std::string> out;
  for (const auto& asset : {i.base_asset, i.quote_asset}) {
    const auto [free, locked] = get_holding(venue(), venue().accounts().get(a), asset);
    out.push_back(fmt::format(
        R"({{"ledger_id":"L","ref_id":"T","timestamp":"{}","type":"trade","asset":"{}","asset_class":"currency","category":"trade","wallet_type":"spot","wallet_id":"main","amount":0,"fee":0,"balance":{}}})",
        to_rfc3339(venue().now()), asset, (free + locked).to_string()));
  }
  users_.each(a, [&](feed_session& s) { s.tell("balances", "update", join_list(out)); });
}

void kraken_dialect::on_trade(instrument_number n, const market_trade& t) {
  board_.publish(topic_of("trade", 0, symbol_of(venue(), n)), [&] {
    return fmt::format(R"({{"channel":"trade","type":"update","data":[{{"symbol":"{}","side":"{}","price":{},"qty":{},"ord_type":"market","trade_id":{},"timestamp":"{}"}}]}})",
                       symbol_of(venue(), n), t.buyer_is_maker ? "sell" : "buy", t.price.to_string(), t.quantity.to_string(), t.id, to_rfc3339(t.at));
  });
}

void kraken_dialect::on_top(instrument_number n, const top_of_book&) {
  board_.publish(topic_of("ticker", 0, symbol_of(venue(), n)), [&] { return render_ticker(n, "update"); });
}

void kraken_dialect::on_depth(instrument_number n, const depth_diff&) {
  for (const auto depth : depths) {
    auto* listeners = board_.find(topic_of("book", static_cast<std::int64_t>(depth), symbol_of(venue(), n)));
    if (listeners == nullptr || !listeners->has_listeners()) continue;
    const auto view = venue().data().depth(n, depth);
    auto& shown = shown_[{n, depth}];
    shown_book next{map_of(view.bids), map_of(view.asks)};
    const auto bids = difference(shown.bids, next.bids), asks = difference(shown.asks, next.asks);
    shown = std::move(next);
    if (bids.empty() && asks.empty()) continue;
    listeners->publish([&] {
      return fmt::format(R"({{"channel":"book","type":"update","data":[{{"symbol":"{}","bids":{},"asks":{},"checksum":{},"timestamp":"{}"}}]}})",
                         symbol_of(venue(), n), levels_of(bids), levels_of(asks), book_checksum(view.bids, view.asks, venue().engine().get_instrument(n)),
                         to_rfc3339(venue().now()));
    });
  }
}

void kraken_dialect::on_second() {
  board_.publish(heartbeat, [] { return std::string(R"({"channel":"heartbeat"})"); });
  for (std::size_t k = 0; k < venue().engine().instrument_count(); ++k) {
    const auto n = static_cast<instrument_number>(k);
    for (const auto minutes : intervals)
      board_.publish(topic_of("ohlc", minutes, symbol_of(venue(), n)), [&] { return render_candle(n, minutes, "update"); });
  }
}

feed_session::feed_session(kraken_dialect& d, std::string path) : dialect_(d), sender_(d.market(), d.name(), std::move(path)), topics_(*this) {}

feed_session::~feed_session() { leave(); }

void feed_session::on_open(net::websocket_session& session) {
  sender_.open(session);
  sender_.send(std::string(R"({"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":1}]})"));
}

void feed_session::on_close(std::uint16_t) {
  sender_.closed();
  leave();
}

void feed_session::leave() {
  topics_.clear();
  if (account_) dialect_.users().remove(*account_, this);
  account_.reset();
  sequences_.clear();
}

void feed_session::tell(std::string_view channel, std::string_view type, const std::string& data) {
  auto followed = sequences_.find(channel);
  if (followed == sequences_.end()) return;
  sender_.send(fmt::format(R"({{"channel":"{}","type":"{}","data":{},"sequence":{}}})", channel, type, data, ++followed->second));
}

void feed_session::answer(const call& c, std::string_view result) {
  const auto now = to_rfc3339(dialect_.market().now());
  sender_.send(fmt::format(R"({{"method":"{}"{},"result":{},"success":true,"time_in":"{}","time_out":"{}"}})", c.method, c.id, result, now, now));
}

void feed_session::refuse(const call& c, std::string_view error, std::string_view symbol) {
  const auto now = to_rfc3339(dialect_.market().now());
  const auto named = symbol.empty() ? std::string() : R"(,"symbol":)" + paper::quoted(symbol);
  sender_.send(fmt::format(R"({{"error":{},"method":{}{},"success":false{},"time_in":"{}","time_out":"{}"}})", paper::quoted(error), paper::quoted(c.method), c.id,
                           named, now, now));
}

void feed_session::on_message(std::string_view message, bool) {
  auto request = read_loose_json(message);
  const auto fields = request ? request_fields::from_json(*request) : request_fields();
  call c{std::string(fields.text("method")), {}, {}};
  if (auto id = fields.whole("req_id"); id && *id) c.id = R"(,"req_id":)" + std::to_string(**id);
  if (const auto* params = fields.member("params")) c.params = *params;
  if (c.method == "ping") {
    const auto now = to_rfc3339(dialect_.market().now());
    return sender_.send(fmt::format(R"({{"method":"pong"{},"time_in":"{}","time_out":"{}"}})", c.id, now, now));
  }
  if (c.method == "subscribe" || c.method == "unsubscribe") return subscribe(c, c.method == "subscribe");
  refuse(c, "Unsupported method");
}

void feed_session::subscribe(const call& c, bool on) {
  const auto fields = request_fields::from_json(c.params);
  const std::string channel(fields.text("channel"));
  if (channel == "executions" || channel == "balances") return subscribe_private(c, channel, on);
  if (channel != "ticker" && channel != "trade" && channel != "book" && channel != "ohlc") return refuse(c, "Unsupported channel");
  const auto* symbols = fields.member("symbol");
  if (symbols == nullptr || !symbols->is_array() || symbols->empty() || symbols->size() > symbols_per_message) return refuse(c, "Symbol(s) not found");
  topics_.add(dialect_.board(), heartbeat);
  for (const auto& s : *symbols)
    if (s.is_string()) subscribe_symbol(c, channel, s.get<std::string>(), on);
}

void feed_session::subscribe_symbol(const call& c, const std::string& channel, const std::string& symbol, bool on) {
  const auto fields = request_fields::from_json(c.params);
  const auto n = find_pair(dialect_.market(), symbol);
  if (!n || symbol_of(dialect_.market(), *n) != symbol) return refuse(c, "Currency pair not supported " + symbol, symbol);
  auto depth = fields.whole("depth"), interval = fields.whole("interval");
  std::int64_t detail = 0;
  std::string extra;
  if (channel == "book") {
    detail = depth ? depth->value_or(10) : 0;
    if (std::ranges::find(depths, static_cast<std::size_t>(detail)) == depths.end()) return refuse(c, "Subscription depth not supported", symbol);
    extra = R"(,"depth":)" + std::to_string(detail);
  } else if (channel == "ohlc") {
    detail = interval ? interval->value_or(1) : 0;
    if (std::ranges::find(intervals, detail) == intervals.end()) return refuse(c, "Subscription ohlc interval not supported", symbol);
    extra = R"(,"interval":)" + std::to_string(detail);
  }
  const auto topic = topic_of(channel, detail, symbol);
  const bool snapshot = fields.flag("snapshot", true);
  const auto told = fmt::format(R"({{"channel":"{}","symbol":"{}"{},"snapshot":{}}})", channel, symbol, extra, snapshot ? "true" : "false");
  if (!on) {
    topics_.remove(topic);
    return answer(c, told);
  }
  const auto first_book = channel == "book" ? dialect_.render_book_snapshot(*n, static_cast<std::size_t>(detail)) : std::string();
  if (!topics_.add(dialect_.board(), topic)) return refuse(c, "Too many subscriptions", symbol);
  answer(c, told);
  if (!snapshot) return;
  if (channel == "book") return sender_.send(first_book);
  if (channel == "ticker") return sender_.send(dialect_.render_ticker(*n, "snapshot"));
  if (channel == "ohlc") return sender_.send(dialect_.render_candle(*n, detail, "snapshot"));
  std::vector<std::string> out;
  const auto& tape = dialect_.market().data().tape(*n);
  for (std::size_t k = tape.size() > last_trades ? tape.size() - last_trades : 0; k < tape.size(); ++k)
    out.push_back(fmt::format(R"({{"symbol":"{}","side":"{}","price":{},"qty":{},"ord_type":"market","trade_id":{},"timestamp":"{}"}})", symbol,
                              tape[k].buyer_is_maker ? "sell" : "buy", tape[k].price.to_string(), tape[k].quantity.to_string(), tape[k].id,
                              to_rfc3339(tape[k].at)));
  sender_.send(R"({"channel":"trade","type":"snapshot","data":)" + join_list(out) + "}");
}

void feed_session::subscribe_private(const call& c, const std::string& channel, bool on) {
  const auto fields = request_fields::from_json(c.params);
  const auto account = dialect_.use_token(fields.text("token"));
  if (!account || (account_ && *account_ != *account)) return refuse(c, "ESession:Invalid session");
  if (!account_) {
    account_ = account;
    dialect_.users().add(*account_, this);
    topics_.add(dialect_.board(), heartbeat);
  }
  answer(c, fmt::format(R"({{"channel":"{}"}})", channel));
  if (!on) {
    sequences_.erase(channel);
    return;
  }
  sequences_.try_emplace(channel, 0);
  if (channel == "balances") return tell(channel, "snapshot", dialect_.render_balances(*account_));
  if (fields.flag("snap_orders", true)) tell(channel, "snapshot", dialect_.render_open_executions(*account_));
  if (fields.flag("snap_trades", false)) tell(channel, "snapshot", dialect_.render_last_trades(*account_));
}

}  // namespace drover::exchanges::paper::kraken
