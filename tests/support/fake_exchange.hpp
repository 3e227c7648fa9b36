#pragma once

#include <boost/asio/post.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "exchanges/exchange.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::test {

/// A small exchange in memory: accounts named by their label, one price, orders that fill whole at their own price as soon
/// as the market crosses them. Fees are 0.1 % of the received asset. Events are posted, as the contract says. One thread.
class fake_exchange final : public exchanges::exchange {
 public:
  struct account_state {
    std::map<std::string, exchanges::balance> balances;
    /// By client order id.
    std::map<std::string, exchanges::order> orders;
    std::vector<exchanges::fill> fills;
    /// Keys that signed, oldest first, without repetition in a row.
    std::vector<std::string> keys;
    std::vector<std::weak_ptr<std::function<void(const exchanges::account_event&)>>> streams;
    int placed = 0;
  };

  fake_exchange(executor ex, const clock& c, std::string name = "paper") : executor_(std::move(ex)), clock_(c), name_(std::move(name)) {
    list("BTC");
  }

  /// Lists `base`/USDT, without a price yet.
  void list(const std::string& base) {
    auto i = std::make_shared<exchanges::instrument>();
    i->symbol = base + "/USDT";
    i->venue_symbol = base + "USDT";
    i->base_asset = base;
    i->quote_asset = "USDT";
    i->tick_size = decimal::literal("0.01");
    i->lot_size = i->min_quantity = decimal::literal("0.00001");
    i->max_quantity = decimal(9000);
    i->min_notional = decimal(5);
    markets_[i->symbol].instrument = i;
  }

  account_state& account(const std::string& label) { return accounts_[label]; }
  void set_balance(const std::string& label, const std::string& asset, decimal free) {
    accounts_[label].balances[asset] = {asset, free, decimal()};
  }
  /// Every call of this account answers this from now on; success again when absent.
  void fail_with(const std::string& label, std::optional<error> e) {
    if (e) failures_.insert_or_assign(label, *e);
    else failures_.erase(label);
  }
  std::vector<exchanges::order> open_orders(const std::string& label) {
    std::vector<exchanges::order> out;
    for (const auto& [id, o] : accounts_[label].orders)
      if (!exchanges::is_terminal(o.status)) out.push_back(o);
    return out;
  }
  void emit(const std::string& label, exchanges::account_event event) {
    for (auto& weak : accounts_[label].streams)
      if (auto handler = weak.lock()) asio::post(executor_, [handler, event] { (*handler)(event); });
  }
  /// What every key may do, as the venue says when asked.
  exchanges::permissions rights{exchanges::tristate::yes, exchanges::tristate::yes, exchanges::tristate::no, {}};

  std::size_t ticker_subscribers() const { return tickers_.size(); }

  /// The market moves: crossing orders fill, then everybody hears the ticker.
  void set_price(decimal bid, decimal ask, const std::string& symbol = "BTC/USDT") {
    auto& market = markets_.at(symbol);
    market.bid = bid;
    market.ask = ask;
    for (auto& [label, account] : accounts_) match(label, account);
    auto ticker = std::make_shared<exchanges::book_ticker>();
    *ticker = {symbol, bid, decimal(1), ask, decimal(1), ++updates_, clock_.now()};
    market.ticker = ticker;
    const auto listeners = tickers_;
    for (const auto& [id, listener] : listeners)
      if (tickers_.contains(id) && listener->symbol == symbol) listener->on_ticker(market.ticker);
  }
  void set_price(std::int64_t mid, const std::string& symbol) {
    set_price(decimal(mid) - decimal::literal("0.01"), decimal(mid) + decimal::literal("0.01"), symbol);
  }
  void set_price(std::int64_t mid) { set_price(decimal(mid) - decimal::literal("0.01"), decimal(mid) + decimal::literal("0.01")); }

