#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "exchanges/paper/matching_engine.hpp"
#include "exchanges/paper/simulated_venue.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper::test {

using namespace drover::literals;

/// What the engine told, in order, as short words.
class recording_of_events final : public matching_listener {
 public:
  void on_order(const paper_order& o, order_change change, const execution* e) override {
    const char* names[] = {"accepted", "traded", "cancelled", "expired", "rejected"};
    std::string line = std::string(names[static_cast<int>(change)]) + " " + o.client_id;
    if (e != nullptr) line += " " + e->quantity.to_string() + "@" + e->price.to_string() + (e->maker ? " maker" : " taker");
    lines.push_back(line);
  }
  void on_balances(account_number n, instrument_number) override { lines.push_back("balances " + std::to_string(to_index(n))); }
  void on_trade(instrument_number, const market_trade& t) override { trades.push_back(t); }
  void on_level(instrument_number, side, decimal, decimal) override { ++level_changes; }

  std::vector<std::string> lines;
  std::vector<market_trade> trades;
  int level_changes = 0;
};

inline exchanges::instrument make_btc() {
  exchanges::instrument i;
  i.symbol = "BTC/USDT";
  i.venue_symbol = "BTCUSDT";
  i.base_asset = "BTC";
  i.quote_asset = "USDT";
  i.tick_size = "0.01"_dec;
  i.lot_size = i.min_quantity = "0.001"_dec;
  i.max_quantity = decimal(1'000);
  i.min_notional = decimal(5);
  return i;
}

/// An engine with one instrument and two funded accounts; fees 10 (maker) and 20 (taker) basis points.
struct small_market {
  recording_of_events events;
  matching_engine engine{{.maker_fee_basis_points = 10, .taker_fee_basis_points = 20}, events};
  instrument_number btc = engine.add_instrument(make_btc());
  asset_number base = engine.base_asset(btc), quote = engine.quote_asset(btc);
  account_number alice = open("10", "100000"), bob = open("10", "100000");
  wall_time now = wall_time::from_ms(1'700'000'000'000);
  int ids = 0;

  account_number open(const char* coins, const char* money) {
    const auto n = engine.open_account();
    engine.credit(n, base, decimal::literal(coins));
    engine.credit(n, quote, decimal::literal(money));
    return n;
  }
  order_ticket limit(account_number who, side s, const char* quantity, const char* price) {
    return {.account = who, .instrument = btc, .side = s, .price = decimal::literal(price), .quantity = decimal::literal(quantity),
            .client_id = "o" + std::to_string(++ids)};
  }
  order_ticket market(account_number who, side s, const char* quantity) {
    return {.account = who, .instrument = btc, .side = s, .type = order_type::market, .quantity = decimal::literal(quantity),
            .client_id = "o" + std::to_string(++ids)};
  }
  /// Places what must be accepted.
  placement place(const order_ticket& t) {
    auto placed = engine.place(t, now);
    if (!placed) throw std::runtime_error("refused: " + std::to_string(static_cast<int>(placed.error())));
    return std::move(*placed);
  }
  refusal refused(const order_ticket& t) {
    auto placed = engine.place(t, now);
    if (placed) throw std::runtime_error("accepted");
    return placed.error();
  }
  std::string free(account_number n, asset_number a) const { return engine.account(n).balances.free(a).to_string(); }
  std::string locked(account_number n, asset_number a) const {
    for (const auto& h : engine.account(n).balances.holdings())
      if (h.asset == a) return h.locked.to_string();
    return "0";
  }
};

class fixed_clock final : public clock {
 public:
  steady_time now() const override { return {wall.since_epoch}; }
  wall_time wall_now() const override { return wall; }
  wall_time wall = wall_time::from_ms(1'732'104'000'000);
};

/// A venue whose dialect nobody listens to.
class deaf_listener final : public venue_listener {};

/// A WebSocket that keeps what was sent.
class kept_frames final : public net::websocket_session {
 public:
  bool send(std::shared_ptr<const std::string> text) override {
    frames.push_back(std::move(text));
    return true;
  }
  bool send_binary(std::shared_ptr<const std::string> bytes) override { return send(std::move(bytes)); }
  void close(std::uint16_t code, std::string_view) override { closed_with = code; }
  void abort() override { aborted = true; }
  std::size_t queued_bytes() const override { return 0; }
  std::string_view remote_address() const override { return "127.0.0.1"; }
  json last() const { return json::parse(*frames.back()); }

  std::vector<std::shared_ptr<const std::string>> frames;
  int closed_with = 0;
  bool aborted = false;
};

}  // namespace drover::exchanges::paper::test
