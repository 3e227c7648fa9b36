#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exchanges/paper/coinbase/exchange_dialect.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::coinbase {

namespace {

constexpr std::string_view user_id = "5844eceecf7e803e259d0365";

std::string topic_of(std::string_view channel, std::string_view product) {
  return std::string(channel) + ":" + std::string(product);
}

/// What every message of the user channel carries.
std::string event_head(std::string_view type, const simulated_venue& v, const paper_order& o, std::int64_t sequence,
                       wall_time at) {
  return fmt::format(
      R"({{"type":"{}","side":"{}","product_id":"{}","time":"{}","sequence":{},"profile_id":"{}","user_id":"{}")", type,
      o.side == side::buy ? "buy" : "sell", product_of(v, o.instrument), to_rfc3339(at), sequence,
      number_to_uuid(static_cast<std::int64_t>(to_index(o.account)), account_salt), user_id);
}

std::string render_match(const simulated_venue& v, const paper_order& o, const execution& e, std::int64_t sequence) {
  const auto ours = order_uuid(o.number), theirs = number_to_uuid(e.trade_id, stranger_salt);
  // The side of a match is the maker's.
  const bool buy = e.maker ? o.side == side::buy : o.side == side::sell;
  return fmt::format(
      R"({{"type":"match","trade_id":{},"maker_order_id":"{}","taker_order_id":"{}","side":"{}","size":"{}","price":"{}","product_id":"{}",)"
      R"("time":"{}","sequence":{},"profile_id":"{}","user_id":"{}","{}_user_id":"{}","{}_fee_rate":"0.001"}})",
      e.trade_id, e.maker ? ours : theirs, e.maker ? theirs : ours, buy ? "buy" : "sell", e.quantity.to_string(),
      e.price.to_string(), product_of(v, o.instrument), to_rfc3339(e.at), sequence,
      number_to_uuid(static_cast<std::int64_t>(to_index(o.account)), account_salt), user_id,
      e.maker ? "maker" : "taker", user_id, e.maker ? "maker" : "taker");
}

}  // namespace

void exchange_dialect::tell(account_number n, instrument_number, const std::string& frame) {
  const auto text = std::make_shared<const std::string>(frame);
  users_.each(n, [&](feed_session& s) { s.send(text); });
}

void exchange_dialect::on_order(const paper_order& o, order_change change, const execution* e) {
  if (!users_.has(o.account) || change == order_change::rejected) return;
  const auto now = venue().now();
  if (change == order_change::accepted) {
    auto frame = event_head("received", venue(), o, ++sequence_, now);
    frame += fmt::format(R"(,"order_id":"{}","order_type":"{}")", order_uuid(o.number),
                         o.type == order_type::market ? "market" : "limit");
    if (o.type != order_type::market) frame += fmt::format(R"(,"price":"{}")", o.price.to_string());
    frame += o.quote_quantity.is_zero() ? fmt::format(R"(,"size":"{}")", o.quantity.to_string())
                                        : fmt::format(R"(,"funds":"{}")", o.quote_quantity.to_string());
    if (!o.client_id.empty()) frame += fmt::format(R"(,"client_oid":{})", paper::quoted(o.client_id));
    return tell(o.account, o.instrument, frame + "}");
  }
  if (change == order_change::traded) tell(o.account, o.instrument, render_match(venue(), o, *e, ++sequence_));
  if (!is_terminal(o.status)) return;
  auto frame = event_head("done", venue(), o, ++sequence_, now);
  frame += fmt::format(R"(,"order_id":"{}","reason":"{}","remaining_size":"{}")", order_uuid(o.number),
                       o.status == order_status::filled ? "filled" : "canceled", o.remaining().to_string());
  if (o.type != order_type::market) frame += fmt::format(R"(,"price":"{}")", o.price.to_string());
  tell(o.account, o.instrument, frame + "}");
}

void exchange_dialect::on_trade(instrument_number n, const market_trade& t) {
  board_.publish(topic_of("matches", product_of(venue(), n)), [&] {
    return fmt::format(
        R"({{"type":"match","trade_id":{},"maker_order_id":"{}","taker_order_id":"{}","side":"{}","size":"{}","price":"{}",)"
        R"("product_id":"{}","sequence":{},"time":"{}"}})",
        t.id, number_to_uuid(t.id, trade_salt), number_to_uuid(t.id, stranger_salt), t.buyer_is_maker ? "buy" : "sell",
        t.quantity.to_string(), t.price.to_string(), product_of(venue(), n), ++sequence_, to_rfc3339(t.at));
  });
}

void exchange_dialect::on_top(instrument_number n, const top_of_book&) {
  board_.publish(topic_of("ticker", product_of(venue(), n)), [&] { return render_ticker(n); });
}

void exchange_dialect::on_depth(instrument_number n, const depth_diff& diff) {
  const auto product = product_of(venue(), n);
  auto render = [&] {
    std::vector<std::string> changes;
    for (const auto& l : diff.bids)
      changes.push_back(fmt::format(R"(["buy","{}","{}"])", l.price.to_string(), l.quantity.to_string()));
    for (const auto& l : diff.asks)
      changes.push_back(fmt::format(R"(["sell","{}","{}"])", l.price.to_string(), l.quantity.to_string()));
    return fmt::format(R"({{"type":"l2update","product_id":"{}","changes":{},"time":"{}"}})", product,
                       join_list(changes), to_rfc3339(venue().now()));
  };
  board_.publish(topic_of("level2", product), render);
}

