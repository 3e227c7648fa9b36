#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/json.hpp"
#include "base/random.hpp"
#include "engine/strategies/grid.hpp"
#include "tenants/earnings/ledger.hpp"

namespace drover::engine {
namespace {

using exchanges::side;

exchanges::instrument btc_usdt() {
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

std::unique_ptr<strategy> make(const std::string& parameters, const std::string& state = "") {
  auto made = make_grid(parameters, state);
  if (!made) throw std::runtime_error(made.error().detail);
  return std::move(*made);
}

/// One account at an exchange without latency: orders rest, and fill whole at their price when the mid crosses it.
class market {
 public:
  explicit market(std::unique_ptr<strategy> s) : strategy_(std::move(s)) { set_free("USDT", decimal(10'000)); }

  void set_free(const std::string& asset, decimal free) {
    for (auto& b : balances_)
      if (b.asset == asset) return void(b.free = free);
    balances_.push_back({asset, free, decimal()});
  }
  decimal free(const std::string& asset) const {
    for (const auto& b : balances_)
      if (b.asset == asset) return b.free;
    return {};
  }
  void start() {
    perform(strategy_->on_start(context()));
    if (has_price_) tick();
  }
  void move(decimal bid, decimal ask) {
    ticker_.bid_price = bid;
    ticker_.ask_price = ask;
    has_price_ = true;
    fill_crossed();
    tick();
  }
  void move(std::int64_t mid) { move(decimal(mid) - "0.01"_dec, decimal(mid) + "0.01"_dec); }
  /// The same account after a crash of the bot: orders and books stay, the strategy is new.
  void restart(std::unique_ptr<strategy> s) {
    strategy_ = std::move(s);
    start();
  }

  const std::vector<live_order>& orders() const { return orders_; }
  std::vector<std::string> prices(side s) const {
    std::vector<decimal> found;
    for (const auto& o : orders_)
      if (o.side == s) found.push_back(o.price);
    std::ranges::sort(found);
    std::vector<std::string> out;
    for (const auto p : found) out.push_back(p.to_string());
    return out;
  }
  int count(side s) const { return static_cast<int>(prices(s).size()); }
  strategy& get() { return *strategy_; }
  const tenants::position& position() const { return position_; }
  std::string stopped_because;
  int placed = 0, fills = 0;
  bool refuse = false;
  wall_time now = wall_time::from_ms(1'795'000'000'000);
  std::uint64_t hash = 1469598103934665603ull;

 private:
  strategy_context context() const { return {instrument_, has_price_ ? &ticker_ : nullptr, orders_, position_, balances_, now}; }
  void tick() {
    if (strategy_->wants_tick(ticker_)) perform(strategy_->on_tick(context()));
  }
  void note(const std::string& text) {
    for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ull;
  }
  void perform(const strategy_actions& actions) {
    for (const auto& action : actions) {
      if (const auto* p = std::get_if<place_order>(&action)) place(*p);
      if (const auto* c = std::get_if<cancel_order>(&action)) cancel(c->id);
      if (const auto* s = std::get_if<stop_bot>(&action)) stopped_because = s->reason;
    }
  }
  void place(const place_order& p) {
    note(p.tag + p.price.to_string() + p.quantity.to_string());
    EXPECT_TRUE(p.price.is_multiple_of(instrument_.tick_size)) << p.price.to_string();
    EXPECT_TRUE(p.quantity.is_multiple_of(instrument_.lot_size)) << p.quantity.to_string();
    EXPECT_GE(p.price * p.quantity, instrument_.min_notional);
    for (const auto& o : orders_) EXPECT_NE(o.tag, p.tag) << "a slot has two orders";
    live_order order;
    order.id.bytes[15] = static_cast<std::uint8_t>(++placed);
    order.id.bytes[14] = static_cast<std::uint8_t>(placed >> 8);
    order.id.bytes[13] = static_cast<std::uint8_t>(placed >> 16);
    order.tag = p.tag;
    order.side = p.side;
    order.price = p.price;
    order.quantity = p.quantity;
    order.state = refuse ? intent_state::refused : intent_state::accepted;
    if (refuse) return perform(strategy_->on_order(context(), order));
    const auto& asset = p.side == side::buy ? instrument_.quote_asset : instrument_.base_asset;
    const auto cost = p.side == side::buy ? p.price * p.quantity : p.quantity;
    EXPECT_LE(cost, free(asset)) << p.tag;
    set_free(asset, free(asset) - cost);
    orders_.push_back(order);
  }
  void cancel(const uuid& id) {
    auto at = std::ranges::find(orders_, id, &live_order::id);
    if (at == orders_.end()) return;
    auto order = *at;
    orders_.erase(at);
    note("cancel " + order.tag);
    const bool buys = order.side == side::buy;
    const auto& asset = buys ? instrument_.quote_asset : instrument_.base_asset;
    set_free(asset, free(asset) + (buys ? order.price * order.quantity : order.quantity));
    order.state = intent_state::closed;
    perform(strategy_->on_order(context(), order));
  }
  void fill_crossed() {
    for (bool again = true; again;) {
      again = false;
      for (std::size_t i = 0; i < orders_.size() && !again; ++i) {
        const auto& o = orders_[i];
        again = o.side == side::buy ? ticker_.ask_price <= o.price : ticker_.bid_price >= o.price;
        if (again) fill(i);
      }
    }
  }
  void fill(std::size_t i) {
    auto order = orders_[i];
    orders_.erase(orders_.begin() + static_cast<std::ptrdiff_t>(i));
    const bool buys = order.side == side::buy;
    const auto received = buys ? order.quantity : order.price * order.quantity;
    exchanges::fill f;
    f.side = order.side;
    f.price = order.price;
    f.quantity = order.quantity;
    f.fee_asset = buys ? "BTC" : "USDT";
    f.fee = (received * "0.001"_dec).round_to_places(8, rounding::down);
    set_free(f.fee_asset, free(f.fee_asset) + received - f.fee);
    auto effect = tenants::apply_trade(position_, {buys, "BTC", "USDT", f.price, f.quantity, f.fee, f.fee_asset});
    position_ = effect.after;
    ++fills;
    note("fill " + order.tag);
    perform(strategy_->on_fill(context(), f, order.tag));
    order.filled_quantity = order.quantity;
    order.state = intent_state::closed;
    perform(strategy_->on_order(context(), order));
  }

  exchanges::instrument instrument_ = btc_usdt();
  exchanges::book_ticker ticker_;
  bool has_price_ = false;
  std::vector<live_order> orders_;
  tenants::position position_;
  std::vector<exchanges::balance> balances_;
  std::unique_ptr<strategy> strategy_;
};

const std::string three = R"({"levels":"3","spacing":"0.01","order_notional":"60"})";

TEST(Grid, RestsOnlyBuysWhenTheAccountHoldsNoCoins) {
  market m(make(three));
  m.start();
  m.move(60'000);
  EXPECT_EQ(m.prices(side::buy), (std::vector<std::string>{"58500", "59100", "59700"}));
  EXPECT_EQ(m.count(side::sell), 0);
}

TEST(Grid, SellsCoinsThatTheAccountHoldsAboveThePrice) {
  market m(make(three));
  m.set_free("BTC", "0.0025"_dec);
  m.start();
  m.move(60'000);
  EXPECT_EQ(m.count(side::buy), 3);
  EXPECT_EQ(m.prices(side::sell), (std::vector<std::string>{"60900", "61500"}));
}

TEST(Grid, LeavesCoinsAloneWhenToldTo) {
  market m(make(R"({"levels":3,"spacing":"0.01","order_notional":"60","sides":"buys"})"));
  m.set_free("BTC", decimal(1));
  m.start();
  m.move(60'000);
  EXPECT_EQ(m.count(side::sell), 0);
}

TEST(Grid, AFilledBuySellsOneSpacingAboveWhatItGotAfterTheFee) {
  market m(make(three));
  m.start();
  m.move(60'000);
  m.move(59'690);
  ASSERT_EQ(m.prices(side::sell), (std::vector<std::string>{"60300"}));
  const auto& sell = *std::ranges::find(m.orders(), side::sell, &live_order::side);
  EXPECT_EQ(sell.quantity.to_string(), "0.00099");  // 0.001 bought, 0.000001 fee, on the lot of 0.00001
}

TEST(Grid, AFilledSellBuysOneSpacingBelowAndEarns) {
  market m(make(three));
  m.start();
  m.move(60'000);
  m.move(59'690);
  m.move(60'310);
  EXPECT_EQ(m.prices(side::buy), (std::vector<std::string>{"58500", "59100", "59700"}));
  EXPECT_GT(m.position().realised_profit, decimal());
}

TEST(Grid, DefaultParametersTradeAndEarn) {
  market m(make("{}"));
  m.start();
  for (int round = 0; round < 5; ++round)
    for (const int price : {60'000, 59'900, 59'800, 59'900, 60'000, 60'100}) m.move(price);
  EXPECT_GT(m.fills, 5);
  EXPECT_GT(m.position().realised_profit, decimal());
}

TEST(Grid, FollowsThePriceWhenItHoldsNothing) {
  market m(make(three));
  m.start();
  m.move(60'000);
  m.move(66'000);
  m.move(66'000);
  EXPECT_EQ(m.prices(side::buy), (std::vector<std::string>{"64350", "65010", "65670"}));
}

TEST(Grid, StaysWhereItIsWhileItHolds) {
  market m(make(three));
  m.start();
  m.move(60'000);
  m.move(50'000);
  EXPECT_EQ(m.count(side::sell), 3);
  const auto before = m.prices(side::sell);
  m.move(49'000);
  EXPECT_EQ(m.prices(side::sell), before);
  EXPECT_EQ(m.count(side::buy), 0);
}

TEST(Grid, KeepsAFixedRange) {
  market m(make(R"({"levels":2,"lower":"59000","upper":"62000","order_quantity":"0.001"})"));
  m.start();
  m.move(60'500);
  EXPECT_EQ(m.prices(side::buy), (std::vector<std::string>{"59000", "60000"}));
  m.move(70'000);
  m.move(70'000);
  EXPECT_EQ(m.prices(side::buy), (std::vector<std::string>{"60000", "61000"}));
}

TEST(Grid, PlacesNothingTwiceAfterARestart) {
  market m(make(three));
  m.start();
  m.move(60'000);
  m.move(59'690);
  const auto before = m.orders().size();
  const int placed = m.placed;
  const auto state = m.get().save_state();
  EXPECT_LT(state.size(), 300u);
  m.restart(make(three, state));
  m.move(59'690);
  EXPECT_EQ(m.orders().size(), before);
  EXPECT_EQ(m.placed, placed);
  m.move(60'310);
  EXPECT_EQ(m.count(side::sell), 0);
  EXPECT_EQ(m.count(side::buy), 3);
}

TEST(Grid, FindsCoinsInTheBooksThatItsStateHasNotHeardOf) {
  market m(make(three));
  m.start();
  m.move(60'000);
  const auto state = m.get().save_state();  // older than the fill that follows
  m.move(59'690);
  m.restart(make(three, state));
  EXPECT_EQ(m.count(side::sell), 1);
  m.move(60'310);
  EXPECT_EQ(m.count(side::sell), 0);
  EXPECT_LT(m.position().quantity, "0.00001"_dec);
}

TEST(Grid, DoesNotSellAgainWhatTheBooksSayIsSold) {
  market m(make(three));
  m.start();
  m.move(60'000);
  m.move(59'690);
  const auto state = m.get().save_state();
  m.move(60'310);
  m.restart(make(three, state));
  EXPECT_EQ(m.count(side::sell), 0);
  EXPECT_EQ(m.count(side::buy), 3);
}

TEST(Grid, CancelsOrdersOfOtherParametersAndKeepsTheirCoins) {
  market m(make(three));
  m.start();
  m.move(60'000);
  m.move(59'690);
  const std::string other = R"({"levels":2,"spacing":"0.02","order_notional":"60"})";
  m.restart(make(other, m.get().save_state()));
  m.move(59'690);
  EXPECT_EQ(m.count(side::sell), 1);
  EXPECT_EQ(m.count(side::buy), 1);  // the other of the two cells below holds what was bought
}

TEST(Grid, WaitsLongerAfterEachRefusal) {
  market m(make(three));
  m.start();
  m.refuse = true;
  for (int i = 0; i < 200; ++i) {
    m.move(60'000);
    m.now = m.now + 1s;
  }
  EXPECT_LT(m.placed, 40);
  m.refuse = false;
  m.now = m.now + refusal_pause::longest;
  m.move(60'000);
  EXPECT_EQ(m.count(side::buy), 3);
}

TEST(Grid, OrdersRefusedInOneTurnCountOnce) {
  market m(make(three));
  m.start();
  m.refuse = true;
  m.move(60'000);
  EXPECT_GE(m.placed, 3);
  m.refuse = false;
  m.now = m.now + refusal_pause::first;
  m.move(60'000);
  EXPECT_EQ(m.count(side::buy), 3);
}

TEST(Grid, BuysOnlyWhatTheMoneyIsEnoughFor) {
  market m(make(three));
  m.set_free("USDT", decimal(100));
  m.start();
  m.move(60'000);
  EXPECT_EQ(m.count(side::buy), 1);
  m.set_free("USDT", decimal(1000));
  for (int i = 0; i <= grid::funds_retry_ticks; ++i) m.move(60'000);
  EXPECT_EQ(m.count(side::buy), 3);
}

TEST(Grid, AnswersCheaplyThatATickChangesNothing) {
  market m(make(three));
  m.start();
  m.move(60'000);
  exchanges::book_ticker near;
  near.bid_price = decimal(60'010);
  near.ask_price = decimal(60'012);
  EXPECT_FALSE(m.get().wants_tick(near));
  near.bid_price = near.ask_price = decimal(59'000);
  EXPECT_TRUE(m.get().wants_tick(near));
}

TEST(Grid, OrdersStayOnTheirLinesAndWithinTheirNumberInRandomMarkets) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    seeded_random random(seed);
    const int levels = 1 + static_cast<int>(random.below(6));
    const std::string parameters = R"({"levels":)" + std::to_string(levels) + R"(,"spacing":"0.003","order_notional":"25"})";
    market m(make(parameters));
    m.set_free("BTC", decimal::from_raw(static_cast<__int128>(random.below(5'000'000)) * 1'000'000'000));
    m.start();
    std::int64_t price = 60'000;
    for (int step = 0; step < 400; ++step) {
      price += static_cast<std::int64_t>(random.below(401)) - 200;
      m.move(price);
      ASSERT_LE(m.count(side::buy), levels) << seed;
      ASSERT_LE(m.count(side::sell), levels) << seed;
      if (random.below(40) == 0) m.restart(make(parameters, m.get().save_state()));
      std::set<std::string> tags;
      for (const auto& o : m.orders()) ASSERT_TRUE(tags.insert(o.tag).second) << o.tag << " twice, seed " << seed;
    }
    EXPECT_TRUE(m.stopped_because.empty());
  }
}

std::uint64_t replay_recording(int& fills) {
  std::ifstream file(std::string(DROVER_SOURCE_DIR) + "/tests/data/binance_btcusdt_bookticker_20240808.csv");
  std::string line;
  std::getline(file, line);
  market m(make(R"({"levels":8,"spacing":"0.0002","order_notional":"30"})"));
  m.set_free("BTC", "0.002"_dec);
  m.start();
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string skipped, bid, bid_quantity, ask;
    std::getline(fields, skipped, ',');
    std::getline(fields, skipped, ',');
    std::getline(fields, bid, ',');
    std::getline(fields, bid_quantity, ',');
    std::getline(fields, ask, ',');
    m.move(decimal::literal(bid), decimal::literal(ask));
  }
  fills = m.fills;
  return m.hash;
}

TEST(Grid, ARecordedMarketGivesTheSameActionsEveryTime) {
  int fills = 0;
  const auto first = replay_recording(fills);
  EXPECT_GT(fills, 10);
  EXPECT_EQ(first, replay_recording(fills));
}

std::string refusal_of(const std::string& parameters) {
  auto made = make_grid(parameters, "");
  return made ? "accepted" : made.error().detail;
}

TEST(GridParameters, RefusalsNameTheField) {
  const std::map<std::string, std::string> cases{
      {R"({"levels":"0"})", "levels"},
      {R"({"levels":"2.5"})", "levels"},
      {R"({"levels":51})", "levels"},
      {R"({"spacing":"-1"})", "spacing"},
      {R"({"spacing":"x"})", "spacing"},
      {R"({"spacing":"0.3"})", "spacing"},
      {R"({"lower":"1"})", "upper"},
      {R"({"upper":"1"})", "lower"},
      {R"({"lower":"2","upper":"1"})", "upper"},
      {R"({"spacing":"0.1","lower":"1","upper":"2"})", "spacing"},
      {R"({"order_quantity":"0"})", "order_quantity"},
      {R"({"order_quantity":"1","order_notional":"1"})", "order_notional"},
      {R"({"sides":"left"})", "sides"},
      {R"({"sides":true})", "sides"},
      {R"({"symbol":"BTCUSDT"})", "symbol"},
      {R"({"spcing":"0.1"})", "spcing"},
      {R"({"levels":20,"spacing":"0.05"})", "levels"},
      {"[]", "parameters"},
      {"{", "parameters"},
  };
  for (const auto& [text, field] : cases) EXPECT_EQ(refusal_of(text).rfind(field, 0), 0u) << text << " -> " << refusal_of(text);
}

TEST(GridParameters, SizesBelowTheExchangesMinimumStopTheBotWithTheFieldAndTheBound) {
  market m(make(R"({"order_notional":"4"})"));
  m.start();
  m.move(60'000);
  EXPECT_NE(m.stopped_because.find("order_notional is too small"), std::string::npos) << m.stopped_because;
  EXPECT_NE(m.stopped_because.find("5"), std::string::npos);
}

TEST(GridParameters, SpacingBelowTheTickStopsTheBot) {
  market m(make(R"({"spacing":"0.00000001"})"));
  m.start();
  m.move(60'000);
  EXPECT_NE(m.stopped_because.find("spacing"), std::string::npos) << m.stopped_because;
}

TEST(GridParameters, SchemaIsJsonAndKnowsEveryField) {
  auto schema = json::parse(grid_parameter_schema);
  for (const auto* field : {"symbol", "levels", "spacing", "lower", "upper", "order_quantity", "order_notional", "sides"})
    EXPECT_TRUE(schema["properties"].contains(field)) << field;
}

TEST(GridState, DamagedOnesAreRefusedNotCrashedOn) {
  for (const auto* text : {"{", "[]", R"({"v":2})", R"({"v":1,"shape":3})", R"({"v":1})",
                           R"({"v":1,"shape":"BTC/USDT 5 0.0025","reference":"-1","held":[]})",
                           R"({"v":1,"shape":"BTC/USDT 5 0.0025","reference":"60000","held":[[99,"1",false]]})",
                           R"({"v":1,"shape":"BTC/USDT 5 0.0025","reference":"60000","held":[["x"]]})",
                           R"({"v":1,"shape":"BTC/USDT 5 0.0025","reference":"60000"})"}) {
    auto made = make_grid("{}", text);
    const bool other_shape = std::string(text).find("shape\":3") != std::string::npos || std::string(text) == R"({"v":1})";
    EXPECT_EQ(made.has_value(), other_shape) << text;
  }
}

TEST(StrategyTable, FindsGridByNameAndNothingElse) {
  ASSERT_NE(find_strategy_kind("grid"), nullptr);
  EXPECT_EQ(find_strategy_kind("gird"), nullptr);
  EXPECT_EQ(*find_strategy_kind("grid")->symbol_of("{}"), "BTC/USDT");
}

}  // namespace
}  // namespace drover::engine
