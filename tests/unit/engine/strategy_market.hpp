#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "engine/strategies/strategy.hpp"
#include "tenants/earnings/ledger.hpp"

namespace drover::engine {

inline exchanges::instrument test_instrument() {
  exchanges::instrument i;
  i.symbol = "BTC/USDT";
  i.base_asset = "BTC";
  i.quote_asset = "USDT";
  i.tick_size = "0.01"_dec;
  i.lot_size = i.min_quantity = "0.00001"_dec;
  i.max_quantity = decimal(9000);
  i.min_notional = decimal(5);
  return i;
}

/// One account at a small exchange: taker orders fill at the touch, resting ones when the other side's touch reaches
/// them, all in parts of at most `part` when that is set. News come one by one, as a bot's mailbox tells them. Every
/// order is held to the instrument's rules and to the balances.
class strategy_market {
public:
  using factory =
      std::function<result<std::unique_ptr<strategy>>(const std::string& parameters, const std::string& state)>;

  strategy_market(factory make, std::string parameters) : make_(std::move(make)), parameters_(std::move(parameters)) {
    renew("");
    set_free("USDT", decimal(10'000));
    set_free("BTC", decimal());
  }

  void set_free(const std::string& asset, decimal free) {
    for (auto& b : balances)
      if (b.asset == asset) return void(b.free = free);
    balances.push_back({asset, free, decimal()});
  }
  exchanges::balance& balance(const std::string& asset) {
    for (auto& b : balances)
      if (b.asset == asset) return b;
    throw std::out_of_range(asset);
  }
  decimal free(const std::string& asset) { return balance(asset).free; }

  void start() {
    tell([](strategy& s, const strategy_context& c) { return s.on_start(c); }, false);
    settle();
  }
  /// The process died and begins again: what was asked for has happened, news are lost, the strategy is new.
  void crash(const std::string& state) {
    while (!at_exchange_.empty()) step_exchange();
    news_.clear();
    timer_.reset();
    renew(state);
    start();
  }
  std::string state() const { return strategy_->save_state(); }

  void tick(decimal bid, decimal ask) {
    ticker_.bid_price = bid;
    ticker_.ask_price = ask;
    ticker_.bid_quantity = ticker_.ask_quantity = decimal(100);
    has_price_ = true;
    match_resting();
    settle();
    if (strategy_->wants_tick(ticker_)) tell([](strategy& s, const strategy_context& c) { return s.on_tick(c); });
    settle();
  }
  void tick(decimal mid) { tick(mid - "0.01"_dec, mid + "0.01"_dec); }
  /// Virtual time, timer by timer.
  void pass(nanoseconds d) {
    const auto end = now + d;
    while (timer_ && *timer_ <= end) {
      now = std::max(now, *timer_);
      timer_.reset();
      tell([](strategy& s, const strategy_context& c) { return s.on_timer(c); });
      settle();
    }
    now = end;
  }
  void signal(const trade_signal& signal) {
    tell([&](strategy& s, const strategy_context& c) { return s.on_signal(c, signal); });
    settle();
  }
  /// Delivers all news.
  void settle() {
    for (int step = 0; !news_.empty() || !at_exchange_.empty(); ++step) {
      if (step > 10'000) throw std::runtime_error("the news never end");
      if (news_.empty()) {
        step_exchange();
        continue;
      }
      auto next = std::move(news_.front());
      news_.pop_front();
      tell(next);
    }
  }

  int count(exchanges::side s) const { return static_cast<int>(std::ranges::count(orders, s, &live_order::side)); }

  exchanges::instrument instrument = test_instrument();
  wall_time now = wall_time::from_ms(1'700'000'000'000);
  std::vector<live_order> orders;
  std::vector<exchanges::balance> balances;
  tenants::position position;
  /// "buy limit 0.01 @ 100.00 slice", "cancel slice", "stop: …", "finish: …"
  std::vector<std::string> log;
  std::vector<signal_verdict> verdicts;
  std::string stopped_because, finished_because;
  decimal bought, sold;
  /// `placed` counts what the exchange took in; the next `refuse` orders it does not.
  int asked = 0, placed = 0, fills = 0, refuse = 0, calls = 0;
  /// Largest part that fills at once; zero: whole orders.
  decimal part;
  decimal fee_share;
  bool fee_in_base = false;
  /// The strategy is saved and made anew after every event.
  bool restarts_always = false;
  strategy& get() { return *strategy_; }

private:
  using event = std::function<strategy_actions(strategy&, const strategy_context&)>;

  strategy_context context() const {
    return {instrument, has_price_ ? &ticker_ : nullptr, orders, position, balances, now};
  }
  void renew(const std::string& state) {
    auto made = make_(parameters_, state);
    if (!made) throw std::runtime_error(made.error().detail);
    strategy_ = std::move(*made);
  }
  void tell(const event& e, bool may_restart = true) {
    if (!stopped_because.empty() || !finished_because.empty()) return;
    ++calls;
    perform(e(*strategy_, context()));
    if (!restarts_always || !may_restart) return;
    renew(strategy_->save_state());
    timer_.reset();
    perform(strategy_->on_start(context()));
  }
  void perform(const strategy_actions& actions) {
    for (const auto& action : actions) {
      if (const auto* p = std::get_if<place_order>(&action)) place(*p);
      if (const auto* c = std::get_if<cancel_order>(&action)) cancel(c->id);
      if (const auto* t = std::get_if<set_timer>(&action)) timer_ = t->at;
      if (const auto* v = std::get_if<signal_verdict>(&action)) verdicts.push_back(*v);
      if (const auto* s = std::get_if<stop_bot>(&action)) log.push_back("stop: " + (stopped_because = s->reason));
      if (const auto* f = std::get_if<finish_bot>(&action)) log.push_back("finish: " + (finished_because = f->reason));
    }
  }
  void tell_order(live_order o) {
    news_.push_back([o = std::move(o)](strategy& s, const strategy_context& c) { return s.on_order(c, o); });
  }

  void place(const place_order& p) {
    log.push_back(std::string(to_string(p.side)) + " " + std::string(to_string(p.type)) + " " + p.quantity.to_string() +
                  " @ " + p.price.to_string() + " " + p.tag);
    EXPECT_TRUE(p.price.is_multiple_of(instrument.tick_size)) << log.back();
    EXPECT_TRUE(p.quantity.is_multiple_of(instrument.lot_size)) << log.back();
    EXPECT_GE(p.price * p.quantity, instrument.min_notional) << log.back();
    for (const auto& o : orders) EXPECT_NE(o.tag, p.tag) << "a slot has two orders";
    live_order order{.id = {},
                     .tag = p.tag,
                     .side = p.side,
                     .price = p.price,
                     .quantity = p.quantity,
                     .filled_quantity = {},
                     .state = intent_state::refused,
                     .cancel_requested = false};
    ++asked;
    for (int i = 0; i < 3; ++i)
      order.id.bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(asked >> (8 * i));
    order.state = intent_state::intended;
    auto& paid = balance(p.side == exchanges::side::buy ? "USDT" : "BTC");
    const auto cost = p.side == exchanges::side::buy ? p.price * p.quantity : p.quantity;
    EXPECT_LE(cost, paid.free) << log.back();
    paid.free -= cost;
    paid.locked += cost;
    orders.push_back(order);
    at_exchange_.push_back([this, p, id = order.id] { take_in(p, id); });
  }
  void step_exchange() {
    const auto next = std::move(at_exchange_.front());
    at_exchange_.pop_front();
    next();
  }
  void take_in(const place_order& p, const uuid& id) {
    const bool would_match =
        p.side == exchanges::side::buy ? p.price >= ticker_.ask_price : p.price <= ticker_.bid_price;
    auto& order = *std::ranges::find(orders, id, &live_order::id);
    if (refuse > 0) {
      --refuse;
      return end(id, intent_state::refused);
    }
    ++placed;
    order.state = intent_state::accepted;
    tell_order(order);
    if (p.type == exchanges::order_type::limit_maker) {
      EXPECT_FALSE(would_match) << "a post-only order crosses: " << log.back();
      return;
    }
    if (would_match) fill(id, p.side == exchanges::side::buy ? ticker_.ask_price : ticker_.bid_price);
    if (p.tif == exchanges::time_in_force::ioc) end(id);
  }
  void fill(const uuid& id, decimal price) {
    auto at = std::ranges::find(orders, id, &live_order::id);
    const auto left = at->quantity - at->filled_quantity;
    const auto quantity = part.is_positive() ? std::min(part, left) : left;
    const bool buys = at->side == exchanges::side::buy;
    exchanges::fill f;
    f.trade_id = std::to_string(++fills);
    f.client_order_id = id.to_hex();
    f.side = at->side;
    f.price = price;
    f.quantity = quantity;
    f.fee = (buys && fee_in_base ? quantity : quantity * price) * fee_share;
    f.fee_asset = buys && fee_in_base ? "BTC" : "USDT";
    f.at = now;
    balance(buys ? "USDT" : "BTC").locked -= buys ? at->price * quantity : quantity;
    balance("USDT").free += buys ? (at->price - price) * quantity : price * quantity;
    if (buys) balance("BTC").free += quantity;
    balance(f.fee_asset).free -= f.fee;
    position = tenants::apply_trade(position, {buys, "BTC", "USDT", price, quantity, f.fee, f.fee_asset}).after;
    at->filled_quantity += quantity;
    (buys ? bought : sold) += quantity;
    news_.push_back([f, tag = at->tag](strategy& s, const strategy_context& c) { return s.on_fill(c, f, tag); });
    tell_order(*at);
    if (at->filled_quantity == at->quantity) end(id);
  }
  void end(const uuid& id, intent_state state = intent_state::closed) {
    auto at = std::ranges::find(orders, id, &live_order::id);
    if (at == orders.end()) return;
    auto order = *at;
    orders.erase(at);
    const auto left = order.quantity - order.filled_quantity;
    auto& back = balance(order.side == exchanges::side::buy ? "USDT" : "BTC");
    const auto locked = order.side == exchanges::side::buy ? order.price * left : left;
    back.locked -= locked;
    back.free += locked;
    order.state = state;
    tell_order(order);
  }
  void cancel(const uuid& id) {
    auto at = std::ranges::find(orders, id, &live_order::id);
    if (at == orders.end() || at->cancel_requested) return;
    log.push_back("cancel " + at->tag);
    at->cancel_requested = true;
    at_exchange_.push_back([this, id] { end(id); });
  }
  void match_resting() {
    std::vector<uuid> crossed;
    for (const auto& o : orders)
      if (o.state == intent_state::accepted &&
          (o.side == exchanges::side::buy ? ticker_.ask_price <= o.price : ticker_.bid_price >= o.price))
        crossed.push_back(o.id);
    for (const auto& id : crossed) fill(id, std::ranges::find(orders, id, &live_order::id)->price);
  }

  factory make_;
  std::string parameters_;
  std::unique_ptr<strategy> strategy_;
  std::deque<event> news_;
  /// Requests on their way.
  std::deque<std::function<void()>> at_exchange_;
  exchanges::book_ticker ticker_;
  bool has_price_ = false;
  std::optional<wall_time> timer_;
};

/// Bids and asks of Binance's BTC/USDT market as recorded on 2024-08-08.
inline std::vector<std::pair<decimal, decimal>> recorded_prices() {
  std::ifstream file(std::string(DROVER_SOURCE_DIR) + "/tests/data/binance_btcusdt_bookticker_20240808.csv");
  std::string line;
  std::getline(file, line);
  std::vector<std::pair<decimal, decimal>> out;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string skipped, bid, bid_quantity, ask;
    std::getline(fields, skipped, ',');
    std::getline(fields, skipped, ',');
    std::getline(fields, bid, ',');
    std::getline(fields, bid_quantity, ',');
    std::getline(fields, ask, ',');
    out.emplace_back(decimal::literal(bid), decimal::literal(ask));
  }
  return out;
}

/// Plays the recorded market, `step` between tickers, with one refusal and one pause in it; answers what was done.
inline std::vector<std::string> play_recorded(strategy_market& m, nanoseconds step) {
  m.start();
  int n = 0;
  for (const auto& [bid, ask] : recorded_prices()) {
    if (++n == 200) m.refuse = 1;
    m.pass(step);
    m.tick(bid, ask);
  }
  return m.log;
}

/// Plays the recorded market, a second between tickers, and crashes at random moments with a state that is up to two
/// tickers old; fees are taken from what was bought. Answers the number of crashes.
inline int play_through_crashes(strategy_market& m, std::uint64_t seed) {
  m.part = "0.00111"_dec;
  m.fee_share = "0.001"_dec;
  m.fee_in_base = true;
  seeded_random random(seed);
  m.start();
  std::string old_state = m.state();
  int crashes = 0;
  for (const auto& [bid, ask] : recorded_prices()) {
    const auto state = m.state();
    m.pass(1s);
    m.tick(bid, ask);
    if (!m.finished_because.empty()) break;
    if (random.below(10) == 0) {
      ++crashes;
      m.crash(random.below(2) == 0 ? state : old_state);
    }
    old_state = state;
  }
  return crashes;
}

/// The same market twice: once with a life that never ends, once saved and made anew after every event.
inline void expect_restarts_change_nothing(
    const strategy_market::factory& make, const std::string& parameters, nanoseconds step,
    const std::function<void(strategy_market&)>& prepare = [](strategy_market&) {}) {
  strategy_market steady(make, parameters), broken(make, parameters);
  for (auto* m : {&steady, &broken}) {
    m->part = "0.00111"_dec;
    m->fee_share = "0.001"_dec;
    prepare(*m);
  }
  broken.restarts_always = true;
  auto expected = play_recorded(steady, step);
  EXPECT_GT(steady.placed, 3);
  EXPECT_GT(steady.fills, 3);
  auto seen = play_recorded(broken, step);
  // What was traded while nobody looked is known as a quantity; its worth is an estimate.
  for (auto* log : {&seen, &expected})
    for (auto& line : *log)
      if (line.starts_with("finish:")) line.resize(std::min(line.size(), line.find(" for ")));
  for (std::size_t i = 0; i < std::min(seen.size(), expected.size()); ++i)
    ASSERT_EQ(seen[i], expected[i]) << "action " << i;
  EXPECT_EQ(seen.size(), expected.size());
  EXPECT_EQ(steady.position.quantity, broken.position.quantity);
}

}  // namespace drover::engine
