#include <algorithm>

#include "exchanges/paper/mexc/mexc_dialect.hpp"
#include "exchanges/paper/mexc/symbols.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "mexc_messages/push.pb.h"

namespace drover::exchanges::paper::mexc {

namespace {

constexpr std::string_view speeds[] = {"100ms", "10ms"};

std::string channel_of(std::string_view kind, std::string_view speed, std::string_view symbol) {
  std::string out = "spot@public.aggre.";
  return out.append(kind).append(".v3.api.pb@").append(speed).append("@").append(symbol);
}

mexc_push::Push make_push(std::string_view channel, const std::string& symbol, wall_time now) {
  mexc_push::Push out;
  out.set_channel(std::string(channel));
  out.set_symbol(symbol);
  out.set_send_time(now.ms());
  return out;
}

template <class Levels>
void add_levels(Levels* target, const std::vector<book_level>& levels) {
  for (const auto& l : levels) {
    auto* one = target->Add();
    one->set_price(l.price.to_string());
    one->set_quantity(l.quantity.to_string());
  }
}

int kind_of(const paper_order& o) {
  if (o.type == order_type::market) return 5;
  if (o.type == order_type::limit_maker) return 2;
  if (o.tif == time_in_force::ioc) return 3;
  return o.tif == time_in_force::fok ? 4 : 1;
}

int status_of(const paper_order& o) {
  switch (o.status) {
    case order_status::open: return 1;
    case order_status::filled: return 2;
    case order_status::partially_filled: return 3;
    default: return o.filled_quantity.is_zero() ? 4 : 5;
  }
}

}  // namespace

void mexc_dialect::on_trade(instrument_number n, const market_trade& t) {
  const auto symbol = symbol_of(venue(), n);
  for (const auto speed : speeds) {
    const auto channel = channel_of("deals", speed, symbol);
    board_.publish(channel, [&] {
      auto push = make_push(channel, symbol, venue().now());
      auto* deals = push.mutable_public_aggre_deals();
      deals->set_event_type(channel.substr(0, channel.rfind('@')));
      auto* deal = deals->add_deals();
      deal->set_price(t.price.to_string());
      deal->set_quantity(t.quantity.to_string());
      deal->set_trade_type(t.buyer_is_maker ? 2 : 1);
      deal->set_time(t.at.ms());
      return push.SerializeAsString();
    });
  }
}

void mexc_dialect::on_top(instrument_number n, const top_of_book& top) {
  const auto symbol = symbol_of(venue(), n);
  for (const auto speed : speeds) {
    const auto channel = channel_of("bookTicker", speed, symbol);
    board_.publish(channel, [&] {
      auto push = make_push(channel, symbol, venue().now());
      auto* t = push.mutable_public_aggre_book_ticker();
      t->set_bid_price(top.bid.price.to_string());
      t->set_bid_quantity(top.bid.quantity.to_string());
      t->set_ask_price(top.ask.price.to_string());
      t->set_ask_quantity(top.ask.quantity.to_string());
      return push.SerializeAsString();
    });
  }
}

void mexc_dialect::on_depth(instrument_number n, const depth_diff& diff) {
  const auto symbol = symbol_of(venue(), n);
  for (const auto speed : speeds) {
    const auto channel = channel_of("depth", speed, symbol);
    board_.publish(channel, [&] {
      auto push = make_push(channel, symbol, venue().now());
      auto* d = push.mutable_public_aggre_depths();
      d->set_event_type(channel.substr(0, channel.rfind('@')));
      d->set_from_version(std::to_string(diff.first_update_id));
      d->set_to_version(std::to_string(diff.last_update_id));
      add_levels(d->mutable_bids(), diff.bids);
      add_levels(d->mutable_asks(), diff.asks);
      return push.SerializeAsString();
    });
  }
}

void mexc_dialect::on_second() {
  const auto now = venue().now();
  for (const auto n : list_instruments(venue())) {
    const auto symbol = symbol_of(venue(), n);
    for (const auto& i : intervals()) {
      const auto channel = "spot@public.kline.v3.api.pb@" + symbol + "@" + std::string(i.stream);
      auto* topic = board_.find(channel);
      if (topic == nullptr || !topic->has_listeners()) continue;
      const auto candles = list_candles(venue(), n, i.ms);
      if (candles.empty()) continue;
      topic->publish([&] {
        const auto& c = candles.back();
        auto push = make_push(channel, symbol, now);
        push.set_create_time(now.ms());
        auto* k = push.mutable_public_spot_kline();
        k->set_interval(std::string(i.stream));
        k->set_window_start(c.open_time_ms / 1'000);
        k->set_window_end((c.open_time_ms + i.ms) / 1'000);
        k->set_opening_price(c.open.to_string());
        k->set_closing_price(c.close.to_string());
        k->set_highest_price(c.high.to_string());
        k->set_lowest_price(c.low.to_string());
        k->set_volume(c.volume.to_string());
        k->set_amount(c.quote_volume.to_string());
        return push.SerializeAsString();
      });
    }
  }
}

void mexc_dialect::tell(account_number n, std::string_view channel, const std::string& push) {
  const auto bytes = std::make_shared<const std::string>(push);
  users_.each(n, [&](push_session& s) {
    if (s.follows(channel)) s.send(bytes);
  });
}

void mexc_dialect::on_order(const paper_order& o, order_change change, const execution* e) {
  if (!users_.has(o.account) || change == order_change::rejected) return;
  const auto symbol = symbol_of(venue(), o.instrument);
  if (change == order_change::traded) {
    constexpr std::string_view channel = "spot@private.deals.v3.api.pb";
    auto push = make_push(channel, symbol, venue().now());
    auto* d = push.mutable_private_deals();
    d->set_price(e->price.to_string());
    d->set_quantity(e->quantity.to_string());
    d->set_amount((e->price * e->quantity).to_string());
    d->set_trade_type(e->side == side::buy ? 1 : 2);
    d->set_is_maker(e->maker);
    d->set_trade_id(std::to_string(e->trade_id));
    d->set_client_order_id(o.client_id);
    d->set_order_id(order_id_of(o.number));
    d->set_fee_amount(e->fee.to_string());
    d->set_fee_currency(venue().engine().asset_name(e->fee_asset));
    d->set_time(e->at.ms());
    tell(o.account, channel, push.SerializeAsString());
  }
  constexpr std::string_view channel = "spot@private.orders.v3.api.pb";
  auto push = make_push(channel, symbol, venue().now());
  push.set_create_time(o.updated_at.ms());
  auto* p = push.mutable_private_orders();
  p->set_id(order_id_of(o.number));
  p->set_client_id(o.client_id);
  p->set_price(o.price.to_string());
  p->set_quantity(o.quantity.to_string());
  p->set_amount((o.quote_quantity.is_positive() ? o.quote_quantity : o.price * o.quantity).to_string());
  p->set_average_price(o.filled_quantity.is_zero() ? "0" : decimal::divide(o.filled_notional, o.filled_quantity, rounding::down).to_string());
  p->set_order_type(kind_of(o));
  p->set_trade_type(o.side == side::buy ? 1 : 2);
  p->set_is_maker(e != nullptr && e->maker);
  p->set_remain_amount(is_terminal(o.status) ? "0" : (o.price * o.remaining()).to_string());
  p->set_remain_quantity(o.remaining().to_string());
  if (e != nullptr) p->set_last_deal_quantity(e->quantity.to_string());
  p->set_cumulative_quantity(o.filled_quantity.to_string());
  p->set_cumulative_amount(o.filled_notional.to_string());
  p->set_status(status_of(o));
  p->set_create_time(o.created_at.ms());
  tell(o.account, channel, push.SerializeAsString());
}

void mexc_dialect::on_balances(account_number n, instrument_number i) {
  if (!users_.has(n)) return;
  constexpr std::string_view channel = "spot@private.account.v3.api.pb";
  const auto& instrument = venue().engine().get_instrument(i);
  const auto now = venue().now();
  for (const auto& asset : {instrument.base_asset, instrument.quote_asset}) {
    const auto [free, locked] = get_holding(venue(), venue().accounts().get(n), asset);
    mexc_push::Push push;
    push.set_channel(std::string(channel));
    push.set_create_time(now.ms());
    push.set_send_time(now.ms());
    auto* a = push.mutable_private_account();
    a->set_asset(asset);
    a->set_balance_amount(free.to_string());
    a->set_frozen_amount(locked.to_string());
    a->set_type("ENTRUST");
    a->set_time(now.ms());
    tell(n, channel, push.SerializeAsString());
  }
}

}  // namespace drover::exchanges::paper::mexc
