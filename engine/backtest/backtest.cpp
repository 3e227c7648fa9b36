#include "engine/backtest/backtest.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>

#include "engine/bots/strategy_runner.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

/// A base asset of at least this share of the equity counts as being in the market.
const decimal in_market_share = decimal::literal("0.01");
constexpr call_budget callback_budget{.time = 1000ms};
/// Nobody else is in the process.
const strategy_meters no_meters;
constexpr double seconds_per_year = 365.0 * 86'400.0;

class virtual_clock final : public clock {
public:
  steady_time now() const override { return {at.since_epoch}; }
  wall_time wall_now() const override { return at; }
  wall_time at;
};

/// Points of equity at equal distances; the distance doubles when they become too many.
class equity_curve {
public:
  void add(const backtest_point& p) {
    if (!points_.empty() && p.at < next_) return;
    points_.push_back(p);
    next_ = (points_.size() == 1 ? p.at : next_) + distance_;
    while (next_ <= p.at) next_ = next_ + distance_;
    if (points_.size() <= backtest_curve_limit) return;
    std::vector<backtest_point> kept;
    for (std::size_t i = 0; i < points_.size(); i += 2) kept.push_back(points_[i]);
    points_ = std::move(kept);
    distance_ *= 2;
    next_ = points_.back().at + distance_;
  }
  std::vector<backtest_point> take() { return std::move(points_); }
  decimal sharpe() const {
    std::vector<double> changes;
    for (std::size_t i = 1; i < points_.size(); ++i)
      changes.push_back(to_double(decimal::divide(points_[i].equity, points_[i - 1].equity) - decimal(1)));
    if (changes.size() < 2) return {};
    double mean = 0, square = 0;
    for (const double c : changes) mean += c / static_cast<double>(changes.size());
    for (const double c : changes) square += (c - mean) * (c - mean) / static_cast<double>(changes.size() - 1);
    if (square <= 0) return {};
    const double per_year = seconds_per_year / std::chrono::duration<double>(distance_).count();
    auto out = decimal::parse(fmt::format("{:.4f}", mean / std::sqrt(square) * std::sqrt(per_year)));
    return out.value_or(decimal());
  }

private:
  static double to_double(decimal d) { return std::stod(d.to_string()); }
  std::vector<backtest_point> points_;
  nanoseconds distance_{1s};
  wall_time next_;
};

class backtest_run final : private backtest_exchange::listener {
public:
  backtest_run(const backtest_config& c, std::unique_ptr<strategy> s)
      : config_(c),
        exchange_(c.instrument, c.fees, c.balances, *this),
        runner_(std::move(s), bot_id(), clock_, callback_budget, no_meters),
        risk_(c.limits),
        balances_(exchange_.balances()) {}

  result<backtest_report> run(market_source& source) {
    for (;;) {
      auto event = source.next();
      if (!event) return std::unexpected(event.error());
      if (!*event) break;
      if (config_.from && (*event)->at < *config_.from) continue;
      if (config_.to && (*event)->at >= *config_.to) break;
      play(**event);
    }
    if (report_.market_events == 0) return fail(errc::not_found, "the data has no events (of the time asked for)");
    finish_report();
    return std::move(report_);
  }

private:
  using step = std::function<void()>;

  void play(const market_event& event) {
    run_until(event.at);
    clock_.at = event.at;
    exchange_.take_market(event);
    ++report_.market_events;
    if (!event.top) return;
    const auto& q = *event.top;
    ticker_.symbol = config_.instrument.symbol;
    ticker_.bid_price = q.bid_price;
    ticker_.bid_quantity = q.bid_quantity;
    ticker_.ask_price = q.ask_price;
    ticker_.ask_quantity = q.ask_quantity;
    ++ticker_.update_id;
    ticker_.received_at = clock_.now();
    note_market();
    if (!has_ticker_) {
      has_ticker_ = true;
      call([](strategy& s, const strategy_context& ctx) { return s.on_start(ctx); });
    }
    if (ended_) return;
    auto wanted = runner_.wants_tick(ticker_);
    if (!wanted) return end(wanted.error().reason);
    if (*wanted) call([](strategy& s, const strategy_context& ctx) { return s.on_tick(ctx); });
  }

  /// What is due before the market moves on, in the order of time and asking.
  void run_until(wall_time limit) {
    while (true) {
      const bool timer_first = timer_ && *timer_ <= limit && (steps_.empty() || *timer_ < steps_.begin()->first.first);
      if (timer_first) {
        clock_.at = std::max(clock_.at, *timer_);
        timer_.reset();
        call([](strategy& s, const strategy_context& ctx) { return s.on_timer(ctx); });
      } else if (!steps_.empty() && steps_.begin()->first.first <= limit) {
        auto next = steps_.extract(steps_.begin());
        clock_.at = std::max(clock_.at, next.key().first);
        next.mapped()();
      } else {
        return;
      }
    }
  }
  void later(nanoseconds delay, step s) { steps_.emplace(std::pair(clock_.at + delay, ++sequence_), std::move(s)); }
  /// News of the exchange, with the balances of that moment.
  void tell(step s) {
    later(config_.latency, [this, s = std::move(s), balances = exchange_.balances()] {
      balances_ = balances;
      s();
    });
  }

