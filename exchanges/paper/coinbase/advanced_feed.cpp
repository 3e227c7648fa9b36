#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exchanges/paper/coinbase/advanced_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::coinbase {

namespace {

constexpr std::array<std::string_view, 7> channels{"heartbeats",    "ticker",  "ticker_batch", "level2",
                                                   "market_trades", "candles", "user"};

std::string topic_of(std::string_view channel, std::string_view product) {
  return std::string(channel == "ticker_batch" ? "ticker" : channel) + ":" + std::string(product);
}

std::string render_updates(const std::vector<book_level>& bids, const std::vector<book_level>& asks, wall_time at) {
  std::vector<std::string> out;
  const auto add = [&](std::string_view side, const std::vector<book_level>& levels) {
    for (const auto& l : levels)
      out.push_back(fmt::format(R"({{"side":"{}","event_time":"{}","price_level":"{}","new_quantity":"{}"}})", side,
                                to_rfc3339(at), l.price.to_string(), l.quantity.to_string()));
  };
  add("bid", bids);
  add("offer", asks);
  return join_list(out);
}

std::string render_trade(std::string_view product, const market_trade& t) {
  return fmt::format(R"({{"trade_id":"{}","product_id":"{}","price":"{}","size":"{}","side":"{}","time":"{}"}})", t.id,
                     product, t.price.to_string(), t.quantity.to_string(), t.buyer_is_maker ? "SELL" : "BUY",
                     to_rfc3339(t.at));
}

std::string_view user_status(const paper_order& o) {
  switch (o.status) {
    case order_status::filled:
      return "FILLED";
    case order_status::cancelled:
      return "CANCELLED";
    case order_status::expired:
      return o.type == order_type::market && !o.filled_quantity.is_zero() ? "FILLED" : "CANCELLED";
    case order_status::rejected:
      return "FAILED";
    default:
      return "OPEN";
  }
}

std::string render_user_order(const simulated_venue& v, const paper_order& o) {
  const auto average = o.filled_quantity.is_zero() ? decimal{} : o.filled_notional / o.filled_quantity;
  return fmt::format(
      R"({{"avg_price":"{}","cancel_reason":"","client_order_id":{},"completion_percentage":"0","contract_expiry_type":"UNKNOWN_CONTRACT_EXPIRY_TYPE",)"
      R"("cumulative_quantity":"{}","filled_value":"{}","leaves_quantity":"{}","limit_price":"{}","number_of_fills":"0","order_id":"{}","order_side":"{}",)"
      R"("order_type":"{}","outstanding_hold_amount":"0","post_only":"{}","product_id":"{}","product_type":"SPOT","status":"{}","time_in_force":"",)"
      R"("total_fees":"0","total_value_after_fees":"0","creation_time":"{}"}})",
      average.to_string(), paper::quoted(o.client_id), o.filled_quantity.to_string(), o.filled_notional.to_string(),
      is_terminal(o.status) ? "0" : o.remaining().to_string(), o.price.to_string(), order_uuid(o.number),
      o.side == side::buy ? "BUY" : "SELL", o.type == order_type::market ? "Market" : "Limit",
      o.type == order_type::limit_maker, product_of(v, o.instrument), user_status(o), to_rfc3339(o.created_at));
}

}  // namespace

std::string advanced_dialect::compose(std::string_view channel, std::string_view event) const {
  return fmt::format(R"("channel":"{}","client_id":"","timestamp":"{}","events":[{}]}})", channel,
                     to_rfc3339(venue().now()), event);
}

