#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exchanges/paper/kucoin/kucoin_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kucoin {

namespace {

constexpr std::string_view orders_v1 = "/spotMarket/tradeOrders", orders_v2 = "/spotMarket/tradeOrdersV2", balances_topic = "/account/balance";
constexpr std::array<std::string_view, 7> market_topics{"/market/snapshot",           "/market/ticker",  "/spotMarket/level1",   "/market/level2",
                                                        "/spotMarket/level2Depth5", "/spotMarket/level2Depth50", "/market/match"};
constexpr std::string_view candles_topic = "/market/candles";
constexpr std::size_t topics_per_message = 100, topics_per_session = 400;
constexpr std::uint16_t policy_violation = 1'008;

std::string pairs_of(const std::vector<book_level>& levels, std::size_t most) {
  std::vector<std::string> out;
  for (const auto& l : levels) {
    if (out.size() == most) break;
    out.push_back(fmt::format(R"(["{}","{}"])", l.price.to_string(), l.quantity.to_string()));
  }
  return join_list(out);
}

std::string changes_of(const std::vector<book_level>& levels, std::int64_t sequence) {
  std::vector<std::string> out;
  for (const auto& l : levels) out.push_back(fmt::format(R"(["{}","{}","{}"])", l.price.to_string(), l.quantity.to_string(), sequence));
  return join_list(out);
}

std::string best_of(const book_level& l) { return fmt::format(R"(["{}","{}"])", l.price.to_string(), l.quantity.to_string()); }

std::string type_of(const paper_order& o, order_change change) {
  switch (change) {
    case order_change::accepted: return o.type == order_type::market || o.tif != time_in_force::gtc ? "received" : "open";
    case order_change::traded: return "match";
    default: return "canceled";
  }
}

std::string render_change(const paper_order& o, const std::string& symbol, const std::string& type, const execution* e, wall_time now) {
  const bool over = is_terminal(o.status) && type != "match";
  auto out = fmt::format(
      R"({{"canceledSize":"{}","clientOid":{},"filledSize":"{}","orderId":"{}","orderTime":{},"orderType":"{}","originSize":"{}","price":"{}","remainSize":"{}",)"
      R"("side":"{}","size":"{}","status":"{}","symbol":"{}","ts":{},"type":"{}")",
      type == "canceled" ? o.remaining().to_string() : "0", paper::quoted(o.client_id), o.filled_quantity.to_string(), number_to_hex24(o.number, order_salt),
      o.created_at.ms(), o.type == order_type::market ? "market" : "limit", o.quantity.to_string(), o.price.to_string(),
      over ? "0" : o.remaining().to_string(), to_string(o.side), o.quantity.to_string(), over ? "done" : type == "match" ? "match" : "open", symbol,
      now.since_epoch.count(), type);
  if (e != nullptr)
    out += fmt::format(R"(,"feeType":"{0}Fee","liquidity":"{0}","matchPrice":"{1}","matchSize":"{2}","tradeId":"{3}")", e->maker ? "maker" : "taker",
                       e->price.to_string(), e->quantity.to_string(), e->trade_id);
  return out + "}";
}

}  // namespace

void kucoin_dialect::tell(account_number n, std::string_view topic, const std::string& frame) {
  const auto text = std::make_shared<const std::string>(frame);
  users_.each(n, [&](feed_session& s) {
    if (s.follows(topic)) s.send(text);
  });
}

void kucoin_dialect::publish(std::string_view topic, instrument_number n, std::string_view subject, const std::string& data) {
  const auto name = std::string(topic) + ":" + symbol_of(n);
  board_.publish(name, [&] { return fmt::format(R"({{"topic":"{}","type":"message","subject":"{}","data":{}}})", name, subject, data); });
}

void kucoin_dialect::on_order(const paper_order& o, order_change change, const execution* e) {
  if (!users_.has(o.account) || change == order_change::rejected) return;
  const auto now = venue().now();
  auto send = [&](const std::string& type, const execution* traded) {
    const auto data = render_change(o, symbol_of(o.instrument), type, traded, now);
    for (auto topic : {orders_v1, orders_v2}) {
      // The first version does not know orders that were only taken in.
      if (topic == orders_v1 && type == "received") continue;
      tell(o.account, topic,
           fmt::format(R"({{"topic":"{}","type":"message","channelType":"private","subject":"orderChange","userId":"{}","data":{}}})", topic,
                       to_index(o.account), data));
    }
  };
  send(type_of(o, change), e);
  if (change == order_change::traded && o.status == order_status::filled) send("filled", nullptr);
}