  void call(const std::function<strategy_actions(strategy&, const strategy_context&)>& f) {
    if (ended_) return;
    const strategy_context ctx{config_.instrument, &ticker_, orders_, position_, balances_, clock_.at};
    auto outcome = runner_.run(strategy_call::tick, [&](strategy& s) { return f(s, ctx); });
    if (!outcome) return end(outcome.error().reason);
    for (const auto& action : *outcome) {
      if (ended_) return;
      std::visit([this](const auto& a) { carry_out(a); }, action);
    }
  }

  void carry_out(const place_order& p) {
    live_order order{.id = {},
                     .tag = p.tag,
                     .side = p.side,
                     .price = p.price,
                     .quantity = p.quantity,
                     .filled_quantity = {},
                     .state = intent_state::refused,
                     .cancel_requested = false};
    exchanges::order_request request;
    request.symbol = config_.instrument.symbol;
    request.side = p.side;
    request.type = p.type;
    request.tif = p.tif;
    request.price = p.price;
    request.quantity = p.quantity;
    auto allowed = risk_.check(request, config_.instrument, measure(), clock_.now());
    if (!allowed) {
      ++report_.refused;
      return later({}, [this, order] { tell_order(order); });
    }
    ++report_.orders;
    for (int i = 0; i < 8; ++i)
      order.id.bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(report_.orders >> (8 * i));
    order.state = intent_state::intended;
    orders_.push_back(order);
    later(config_.latency, [this, p, id = order.id] {
      exchange_.place({id,
                       p.tag,
                       p.side,
                       p.type,
                       p.tif,
                       p.type == exchanges::order_type::market ? decimal() : p.price,
                       p.quantity,
                       {}},
                      clock_.at);
    });
  }
  void carry_out(const cancel_order& c) {
    const auto at = std::ranges::find(orders_, c.id, &live_order::id);
    if (at == orders_.end() || at->cancel_requested) return;
    at->cancel_requested = true;
    later(config_.latency, [this, id = c.id] { exchange_.cancel(id, clock_.at); });
  }
  void carry_out(const stop_bot& s) { end("The strategy stopped: " + s.reason); }
  void carry_out(const finish_bot& f) { end("The strategy has finished: " + f.reason); }
  void carry_out(const set_timer& t) { timer_ = t.at; }
  void carry_out(const signal_verdict&) {}

  void end(std::string reason) {
    ended_ = true;
    timer_.reset();
    report_.ended_because = std::move(reason);
    for (const auto& o : orders_) later(config_.latency, [this, id = o.id] { exchange_.cancel(id, clock_.at); });
  }

  risk_state measure() const {
    risk_state out{.open_orders = static_cast<int>(orders_.size()),
                   .position_quantity = position_.quantity,
                   .resting_buy_quantity = {},
                   .mid_price = mid_of(ticker_),
                   .entries_allowed = true,
                   .entries_blocked_because = {}};
    for (const auto& o : orders_)
      if (o.side == side::buy) out.resting_buy_quantity += o.quantity - o.filled_quantity;
    return out;
  }

  void tell_order(const live_order& order) {
    call([&](strategy& s, const strategy_context& ctx) { return s.on_order(ctx, order); });
  }
  void change(const uuid& id, intent_state state) {
    const auto at = std::ranges::find(orders_, id, &live_order::id);
    if (at == orders_.end()) return;
    at->state = state;
    const auto order = *at;
    if (state != intent_state::accepted) orders_.erase(at);
    tell_order(order);
  }

  void on_accepted(const backtest_order& o) override {
    tell([this, id = o.id] { change(id, intent_state::accepted); });
  }
  void on_refused(const backtest_order& o, const std::string&) override {
    ++report_.refused;
    tell([this, id = o.id] { change(id, intent_state::refused); });
  }
  void on_closed(const backtest_order& o) override {
    tell([this, id = o.id] { change(id, intent_state::closed); });
  }
  void on_fill(const backtest_order& o, const exchanges::fill& f) override {
    note_trade(f);
    tell([this, f, id = o.id, tag = o.tag] {
      const bool buys = f.side == side::buy;
      position_ = tenants::apply_trade(position_, {buys, config_.instrument.base_asset, config_.instrument.quote_asset,
                                                   f.price, f.quantity, f.fee, f.fee_asset})
                      .after;
      const auto at = std::ranges::find(orders_, id, &live_order::id);
      if (at != orders_.end()) at->filled_quantity += f.quantity;
      call([&](strategy& s, const strategy_context& ctx) { return s.on_fill(ctx, f, tag); });
      const auto still = std::ranges::find(orders_, id, &live_order::id);
      if (still != orders_.end()) tell_order(live_order(*still));
    });
  }