std::string advanced_dialect::compose_snapshot(std::string_view channel, instrument_number n) const {
  const auto product = product_of(venue(), n);
  const auto now = venue().now();
  if (channel == "level2") {
    const auto depth = venue().data().depth(n, 5'000);
    return compose("l2_data", fmt::format(R"({{"type":"snapshot","product_id":"{}","updates":{}}})", product,
                                          render_updates(depth.bids, depth.asks, now)));
  }
  if (channel == "market_trades") {
    std::vector<std::string> out;
    const auto& tape = venue().data().tape(n);
    for (auto t = tape.rbegin(); t != tape.rend() && out.size() < 50; ++t) out.push_back(render_trade(product, *t));
    return compose("market_trades", R"({"type":"snapshot","trades":)" + join_list(out) + "}");
  }
  if (channel == "candles") {
    auto candles = join_candles(venue().data().candles(n, candle_interval::minute), 300'000);
    std::vector<std::string> out;
    for (auto c = candles.rbegin(); c != candles.rend() && out.size() < 100; ++c)
      out.push_back(fmt::format(
          R"({{"start":"{}","high":"{}","low":"{}","open":"{}","close":"{}","volume":"{}","product_id":"{}"}})",
          c->open_time_ms / 1'000, c->high.to_string(), c->low.to_string(), c->open.to_string(), c->close.to_string(),
          c->volume.to_string(), product));
    return compose("candles", R"({"type":"snapshot","candles":)" + join_list(out) + "}");
  }
  const auto top = venue().data().top(n).value_or(top_of_book{});
  const auto day = venue().data().day_or_flat(n, now);
  return compose(
      channel,
      fmt::format(
          R"({{"type":"snapshot","tickers":[{{"type":"ticker","product_id":"{}","price":"{}","volume_24_h":"{}","low_24_h":"{}","high_24_h":"{}",)"
          R"("low_52_w":"0","high_52_w":"0","price_percent_chg_24_h":"0","best_bid":"{}","best_bid_quantity":"{}","best_ask":"{}","best_ask_quantity":"{}"}}]}})",
          product, day.close.to_string(), day.volume.to_string(), day.low.to_string(), day.high.to_string(),
          top.bid.price.to_string(), top.bid.quantity.to_string(), top.ask.price.to_string(),
          top.ask.quantity.to_string()));
}

std::string advanced_dialect::compose_user(account_number n, bool snapshot, const paper_order* only) const {
  std::vector<std::string> out;
  if (only != nullptr) out.push_back(render_user_order(venue(), *only));
  if (snapshot)
    for (const auto* o : list_open_orders(venue(), venue().accounts().get(n)))
      out.push_back(render_user_order(venue(), *o));
  return compose("user",
                 fmt::format(R"({{"type":"{}","orders":{}}})", snapshot ? "snapshot" : "update", join_list(out)));
}

void advanced_dialect::on_order(const paper_order& o, order_change, const execution*) {
  if (!users_.has(o.account)) return;
  const auto text = compose_user(o.account, false, &o);
  users_.each(o.account, [&](advanced_session& s) { s.send_numbered(text); });
}

void advanced_dialect::on_trade(instrument_number n, const market_trade& t) {
  const auto product = product_of(venue(), n);
  board_.publish(topic_of("market_trades", product), [&] {
    return compose("market_trades", R"({"type":"update","trades":[)" + render_trade(product, t) + "]}");
  });
}

void advanced_dialect::on_top(instrument_number n, const top_of_book&) {
  board_.publish(topic_of("ticker", product_of(venue(), n)), [&] { return compose_snapshot("ticker", n); });
}

void advanced_dialect::on_depth(instrument_number n, const depth_diff& diff) {
  const auto product = product_of(venue(), n);
  board_.publish(topic_of("level2", product), [&] {
    return compose("l2_data", fmt::format(R"({{"type":"update","product_id":"{}","updates":{}}})", product,
                                          render_updates(diff.bids, diff.asks, venue().now())));
  });
}

void advanced_dialect::on_second() {
  board_.publish("heartbeats:", [&] {
    return compose("heartbeats", fmt::format(R"({{"current_time":"{}","heartbeat_counter":{}}})",
                                             to_rfc3339(venue().now()), to_epoch_seconds(venue().now())));
  });
  for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    board_.publish(topic_of("candles", product_of(venue(), n)), [&] { return compose_snapshot("candles", n); });
  }
}

advanced_session::advanced_session(advanced_dialect& d, std::string path)
    : dialect_(d), sender_(d.market(), d.name(), std::move(path)), topics_(*this) {}

advanced_session::~advanced_session() {
  leave();
}

void advanced_session::on_open(net::websocket_session& session) {
  address_ = session.remote_address();
  sender_.open(session);
}

void advanced_session::on_close(std::uint16_t) {
  sender_.closed();
  leave();
}

void advanced_session::leave() {
  topics_.clear();
  if (user_) dialect_.users().remove(*user_, this);
  user_.reset();
}

void advanced_session::send_numbered(std::string_view composed) {
  sender_.send(fmt::format(R"({{"sequence_num":{},{})", sequence_++, composed));
}

void advanced_session::fail(std::string_view message) {
  sender_.send(fmt::format(R"({{"type":"error","message":{}}})", paper::quoted(message)));
}

void advanced_session::on_message(std::string_view message, bool) {
  auto request = read_loose_json(message);
  if (!request || !request->is_object()) return fail("invalid JSON");
  const auto fields = request_fields::from_json(*request);
  if (fields.text("type") == "subscribe") return subscribe(fields, *request, true);
  if (fields.text("type") == "unsubscribe") return subscribe(fields, *request, false);
  fail("type must be subscribe or unsubscribe");
}

void advanced_session::subscribe(const request_fields& fields, const json& request, bool on) {
  const std::string channel(fields.text("channel"));
  if (std::ranges::find(channels, channel) == channels.end()) return fail("channel is not valid");
  if (channel == "user") {
    const auto* account = dialect_.authenticate(fields.text("jwt"), {}, {}, address_);
    if (account == nullptr) return fail("authentication failure");
    if (user_) dialect_.users().remove(*user_, this);
    user_.reset();
    if (on) {
      user_ = account->number;
      dialect_.users().add(*user_, this);
      send_numbered(dialect_.compose_user(*user_, true, nullptr));
    }
    return answer_subscriptions();
  }
  if (channel == "heartbeats") {
    if (on)
      topics_.add(dialect_.board(), "heartbeats:");
    else
      topics_.remove("heartbeats:");
    return answer_subscriptions();
  }
  const auto products = request.find("product_ids");
  if (products == request.end() || !products->is_array()) return fail("product_ids is required");
  for (const auto& p : *products) {
    const auto n = p.is_string() ? find_product(dialect_.market(), p.get<std::string>()) : std::nullopt;
    if (!n) return fail("product_ids are not valid");
    const auto name = topic_of(channel, product_of(dialect_.market(), *n));
    if (!on) {
      topics_.remove(name);
      continue;
    }
    if (!topics_.add(dialect_.board(), name)) return fail("too many subscriptions");
    send_numbered(dialect_.compose_snapshot(channel == "ticker_batch" ? "ticker" : channel, *n));
  }
  answer_subscriptions();
}

void advanced_session::answer_subscriptions() {
  std::string by_channel;
  for (const auto channel : channels) {
    std::vector<std::string> products;
    for (const auto& name : topics_.names())
      if (name.starts_with(std::string(channel) + ":"))
        products.push_back(paper::quoted(name.substr(channel.size() + 1)));
    if (channel == "user" && user_)
      products.push_back(paper::quoted(number_to_uuid(static_cast<std::int64_t>(to_index(*user_)), account_salt)));
    if (!products.empty())
      by_channel += (by_channel.empty() ? "" : ",") + fmt::format(R"("{}":{})", channel, join_list(products));
  }
  send_numbered(dialect_.compose("subscriptions", R"({"subscriptions":{)" + by_channel + "}}"));
}

}  // namespace drover::exchanges::paper::coinbase