void kucoin_dialect::on_balances(account_number n, instrument_number i) {
  if (!users_.has(n)) return;
  const auto& account = venue().accounts().get(n);
  const auto& traded = venue().engine().get_instrument(i);
  for (const auto& asset : {traded.base_asset, traded.quote_asset}) {
    const auto [free, locked] = get_holding(venue(), account, asset);
    tell(n, balances_topic,
         fmt::format(R"({{"topic":"{}","type":"message","channelType":"private","subject":"account.balance","id":"1","userId":"{}","data":{{"accountId":"{}",)"
                     R"("available":"{}","availableChange":"0","currency":"{}","hold":"{}","holdChange":"0","relationContext":{{"symbol":"{}"}},)"
                     R"("relationEvent":"trade_hf.setted","relationEventId":"1","time":"{}","total":"{}"}}}})",
                     balances_topic, to_index(n), to_index(n), free.to_string(), asset, locked.to_string(), symbol_of(i), venue().now().ms(),
                     (free + locked).to_string()));
  }
}

void kucoin_dialect::on_trade(instrument_number n, const market_trade& t) {
  publish("/market/match", n, "trade.l3match",
          fmt::format(R"({{"makerOrderId":"{}","price":"{}","sequence":"{}","side":"{}","size":"{}","symbol":"{}","takerOrderId":"{}","time":"{}","tradeId":"{}","type":"match"}})",
                      number_to_hex24(t.id, stranger_salt), t.price.to_string(), t.id, t.buyer_is_maker ? "sell" : "buy", t.quantity.to_string(),
                      symbol_of(n), number_to_hex24(t.id, order_salt), t.at.since_epoch.count(), t.id));
}

void kucoin_dialect::on_top(instrument_number n, const top_of_book& top) {
  const auto now_ms = venue().now().ms();
  publish("/spotMarket/level1", n, "level1",
          fmt::format(R"({{"asks":{},"bids":{},"timestamp":{}}})", best_of(top.ask), best_of(top.bid), now_ms));
  const auto& tape = venue().data().tape(n);
  const auto last = tape.empty() ? market_trade{} : tape.back();
  publish("/market/ticker", n, "trade.ticker",
          fmt::format(R"({{"bestAsk":"{}","bestAskSize":"{}","bestBid":"{}","bestBidSize":"{}","price":"{}","sequence":"{}","size":"{}","time":{}}})",
                      top.ask.price.to_string(), top.ask.quantity.to_string(), top.bid.price.to_string(), top.bid.quantity.to_string(),
                      last.price.to_string(), top.update_id, last.quantity.to_string(), now_ms));
}

void kucoin_dialect::on_depth(instrument_number n, const depth_diff& diff) {
  const auto now_ms = venue().now().ms();
  publish("/market/level2", n, "trade.l2update",
          fmt::format(R"({{"changes":{{"asks":{},"bids":{}}},"sequenceEnd":{},"sequenceStart":{},"symbol":"{}","time":{}}})",
                      changes_of(diff.asks, diff.last_update_id), changes_of(diff.bids, diff.last_update_id), diff.last_update_id,
                      diff.first_update_id, symbol_of(n), now_ms));
  const auto view = venue().data().depth(n, 50);
  for (auto [topic, most] : {std::pair<std::string_view, std::size_t>{"/spotMarket/level2Depth5", 5}, {"/spotMarket/level2Depth50", 50}})
    publish(topic, n, "level2",
            fmt::format(R"({{"asks":{},"bids":{},"timestamp":{}}})", pairs_of(view.asks, most), pairs_of(view.bids, most), now_ms));
}

void kucoin_dialect::on_second() {
  const auto now = venue().now();
  for (std::size_t k = 0; k < venue().engine().instrument_count(); ++k) {
    const auto n = static_cast<instrument_number>(k);
    const auto symbol = symbol_of(n);
    const auto day = venue().data().day_or_flat(n, now);
    const auto top = venue().data().top(n).value_or(top_of_book{});
    publish("/market/snapshot", n, "trade.snapshot",
            fmt::format(R"({{"sequence":"{}","data":{{"symbol":"{}","symbolCode":"{}","buy":{},"bidSize":{},"sell":{},"askSize":{},"close":{},"lastTradedPrice":{},)"
                        R"("open":{},"high":{},"low":{},"vol":{},"volValue":{},"averagePrice":{},"changePrice":{},"changeRate":0,"datetime":{},"trading":true}}}})",
                        top.update_id, symbol, symbol, top.bid.price.to_string(), top.bid.quantity.to_string(), top.ask.price.to_string(),
                        top.ask.quantity.to_string(), day.close.to_string(), day.close.to_string(), day.open.to_string(), day.high.to_string(),
                        day.low.to_string(), day.volume.to_string(), day.quote_volume.to_string(), day.close.to_string(),
                        (day.close - day.open).to_string(), now.ms()));
    for (std::string_view length : {"1min", "3min", "5min", "15min", "30min", "1hour", "4hour", "1day"}) {
      const auto name = fmt::format("{}:{}_{}", candles_topic, symbol, length);
      board_.publish(name, [&] {
        const auto all = join_candles(venue().data().candles(n, candle_interval::minute), candle_length_ms(length));
        const auto c = all.empty() ? candle{} : all.back();
        return fmt::format(
            R"({{"topic":"{}","type":"message","subject":"trade.candles.update","data":{{"symbol":"{}","candles":["{}","{}","{}","{}","{}","{}","{}"],"time":{}}}}})",
            name, symbol, c.open_time_ms / 1'000, c.open.to_string(), c.close.to_string(), c.high.to_string(), c.low.to_string(),
            c.volume.to_string(), c.quote_volume.to_string(), now.since_epoch.count());
      });
    }
  }
}