void exchange_dialect::on_second() {
  for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    const auto product = product_of(venue(), n);
    board_.publish(topic_of("heartbeat", product), [&] {
      const auto& tape = venue().data().tape(n);
      return fmt::format(R"({{"type":"heartbeat","sequence":{},"last_trade_id":{},"product_id":"{}","time":"{}"}})",
                         sequence_, tape.empty() ? 0 : tape.back().id, product, to_rfc3339(venue().now()));
    });
  }
}

feed_session::feed_session(exchange_dialect& d, std::string path)
    : dialect_(d), sender_(d.market(), d.name(), std::move(path)), topics_(*this) {}

feed_session::~feed_session() {
  leave();
}

void feed_session::on_open(net::websocket_session& session) {
  address_ = session.remote_address();
  sender_.open(session);
}

void feed_session::on_close(std::uint16_t) {
  sender_.closed();
  leave();
}

void feed_session::leave() {
  topics_.clear();
  if (follows_user_) dialect_.users().remove(*user_, this);
  follows_user_ = false;
}

void feed_session::fail(std::string_view reason) {
  sender_.send(fmt::format(R"({{"type":"error","message":"Failed to subscribe","reason":{}}})", paper::quoted(reason)));
}

void feed_session::on_message(std::string_view message, bool) {
  auto request = read_loose_json(message);
  if (!request || !request->is_object()) return fail("invalid JSON");
  const auto type = request->value("type", json());
  if (type == "subscribe") return subscribe(*request, true);
  if (type == "unsubscribe") return subscribe(*request, false);
  fail("type must be subscribe or unsubscribe");
}

bool feed_session::authenticate(const json& request) {
  if (user_) return true;
  const auto fields = request_fields::from_json(request);
  const header_list headers{{"CB-ACCESS-KEY", std::string(fields.text("key"))},
                            {"CB-ACCESS-SIGN", std::string(fields.text("signature"))},
                            {"CB-ACCESS-TIMESTAMP", std::string(fields.text("timestamp"))},
                            {"CB-ACCESS-PASSPHRASE", std::string(fields.text("passphrase"))}};
  auto account = dialect_.authenticate(headers, "GET", "/users/self/verify", {}, address_);
  if (!account) return false;
  user_ = (*account)->number;
  return true;
}

void feed_session::subscribe(const json& request, bool on) {
  const auto products_of = [](const json& holder) {
    std::vector<std::string> out;
    const auto list = holder.value("product_ids", json::array());
    if (list.is_array())
      for (const auto& p : list)
        if (p.is_string()) out.push_back(p.get<std::string>());
    return out;
  };
  const auto channels = request.value("channels", json());
  if (!channels.is_array() || channels.empty()) return fail("channels must be a list");
  const auto common = products_of(request);
  std::vector<std::string> answers;
  for (const auto& c : channels) {
    const auto name = c.is_string() ? c.get<std::string>() : std::string(request_fields::from_json(c).text("name"));
    auto products = c.is_object() ? products_of(c) : std::vector<std::string>();
    if (products.empty()) products = common;
    const bool is_private = name == "user" || name == "full" || name == "level2" || name == "level3";
    constexpr std::array<std::string_view, 7> known{"user",         "ticker",    "matches",     "level2",
                                                    "level2_batch", "heartbeat", "ticker_batch"};
    if (std::ranges::find(known, name) == known.end()) return fail(name + " is not a valid channel");
    if (is_private && on && !authenticate(request)) return fail(name + " channel requires authentication");
    std::vector<std::string> told;
    std::vector<instrument_number> numbers;
    for (const auto& p : products) {
      const auto n = find_product(dialect_.market(), p);
      if (!n) return fail(p + " is not a valid product");
      numbers.push_back(*n);
      told.push_back(paper::quoted(p));
    }
    answers.push_back(fmt::format(R"({{"name":"{}","product_ids":{},"account_ids":null}})", name, join_list(told)));
    if (name == "user") {
      if (on && !follows_user_) dialect_.users().add(*user_, this);
      if (!on && follows_user_) dialect_.users().remove(*user_, this);
      follows_user_ = on;
    }
    for (const auto n : numbers) open_channel(name, n, on);
  }
  sender_.send(fmt::format(R"({{"type":"subscriptions","channels":{}}})", join_list(answers)));
}

void feed_session::open_channel(const std::string& channel, instrument_number n, bool on) {
  if (channel == "user") return;
  const auto product = product_of(dialect_.market(), n);
  const auto name = topic_of(channel == "level2_batch"   ? "level2"
                             : channel == "ticker_batch" ? "ticker"
                                                         : channel,
                             product);
  if (!on) {
    topics_.remove(name);
    return;
  }
  if (!topics_.add(dialect_.board(), name)) return fail("too many subscriptions");
  if (name.starts_with("level2")) sender_.send(dialect_.render_snapshot(n));
  if (name.starts_with("ticker")) sender_.send(dialect_.render_ticker(n));
}

/// See dialects.cpp.
std::unique_ptr<dialect> make_exchange_dialect(simulated_venue& v) {
  return std::make_unique<exchange_dialect>(v);
}

}  // namespace drover::exchanges::paper::coinbase