  void note_trade(const exchanges::fill& f) {
    const auto& i = config_.instrument;
    const bool buys = f.side == side::buy;
    const auto effect =
        tenants::apply_trade(books_, {buys, i.base_asset, i.quote_asset, f.price, f.quantity, f.fee, f.fee_asset});
    if (!buys && books_.quantity.is_positive()) {
      ++report_.rounds;
      if (effect.realised.is_positive()) ++report_.rounds_won;
    }
    books_ = effect.after;
    report_.fees += f.fee_asset == i.base_asset ? f.fee * f.price : f.fee;
    report_.turnover += f.price * f.quantity;
    if (report_.trades.size() < backtest_trades_limit)
      report_.trades.push_back({f.at, f.side, f.price, f.quantity, f.fee, f.fee_asset, f.maker});
  }

  void note_market() {
    const auto mid = mid_of(ticker_);
    decimal base, quote;
    for (const auto& b : exchange_.balances())
      (b.asset == config_.instrument.base_asset ? base : quote) += b.free + b.locked;
    const auto equity = base * mid + quote;
    if (!has_ticker_) {
      report_.begin = clock_.at;
      report_.first_price = mid;
      report_.start_equity = peak_ = equity;
    } else if (was_in_market_) {
      in_market_ += clock_.at - report_.end;
    }
    was_in_market_ = base * mid >= equity * in_market_share && base.is_positive();
    report_.end = clock_.at;
    report_.last_price = mid;
    report_.end_equity = equity;
    peak_ = std::max(peak_, equity);
    if (peak_.is_positive())
      report_.max_drawdown = std::max(report_.max_drawdown, decimal::divide(peak_ - equity, peak_));
    curve_.add({clock_.at, mid, equity});
  }

  void finish_report() {
    auto& r = report_;
    const auto share = [](decimal part, decimal whole) {
      return whole.is_positive() ? decimal::divide(part, whole).round_to_places(6, rounding::half_even) : decimal();
    };
    r.strategy = config_.strategy;
    r.symbol = config_.instrument.symbol;
    r.base_asset = config_.instrument.base_asset;
    r.quote_asset = config_.instrument.quote_asset;
    r.return_share = share(r.end_equity - r.start_equity, r.start_equity);
    r.realised = books_.realised_profit;
    r.unrealised = books_.quantity * r.last_price - books_.cost;
    r.win_rate = share(decimal(r.rounds_won), decimal(r.rounds));
    r.max_drawdown = r.max_drawdown.round_to_places(6, rounding::half_even);
    r.time_in_market = share(decimal(in_market_.count()), decimal((r.end - r.begin).count()));
    r.turnover_share = share(r.turnover, r.start_equity);
    r.buy_and_hold_return = share(r.last_price - r.first_price, r.first_price);
    r.sharpe = curve_.sharpe();
    r.curve = curve_.take();
    for (auto* amount : {&r.realised, &r.unrealised, &r.fees, &r.turnover, &r.start_equity, &r.end_equity})
      *amount = amount->round_to_places(8, rounding::half_even);
  }

  const backtest_config& config_;
  virtual_clock clock_;
  backtest_exchange exchange_;
  strategy_runner runner_;
  risk_check risk_;
  std::map<std::pair<wall_time, std::int64_t>, step> steps_;
  std::int64_t sequence_ = 0;
  std::optional<wall_time> timer_;
  exchanges::book_ticker ticker_;
  bool has_ticker_ = false, ended_ = false, was_in_market_ = false;
  /// What the strategy knows.
  std::vector<live_order> orders_;
  tenants::position position_;
  std::vector<exchanges::balance> balances_;
  /// What is so.
  tenants::position books_;
  decimal peak_;
  nanoseconds in_market_{};
  equity_curve curve_;
  backtest_report report_;
};

}  // namespace

result<backtest_report> run_backtest(const backtest_config& config, market_source& source) {
  const auto* kind = find_strategy_kind(config.strategy);
  if (kind == nullptr) {
    std::string names;
    for (const auto& k : strategy_kinds()) names += (names.empty() ? "" : ", ") + std::string(k.name);
    return fail(errc::not_found, "there is no strategy '" + config.strategy + "'; there are " + names);
  }
  auto symbol = kind->symbol_of(config.parameters);
  if (!symbol) return std::unexpected(symbol.error());
  if (*symbol != config.instrument.symbol)
    return fail(errc::out_of_range,
                "symbol is " + *symbol + " in the parameters, the data is of " + config.instrument.symbol);
  auto made = kind->make(config.parameters, "");
  if (!made) return std::unexpected(made.error());
  return backtest_run(config, std::move(*made)).run(source);
}

}  // namespace drover::engine