feed_session::feed_session(kucoin_dialect& d, std::string path, std::string connect_id, bool known, std::optional<account_number> account)
    : dialect_(d),
      sender_(d.market(), d.name(), std::move(path)),
      topics_(*this, topics_per_session),
      connect_id_(std::move(connect_id)),
      known_(known),
      account_(account) {}

feed_session::~feed_session() { leave(); }

void feed_session::on_open(net::websocket_session& session) {
  sender_.open(session);
  if (!known_) {
    fail(connect_id_, 401, "token is invalid");
    session.close(policy_violation, "token is invalid");
    return;
  }
  if (account_) {
    dialect_.users().add(*account_, this);
    listens_ = true;
  }
  sender_.send(fmt::format(R"({{"id":{},"type":"welcome"}})", paper::quoted(connect_id_)));
}

void feed_session::on_close(std::uint16_t) {
  sender_.closed();
  leave();
}

void feed_session::leave() {
  topics_.clear();
  if (listens_) dialect_.users().remove(*account_, this);
  listens_ = false;
}

void feed_session::fail(const std::string& id, int code, std::string_view what) {
  sender_.send(fmt::format(R"({{"id":{},"type":"error","code":{},"data":{}}})", paper::quoted(id), code, paper::quoted(what)));
}

void feed_session::on_message(std::string_view message, bool) {
  if (!known_) return;
  auto request = read_loose_json(message);
  if (!request || !request->is_object()) return fail("", 400, "bad message");
  const auto fields = request_fields::from_json(*request);
  const std::string id(fields.text("id"));
  const auto type = fields.text("type");
  if (type == "ping") return sender_.send(fmt::format(R"({{"id":{},"type":"pong","timestamp":{}}})", paper::quoted(id), dialect_.market().now().ms()));
  if (type == "subscribe" || type == "unsubscribe") return subscribe(*request, id, type == "subscribe");
  fail(id, 415, "type is not supported");
}

void feed_session::subscribe(const json& request, const std::string& id, bool on) {
  const auto fields = request_fields::from_json(request);
  const std::string topic(fields.text("topic"));
  const auto colon = topic.find(':');
  std::vector<std::string> topics;
  if (colon == std::string::npos) {
    topics.push_back(topic);
  } else {
    std::string_view rest = std::string_view(topic).substr(colon + 1);
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      topics.push_back(topic.substr(0, colon + 1) + std::string(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (topics.empty() || topics.size() > topics_per_message) return fail(id, 406, "too many topics");
  for (const auto& t : topics)
    if (auto problem = open_topic(t, on); !problem.empty()) return fail(id, problem.starts_with("exceed") ? 509 : 404, problem);
  if (fields.flag("response")) sender_.send(fmt::format(R"({{"id":{},"type":"ack"}})", paper::quoted(id)));
}

std::string feed_session::open_topic(const std::string& topic, bool on) {
  const auto colon = topic.find(':');
  const auto channel = std::string_view(topic).substr(0, colon);
  const bool is_private = topic == orders_v1 || topic == orders_v2 || topic == balances_topic;
  const std::string unknown = "topic " + topic + " is not found";
  if (!is_private) {
    if (colon == std::string::npos) return unknown;
    auto symbol = std::string_view(topic).substr(colon + 1);
    if (channel == candles_topic) {
      const auto bar = symbol.rfind('_');
      if (bar == std::string_view::npos || candle_length_ms(symbol.substr(bar + 1)) == 0) return unknown;
      symbol = symbol.substr(0, bar);
    } else if (std::ranges::find(market_topics, channel) == market_topics.end()) {
      return unknown;
    }
    if (!dialect_.find_symbol(symbol)) return unknown;
  } else if (!account_) {
    return "topic " + topic + " needs a private token";
  }
  if (!on) {
    topics_.remove(topic);
    return {};
  }
  return topics_.add(dialect_.board(), topic) ? std::string() : "exceed max subscription count limitation of " + std::to_string(topics_per_session);
}

}  // namespace drover::exchanges::paper::kucoin
