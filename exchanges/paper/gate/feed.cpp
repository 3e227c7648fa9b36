#include <fmt/format.h>

#include <algorithm>

#include "exchanges/paper/gate/gate_dialect.hpp"
#include "exchanges/paper/gate/pairs.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::gate {

namespace {

std::string topic_of(std::string_view channel, std::string_view name) { return std::string(channel) + ":" + std::string(name); }

std::string render_levels(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels) out.push_back(fmt::format(R"(["{}","{}"])", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

std::string book_name(std::string_view pair, std::size_t levels) { return fmt::format("ob.{}.{}", pair, levels); }

/// What has to be told to somebody who knows `before` (best first) so that they know `now`.
std::vector<book_level> changes_of(const std::vector<book_level>& before, const std::vector<book_level>& now) {
  std::vector<book_level> out;
  for (const auto& l : before)
    if (std::ranges::find(now, l.price, &book_level::price) == now.end()) out.push_back({l.price, decimal{}});
  for (const auto& l : now) {
    const auto known = std::ranges::find(before, l.price, &book_level::price);
    if (known == before.end() || known->quantity != l.quantity) out.push_back(l);
  }
  return out;
}

constexpr std::size_t book_depths[] = {50, 400};

}  // namespace

std::string gate_dialect::compose_update(std::string_view channel, std::string_view result) const {
  const auto now = venue().now();
  return fmt::format(R"({{"time":{},"time_ms":{},"channel":"{}","event":"update","result":{}}})", to_epoch_seconds(now), now.ms(), channel, result);
}

std::string gate_dialect::compose_book(instrument_number n, std::size_t levels) {
  auto& known = books_[{to_index(n), levels}];
  if (known.last_id == 0) {
    known.view = venue().data().depth(n, levels);
    known.last_id = std::max<std::int64_t>(known.view.last_update_id, 1);
  }
  return compose_update("spot.obu", fmt::format(R"({{"t":{},"full":true,"s":"{}","u":{},"b":{},"a":{}}})", venue().now().ms(),
                                                book_name(pair_of(venue(), n), levels), known.last_id, render_levels(known.view.bids),
                                                render_levels(known.view.asks)));
}

std::string gate_dialect::advance_book(instrument_number n, std::size_t levels) {
  auto at = books_.find({to_index(n), levels});
  if (at == books_.end()) return {};
  auto& known = at->second;
  auto now = venue().data().depth(n, levels);
  const auto bids = changes_of(known.view.bids, now.bids), asks = changes_of(known.view.asks, now.asks);
  known.view = std::move(now);
  if (bids.empty() && asks.empty()) return {};
  const auto first = known.last_id + 1;
  known.last_id = std::max(first, known.view.last_update_id);
  return fmt::format(R"({{"t":{},"s":"{}","U":{},"u":{},"b":{},"a":{}}})", venue().now().ms(), book_name(pair_of(venue(), n), levels), first,
                     known.last_id, render_levels(bids), render_levels(asks));
}

void gate_dialect::on_depth(instrument_number n, const depth_diff& diff) {
  const auto pair = pair_of(venue(), n);
  for (const auto levels : book_depths) {
    auto* topic = board_.find(topic_of("spot.obu", book_name(pair, levels)));
    if (topic == nullptr || !topic->has_listeners()) {
      books_.erase({to_index(n), levels});
      continue;
    }
    const auto change = advance_book(n, levels);
    if (!change.empty()) topic->publish([&] { return compose_update("spot.obu", change); });
  }
  board_.publish(topic_of("spot.order_book_update", pair), [&] {
    const auto now = venue().now();
    return compose_update("spot.order_book_update",
                          fmt::format(R"({{"t":{},"e":"depthUpdate","E":{},"s":"{}","U":{},"u":{},"b":{},"a":{}}})", now.ms(), to_epoch_seconds(now), pair,
                                      diff.first_update_id, diff.last_update_id, render_levels(diff.bids), render_levels(diff.asks)));
  });
}

void gate_dialect::on_depth_lost(instrument_number n, const depth_diff&) {
  for (const auto levels : book_depths) (void)advance_book(n, levels);
}

void gate_dialect::on_trade(instrument_number n, const market_trade& t) {
  const auto pair = pair_of(venue(), n);
  board_.publish(topic_of("spot.trades", pair), [&] {
    return compose_update("spot.trades", fmt::format(R"({{"id":{},"id_market":{},"create_time":{},"create_time_ms":"{}.000","side":"{}","currency_pair":"{}",)"
                                                     R"("amount":"{}","price":"{}","range":"{}-{}"}})",
                                                     t.id, t.id, to_epoch_seconds(t.at), t.at.ms(), t.buyer_is_maker ? "sell" : "buy", pair,
                                                     t.quantity.to_string(), t.price.to_string(), t.id, t.id));
  });
}

void gate_dialect::on_top(instrument_number n, const top_of_book& top) {
  const auto pair = pair_of(venue(), n);
  board_.publish(topic_of("spot.book_ticker", pair), [&] {
    return compose_update("spot.book_ticker", fmt::format(R"({{"t":{},"u":{},"s":"{}","b":"{}","B":"{}","a":"{}","A":"{}"}})", venue().now().ms(),
                                                          top.update_id, pair, top.bid.price.to_string(), top.bid.quantity.to_string(),
                                                          top.ask.price.to_string(), top.ask.quantity.to_string()));
  });
}

void gate_dialect::on_second() {
  const auto now = venue().now();
  for (const auto n : list_instruments(venue())) {
    const auto pair = pair_of(venue(), n);
    board_.publish(topic_of("spot.tickers", pair), [&] {
      const auto day = venue().data().day_or_flat(n, now);
      const auto top = venue().data().top(n).value_or(top_of_book{});
      return compose_update("spot.tickers",
                            fmt::format(R"({{"currency_pair":"{}","last":"{}","lowest_ask":"{}","highest_bid":"{}","change_percentage":"0","base_volume":"{}",)"
                                        R"("quote_volume":"{}","high_24h":"{}","low_24h":"{}"}})",
                                        pair, day.close.to_string(), top.ask.price.to_string(), top.bid.price.to_string(), day.volume.to_string(),
                                        day.quote_volume.to_string(), day.high.to_string(), day.low.to_string()));
    });
    for (const std::string_view interval : {"1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d"}) {
      const auto name = std::string(interval) + "_" + pair;
      auto* topic = board_.find(topic_of("spot.candlesticks", name));
      if (topic == nullptr || !topic->has_listeners()) continue;
      const auto candles = list_candles(venue(), n, *interval_ms(interval));
      if (candles.empty()) continue;
      const auto& k = candles.back();
      topic->publish([&] {
        return compose_update("spot.candlesticks",
                              fmt::format(R"({{"t":"{}","v":"{}","c":"{}","h":"{}","l":"{}","o":"{}","n":"{}","a":"{}","w":{}}})", k.open_time_ms / 1'000,
                                          k.quote_volume.to_string(), k.close.to_string(), k.high.to_string(), k.low.to_string(), k.open.to_string(),
                                          name, k.volume.to_string(), k.open_time_ms + *interval_ms(interval) <= now.ms() ? "true" : "false"));
      });
    }
  }
}

void gate_dialect::tell(account_number n, std::string_view channel, std::string_view pair, const std::string& result) {
  const auto frame = std::make_shared<const std::string>(compose_update(channel, "[" + result + "]"));
  users_.each(n, [&](feed_session& s) {
    if (s.follows(n, channel, pair)) s.send(frame);
  });
}

void gate_dialect::on_order(const paper_order& o, order_change change, const execution* e) {
  if (!users_.has(o.account) || change == order_change::rejected) return;
  const auto pair = pair_of(venue(), o.instrument);
  if (change == order_change::traded) tell(o.account, "spot.usertrades", pair, render_fill(o, *e, true));
  const std::string_view event = change == order_change::accepted ? "put" : is_terminal(o.status) ? "finish" : "update";
  tell(o.account, "spot.orders", pair, render_order(o, event));
}

void gate_dialect::on_balances(account_number n, instrument_number i) {
  if (!users_.has(n)) return;
  const auto& instrument = venue().engine().get_instrument(i);
  const auto now = venue().now();
  for (const auto& asset : {instrument.base_asset, instrument.quote_asset}) {
    const auto [free, locked] = get_holding(venue(), venue().accounts().get(n), asset);
    auto& before = last_totals_[{to_index(n), asset}];
    const auto change = free + locked - before;
    before = free + locked;
    tell(n, "spot.balances", {},
         fmt::format(R"({{"timestamp":"{}","timestamp_ms":"{}","user":"{}","currency":"{}","change":"{}","total":"{}","available":"{}","freeze":"{}",)"
                     R"("freeze_change":"0","change_type":"order-update"}})",
                     to_epoch_seconds(now), now.ms(), to_index(n) + 1'000'000, asset, change.to_string(), (free + locked).to_string(), free.to_string(),
                     locked.to_string()));
  }
}

}  // namespace drover::exchanges::paper::gate