  const std::string& name() const override { return name_; }
  const exchanges::venue_traits& traits() const override { return traits_; }
  milliseconds clock_offset() const override { return offset; }
  /// The venue's clock minus ours.
  milliseconds offset{0};
  task<result<std::shared_ptr<const exchanges::instrument>>> find_instrument(std::string symbol) override {
    auto at = markets_.find(symbol);
    if (at == markets_.end()) co_return fail(exchanges::exchange_errc::instrument_unknown, symbol);
    co_return at->second.instrument;
  }
  std::unique_ptr<exchanges::market_subscription> subscribe_book_ticker(
      std::string symbol, std::function<void(const std::shared_ptr<const exchanges::book_ticker>&)> on_ticker) override {
    auto& market = markets_.at(symbol);
    const auto id = ++last_subscription_;
    tickers_[id] = std::make_shared<ticker_listener>(std::move(symbol), std::move(on_ticker));
    if (market.ticker) asio::post(executor_, [this, id, &market] { if (tickers_.contains(id)) tickers_[id]->on_ticker(market.ticker); });
    return std::make_unique<subscription>(*this, id);
  }
  // Nothing but tickers happens here: the handles of the other channels hold a place and hear nothing.
  std::unique_ptr<exchanges::market_subscription> subscribe_trades(
      std::string, std::function<void(const std::shared_ptr<const exchanges::public_trade>&)>) override {
    return std::make_unique<subscription>(*this, ++last_subscription_);
  }
  std::unique_ptr<exchanges::market_subscription> subscribe_book(
      std::string, std::function<void(const std::shared_ptr<const exchanges::book_view>&)>) override {
    return std::make_unique<subscription>(*this, ++last_subscription_);
  }
  std::unique_ptr<exchanges::market_subscription> subscribe_candles(
      std::string, exchanges::candle_interval,
      std::function<void(const std::shared_ptr<const exchanges::candle_update>&)>) override {
    return std::make_unique<subscription>(*this, ++last_subscription_);
  }
  std::unique_ptr<exchanges::exchange_account> open_account(exchanges::credential_source source, std::string label) override {
    return std::make_unique<session>(*this, std::move(source), std::move(label));
  }
  void start() override {}
  task<void> stop() override { co_return; }
  health get_health() const override { return {}; }

 private:
  struct ticker_listener {
    std::string symbol;
    std::function<void(const std::shared_ptr<const exchanges::book_ticker>&)> on_ticker;
  };
  struct market {
    std::shared_ptr<const exchanges::instrument> instrument;
    std::shared_ptr<const exchanges::book_ticker> ticker;
    decimal bid, ask;
  };

  class subscription final : public exchanges::market_subscription {
   public:
    subscription(fake_exchange& venue, int id) : venue_(venue), id_(id) {}
    ~subscription() override { venue_.tickers_.erase(id_); }

   private:
    fake_exchange& venue_;
    int id_;
  };

  class session final : public exchanges::exchange_account {
   public:
    session(fake_exchange& venue, exchanges::credential_source source, std::string label)
        : venue_(venue), source_(std::move(source)), label_(std::move(label)) {}
    task<result<exchanges::permissions>> fetch_permissions() override {
      co_return venue_.rights;
    }
    task<result<std::vector<exchanges::balance>>> fetch_balances(exchanges::lane) override {
      auto signed_in = sign();
      if (!signed_in) co_return std::unexpected(signed_in.error());
      std::vector<exchanges::balance> out;
      for (const auto& [asset, b] : state().balances) out.push_back(b);
      co_return out;
    }
    task<result<exchanges::order>> place_order(exchanges::order_request r, exchanges::send_terms terms) override {
      auto signed_in = sign();
      if (!signed_in) co_return std::unexpected(signed_in.error());
      auto withheld = terms.why_not ? terms.why_not() : std::string();
      if (!withheld.empty()) co_return fail(exchanges::exchange_errc::not_sent, std::move(withheld));
      auto placed = venue_.place(label_, r);
      co_return placed;
    }
    task<result<exchanges::order>> cancel_order(exchanges::order_ref of, exchanges::lane) override {
      auto signed_in = sign();
      if (!signed_in) co_return std::unexpected(signed_in.error());
      auto cancelled = venue_.cancel(label_, of.client_order_id);
      co_return cancelled;
    }
    task<result<exchanges::order>> find_order(exchanges::order_ref of, exchanges::lane) override {
      auto signed_in = sign();
      if (!signed_in) co_return std::unexpected(signed_in.error());
      auto at = state().orders.find(of.client_order_id);
      if (at == state().orders.end()) co_return fail(exchanges::exchange_errc::order_not_found);
      co_return at->second;
    }
    task<result<void>> cancel_all_orders(std::string, exchanges::lane) override {
      co_return fail(exchanges::exchange_errc::unsupported);
    }
    task<result<void>> set_dead_man(milliseconds) override { co_return fail(exchanges::exchange_errc::unsupported); }
    task<result<std::vector<exchanges::order>>> fetch_open_orders(std::string symbol, exchanges::lane) override {
      auto signed_in = sign();
      if (!signed_in) co_return std::unexpected(signed_in.error());
      auto open = venue_.open_orders(label_);
      std::erase_if(open, [&symbol](const auto& o) { return !symbol.empty() && o.symbol != symbol; });
      co_return open;
    }
    task<result<std::vector<exchanges::fill>>> fetch_fills(std::string symbol, exchanges::fill_cursor after, exchanges::lane) override {
      auto signed_in = sign();
      if (!signed_in) co_return std::unexpected(signed_in.error());
      std::vector<exchanges::fill> out;
      for (auto f : state().fills) {
        if (f.symbol != symbol) continue;
        if (!after.trade_id.empty() && std::stoll(f.trade_id) <= std::stoll(after.trade_id)) continue;
        f.client_order_id.clear();
        out.push_back(f);
      }
      co_return out;
    }
    void subscribe(std::function<void(const exchanges::account_event&)> on_event) override {
      handler_ = std::make_shared<std::function<void(const exchanges::account_event&)>>(std::move(on_event));
      state().streams.push_back(handler_);
      std::weak_ptr weak = handler_;
      asio::post(venue_.executor_, [weak] { if (auto h = weak.lock()) (*h)(exchanges::stream_opened{}); });
    }

