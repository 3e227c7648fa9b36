#include "exchanges/binance/market_wire.hpp"

#include <algorithm>
#include <utility>

#include "exchanges/binance/endpoints.hpp"
#include "exchanges/binance/parse.hpp"

namespace drover::exchanges::binance {

namespace {

/// "WebSocket Streams": 1,024 streams a connection, five incoming messages a second (one is left for pongs), pings every
/// 20 s from the venue, 24 h at most.
constexpr stream_habits market_habits{.topics_per_connection = 1024,
                                      .topics_per_message = 200,
                                      .message_interval = 250ms,
                                      .ping_interval = std::nullopt,
                                      .idle_limit = 30s,
                                      .life_limit = 23h,
                                      .answer_limit = 10s};

std::string with_path(std::string_view configured, std::string_view path) {
  std::string url(configured);
  while (url.ends_with('/')) url.pop_back();
  if (!url.ends_with(path)) url += path;
  return url;
}

std::string to_stream_name(const market_topic& t) {
  auto name = to_venue_symbol(t.symbol);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  switch (t.channel) {
    case market_channel::ticker: return name + "@bookTicker";
    case market_channel::trades: return name + "@trade";
    case market_channel::book: return name + "@depth@100ms";
    case market_channel::candles: return name + "@kline_" + std::string(to_string(t.interval));
  }
  return name;
}

}  // namespace

std::string to_venue_symbol(std::string_view canonical) {
  std::string out(canonical);
  std::erase(out, '/');
  return out;
}

std::string market_stream_url(std::string_view configured) { return with_path(configured, "/stream"); }
std::string ws_api_url(std::string_view configured) { return with_path(configured, "/ws-api/v3"); }

const stream_habits& market_wire::habits() const { return market_habits; }

std::string market_wire::make_url(std::string_view configured, int, const stream_access*) const {
  return market_stream_url(configured);
}

std::string market_wire::make_subscription(bool subscribe, std::span<const market_topic> topics, std::int64_t id) {
  std::string frame = subscribe ? R"({"method":"SUBSCRIBE","params":[)" : R"({"method":"UNSUBSCRIBE","params":[)";
  bool first = true;
  for (const auto& t : topics) {
    if (!std::exchange(first, false)) frame += ',';
    frame += '"' + to_stream_name(t) + '"';
    names_.insert_or_assign(to_venue_symbol(t.symbol), t.symbol);
  }
  return frame + "],\"id\":" + std::to_string(id) + "}";
}

std::string market_wire::to_canonical(std::string_view venue_symbol, const instrument_table& table) const {
  const auto found = names_.find(venue_symbol);
  return found == names_.end() ? table.to_canonical(venue_symbol) : found->second;
}

result<void> market_wire::read(std::string_view frame, const instrument_table& table, market_events& events) {
  auto parsed = parse_market_frame(frame);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  if (auto* t = std::get_if<ticker_update>(&*parsed)) {
    events.on_ticker({to_canonical(t->venue_symbol, table), t->bid_price, t->bid_quantity, t->ask_price, t->ask_quantity,
                      t->update_id, steady_time{}});
  } else if (auto* d = std::get_if<depth_update>(&*parsed)) {
    d->update.symbol = to_canonical(d->update.symbol, table);
    events.on_book(std::move(d->update));
  } else if (auto* trade = std::get_if<trade_update>(&*parsed)) {
    trade->trade.symbol = to_canonical(trade->trade.symbol, table);
    events.on_trade(std::move(trade->trade));
  } else if (auto* c = std::get_if<candle_change>(&*parsed)) {
    c->candle.symbol = to_canonical(c->candle.symbol, table);
    events.on_candle(std::move(c->candle), c->closed);
  } else if (auto* answer = std::get_if<request_answer>(&*parsed)) {
    std::optional<error> refusal;
    if (answer->refusal) refusal = error(exchange_errc::refused, answer->refusal->message);
    events.on_answer(answer->id, std::move(refusal));
  }
  return {};
}

}  // namespace drover::exchanges::binance