   private:
    account_state& state() { return venue_.accounts_[label_]; }
    result<void> sign() {
      auto at = venue_.failures_.find(label_);
      if (at != venue_.failures_.end()) return std::unexpected(at->second);
      auto keys = source_();
      if (!keys) return std::unexpected(keys.error());
      std::string key(keys->api_key.reveal());
      if (state().keys.empty() || state().keys.back() != key) state().keys.push_back(key);
      return {};
    }
    fake_exchange& venue_;
    exchanges::credential_source source_;
    std::string label_;
    std::shared_ptr<std::function<void(const exchanges::account_event&)>> handler_;
  };

  const std::string& base_of(const std::string& symbol) const { return markets_.at(symbol).instrument->base_asset; }
  static decimal& free_of(account_state& a, const std::string& asset) {
    auto& b = a.balances[asset];
    b.asset = asset;
    return b.free;
  }
  result<exchanges::order> place(const std::string& label, const exchanges::order_request& r) {
    auto& a = accounts_[label];
    if (a.orders.contains(r.client_order_id)) return fail(exchanges::exchange_errc::duplicate_order);
    const bool buys = r.side == exchanges::side::buy;
    auto& funds = free_of(a, buys ? "USDT" : base_of(r.symbol));
    const auto needed = buys ? r.price * r.quantity : r.quantity;
    if (needed > funds) return fail(exchanges::exchange_errc::insufficient_funds, "balance");
    funds -= needed;
    exchanges::order o{.symbol = r.symbol, .venue_order_id = std::to_string(++last_order_), .client_order_id = r.client_order_id,
                       .side = r.side, .type = r.type, .status = exchanges::order_status::open, .price = r.price,
                       .quantity = r.quantity, .filled_quantity = {}, .filled_notional = {}, .updated_at = clock_.wall_now()};
    ++a.placed;
    a.orders[r.client_order_id] = o;
    emit(label, exchanges::order_event{o, std::nullopt});
    match(label, a);
    return o;
  }
  result<exchanges::order> cancel(const std::string& label, const std::string& id) {
    auto& a = accounts_[label];
    auto at = a.orders.find(id);
    if (at == a.orders.end() || exchanges::is_terminal(at->second.status)) return fail(exchanges::exchange_errc::order_not_found);
    auto& o = at->second;
    o.status = exchanges::order_status::cancelled;
    const bool buys = o.side == exchanges::side::buy;
    free_of(a, buys ? "USDT" : base_of(o.symbol)) += buys ? o.price * o.quantity : o.quantity;
    emit(label, exchanges::order_event{o, std::nullopt});
    return o;
  }
  void match(const std::string& label, account_state& a) {
    for (auto& [id, o] : a.orders) {
      const auto& [instrument, ticker, bid, ask] = markets_.at(o.symbol);
      if (exchanges::is_terminal(o.status) || !ask.is_positive()) continue;
      const bool buys = o.side == exchanges::side::buy;
      if (buys ? ask > o.price : bid < o.price) continue;
      o.status = exchanges::order_status::filled;
      o.filled_quantity = o.quantity;
      o.filled_notional = o.price * o.quantity;
      const auto received = buys ? o.quantity : o.filled_notional;
      const auto fee = (received * decimal::literal("0.001")).round_to_places(8, rounding::down);
      free_of(a, buys ? instrument->base_asset : "USDT") += received - fee;
      exchanges::fill f{.symbol = o.symbol, .trade_id = std::to_string(++last_trade_), .venue_order_id = o.venue_order_id,
                        .client_order_id = id, .side = o.side, .price = o.price, .quantity = o.quantity, .fee = fee,
                        .fee_asset = buys ? instrument->base_asset : "USDT", .maker = true, .at = clock_.wall_now()};
      a.fills.push_back(f);
      std::vector<exchanges::balance> balances;
      for (const auto& [asset, b] : a.balances) balances.push_back(b);
      emit(label, exchanges::balance_event{balances});
      emit(label, exchanges::order_event{o, f});
    }
  }

  executor executor_;
  const clock& clock_;
  exchanges::venue_traits traits_{.name = "fake"};
  std::string name_;
  std::map<std::string, market> markets_;
  std::map<std::string, account_state> accounts_;
  std::map<std::string, error> failures_;
  std::map<int, std::shared_ptr<ticker_listener>> tickers_;
  std::int64_t updates_ = 0, last_order_ = 0, last_trade_ = 0;
  int last_subscription_ = 0;
};

}  // namespace drover::test
