#include "engine/backtest/backtest.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/json.hpp"
#include "tests/unit/engine/strategy_market.hpp"

namespace drover::engine {
namespace {

using exchanges::side;
namespace fs = std::filesystem;

const std::string data_folder = std::string(DROVER_SOURCE_DIR) + "/tests/data/";

struct heard final : backtest_exchange::listener {
  void on_accepted(const backtest_order& o) override { log.push_back("accepted " + o.tag); }
  void on_refused(const backtest_order& o, const std::string& why) override {
    log.push_back("refused " + o.tag + ": " + why);
  }
  void on_fill(const backtest_order& o, const exchanges::fill& f) override {
    log.push_back("fill " + o.tag + " " + f.quantity.to_string() + " @ " + f.price.to_string() +
                  (f.maker ? " maker" : " taker"));
  }
  void on_closed(const backtest_order& o) override { log.push_back("closed " + o.tag); }
  std::vector<std::string> log;
};

struct small_exchange {
  explicit small_exchange(const char* maker_fee = "0")
      : exchange(test_instrument(), {decimal::literal(maker_fee), decimal()},
                 {{"USDT", decimal(10'000), {}}, {"BTC", decimal(10), {}}}, events) {}
  void quote(const char* bid, const char* bid_quantity, const char* ask, const char* ask_quantity) {
    exchange.take_market({now,
                          market_event::quote{decimal::literal(bid), decimal::literal(bid_quantity),
                                              decimal::literal(ask), decimal::literal(ask_quantity)},
                          std::nullopt});
  }
  void print(const char* price, const char* quantity, bool buyer_is_maker) {
    exchange.take_market(
        {now, std::nullopt, market_event::print{decimal::literal(price), decimal::literal(quantity), buyer_is_maker}});
  }
  void place(const char* tag, side s, const char* price, const char* quantity,
             exchanges::time_in_force tif = exchanges::time_in_force::gtc,
             exchanges::order_type type = exchanges::order_type::limit) {
    uuid id;
    id.bytes[15] = ++last;
    exchange.place({id, tag, s, type, tif, decimal::literal(price), decimal::literal(quantity), {}}, now);
  }
  decimal total(const std::string& asset) const {
    for (const auto& b : exchange.balances())
      if (b.asset == asset) return b.free + b.locked;
    return {};
  }
  heard events;
  backtest_exchange exchange;
  wall_time now = wall_time::from_ms(1'700'000'000'000);
  std::uint8_t last = 0;
};

using strings = std::vector<std::string>;

TEST(BacktestExchange, ATakerGetsWhatIsShownAndTheRestOfAnIocExpires) {
  small_exchange e;
  e.quote("99", "5", "100", "2");
  e.place("a", side::buy, "101", "3", exchanges::time_in_force::ioc);
  e.place("b", side::buy, "101", "1", exchanges::time_in_force::ioc);
  EXPECT_EQ(e.events.log, (strings{"accepted a", "fill a 2 @ 100 taker", "closed a", "accepted b", "closed b"}));
}

TEST(BacktestExchange, ARestingOrderWaitsInItsQueue) {
  small_exchange e;
  e.quote("99", "5", "100", "2");
  e.place("a", side::buy, "99", "2");
  e.print("99", "4", true);
  EXPECT_EQ(e.events.log, strings{"accepted a"});
  e.print("99", "2", true);
  EXPECT_EQ(e.events.log.back(), "fill a 1 @ 99 maker");
  e.print("98.5", "9", true);
  EXPECT_EQ(e.events.log, (strings{"accepted a", "fill a 1 @ 99 maker", "fill a 1 @ 99 maker", "closed a"}));
}

TEST(BacktestExchange, AQuoteThatReachesAnOrderFillsIt) {
  small_exchange e;
  e.quote("99", "5", "100", "2");
  e.place("a", side::sell, "101", "3");
  e.quote("101", "2", "102", "1");
  EXPECT_EQ(e.events.log.back(), "fill a 2 @ 101 maker");
}

TEST(BacktestExchange, RefusesWhatItCannotTake) {
  small_exchange e;
  e.quote("99", "5", "100", "2");
  e.place("a", side::buy, "100", "1", exchanges::time_in_force::gtc, exchanges::order_type::limit_maker);
  e.place("b", side::buy, "99", "1000");
  EXPECT_EQ(e.events.log,
            (strings{"refused a: the post-only order would trade at once", "refused b: not enough USDT"}));
}

TEST(BacktestExchange, MoneyIsNeitherMadeNorLost) {
  small_exchange e("0.001");
  e.quote("99", "5", "100", "2");
  e.place("a", side::buy, "101", "3");
  e.place("b", side::sell, "102", "1");
  e.quote("103", "5", "104", "2");
  e.exchange.cancel(uuid{}, e.now);
  const auto bought = decimal(2);
  EXPECT_EQ(e.total("BTC"), decimal(10) + bought - decimal(1));
  EXPECT_EQ(e.total("USDT"), decimal(10'000) - decimal(200) + "101.898"_dec);
}

backtest_config config_of(const std::string& strategy, const std::string& parameters) {
  backtest_config c;
  c.strategy = strategy;
  c.parameters = parameters;
  c.instrument = test_instrument();
  c.balances = {{"USDT", decimal(10'000), {}}, {"BTC", "0.05"_dec, {}}};
  c.fees = {"0.001"_dec, "0.001"_dec};
  return c;
}

result<backtest_report> run_on(const backtest_config& c, const std::vector<fs::path>& files) {
  auto source = make_recorded_source(files, c.instrument.tick_size);
  return run_backtest(c, *source);
}

result<backtest_report> run_generated(const backtest_config& c, std::uint64_t seed) {
  auto source = make_generated_source({.seed = seed,
                                       .hours = 4,
                                       .daily_volatility = "0.05"_dec,
                                       .start_price = decimal(60'000),
                                       .begin = wall_time::from_ms(1'700'000'000'000)},
                                      c.instrument.tick_size, c.instrument.lot_size);
  return run_backtest(c, *source);
}

TEST(Backtest, EqualInputMakesEqualBytes) {
  const auto c = config_of("grid", R"({"levels":5,"spacing":"0.002","order_notional":"100"})");
  auto first = run_generated(c, 7), second = run_generated(c, 7), other = run_generated(c, 8);
  ASSERT_TRUE(first && second && other);
  EXPECT_GT(first->trades.size(), 10u);
  EXPECT_EQ(to_json_text(*first), to_json_text(*second));
  EXPECT_EQ(to_svg(*first), to_svg(*second));
  EXPECT_NE(to_json_text(*first), to_json_text(*other));
}

TEST(Backtest, EveryStrategyRunsOnTheRecordedMarket) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"grid", R"({"levels":8,"spacing":"0.0002","order_notional":"30"})"},
      {"dca", R"({"order_notional":"50","interval_s":60})"},
      {"twap", R"({"total_notional":"500","duration_s":600,"slices":10,"execution":"limit"})"},
      {"market_making",
       R"({"bid_spread":"0.0002","ask_spread":"0.0002","refresh_s":2,"tolerance":"0.0001","levels":2,"level_spacing":"0.0001"})"},
      {"rebalancing", R"({"target_share":"0.5","band":"0.01"})"},
      {"trailing_stop", R"({"trail":"0.001"})"},
  };
  for (const auto& [kind, parameters] : cases) {
    auto report = run_on(config_of(kind, parameters), {data_folder + "binance_btcusdt_bookticker_20240808.csv"});
    ASSERT_TRUE(report) << kind << ": " << report.error().detail;
    EXPECT_GT(report->trades.size(), 0u) << kind;
    EXPECT_LE(report->refused, 2) << kind << ": a post-only order may come too late";
    EXPECT_EQ(report->ended_because.find("failed"), std::string::npos) << report->ended_because;
  }
}

TEST(Backtest, FeesLatencyAndTheWindowCount) {
  auto c = config_of("dca", R"({"order_notional":"50","interval_s":60})");
  auto with = run_generated(c, 7);
  c.fees = {};
  auto without = run_generated(c, 7);
  ASSERT_TRUE(with && without);
  EXPECT_TRUE(without->fees.is_zero());
  EXPECT_GT(with->fees, decimal(9));
  EXPECT_GT(without->end_equity, with->end_equity);
  c.latency = 5s;
  auto slow = run_generated(c, 7);
  ASSERT_TRUE(slow);
  ASSERT_FALSE(slow->trades.empty());
  EXPECT_EQ(slow->trades[0].at - without->trades[0].at, nanoseconds(4950ms));
  c.from = wall_time::from_ms(1'700'000'000'000) + 3600s;
  c.to = *c.from + 600s;
  auto window = run_generated(c, 7);
  ASSERT_TRUE(window);
  EXPECT_EQ(window->begin, *c.from);
  EXPECT_EQ(window->market_events, 600);
}

TEST(Backtest, TheReportAddsUp) {
  auto r =
      run_generated(config_of("grid", R"({"levels":5,"spacing":"0.002","order_notional":"100","sides":"buys"})"), 7);
  ASSERT_TRUE(r);
  // What was there from the start rose with the price; the rest is what the books say.
  const auto held_from_start = "0.05"_dec * (r->last_price - r->first_price);
  EXPECT_LT((r->end_equity - r->start_equity - held_from_start - r->realised - r->unrealised).abs(), "0.0001"_dec);
  EXPECT_GE(r->max_drawdown, decimal());
  EXPECT_LE(r->curve.size(), backtest_curve_limit);
  EXPECT_TRUE(r->time_in_market.is_positive());
  const auto parsed = json::parse(to_json_text(*r));
  EXPECT_EQ(parsed["fills"].size(), r->trades.size());
  EXPECT_NE(to_table(*r).find("max drawdown"), std::string::npos);
  EXPECT_NE(to_svg(*r).find("<polyline"), std::string::npos);
}

TEST(Backtest, AFinishedStrategyIsNamed) {
  auto r = run_generated(config_of("twap", R"({"total_notional":"500","duration_s":600,"slices":10})"), 7);
  ASSERT_TRUE(r);
  EXPECT_NE(r->ended_because.find("all slices are traded"), std::string::npos) << r->ended_because;
}

TEST(Backtest, RefusesWhatItCannotRun) {
  const auto detail = [](const backtest_config& c) {
    auto r = run_generated(c, 1);
    return r ? std::string("ran") : r.error().detail;
  };
  EXPECT_NE(detail(config_of("gird", "{}")).find("there is no strategy 'gird'; there are grid, dca"),
            std::string::npos);
  EXPECT_NE(detail(config_of("grid", R"({"levels":0})")).find("levels"), std::string::npos);
  EXPECT_NE(detail(config_of("grid", R"({"symbol":"ETH/USDT"})")).find("ETH/USDT"), std::string::npos);
}

class scratch_file {
public:
  explicit scratch_file(const std::string& text)
      : path_(fs::temp_directory_path() / ("backtest_test_" + std::to_string(++count_) + ".csv")) {
    if (!system_files().write_atomically(path_, text)) throw std::runtime_error("no scratch file");
  }
  ~scratch_file() { fs::remove(path_); }
  const fs::path& path() const { return path_; }

private:
  static inline int count_ = 0;
  fs::path path_;
};

std::vector<market_event> read_all(const std::vector<fs::path>& files, std::string* failure = nullptr) {
  auto source = make_recorded_source(files, "0.01"_dec);
  std::vector<market_event> out;
  for (;;) {
    auto e = source->next();
    if (!e) {
      if (failure != nullptr) *failure = e.error().detail;
      return out;
    }
    if (!*e) return out;
    out.push_back(**e);
  }
}

TEST(RecordedSource, ReadsFramesOfTheRecorderPacked) {
  const auto events = read_all({data_folder + "btcusdt_excerpt.gz"});
  EXPECT_GT(events.size(), 2000u);
  EXPECT_EQ(std::ranges::count_if(events, [](const market_event& e) { return e.trade.has_value(); }), 548);
  EXPECT_TRUE(std::ranges::is_sorted(events, {}, &market_event::at));
}

TEST(RecordedSource, ReadsTradesAndCandlesWithAndWithoutHeader) {
  const scratch_file trades("1,100.5,2,201,1700000000000,true,true\n2,100.6,1,100.6,1700000001000,False,True\n");
  auto events = read_all({trades.path()});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].top->bid_price, "100.5"_dec);
  EXPECT_EQ(events[1].top->ask_price, "100.6"_dec);
  const scratch_file candles("open_time,open,high,low,close,volume\n1700000000,10,12,9,11,8\n");
  events = read_all({candles.path()});
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1].trade->price, decimal(9));
  EXPECT_EQ(events[2].trade->price, decimal(12));
  EXPECT_EQ(events[3].trade->quantity, decimal(2));
}

TEST(RecordedSource, ErrorsNameFileAndLine) {
  std::string failure;
  const scratch_file bad("time,price,qty\n1700000000,10,1\n1700000001,ten,1\n");
  EXPECT_EQ(read_all({bad.path()}, &failure).size(), 1u);
  EXPECT_NE(failure.find("line 3: 'ten' is not a price or quantity"), std::string::npos) << failure;
  const scratch_file header("a,b,c\n1,2,3\n");
  read_all({header.path()}, &failure);
  EXPECT_NE(failure.find("line 1: the header names neither"), std::string::npos) << failure;
  read_all({"/nowhere/at.csv"}, &failure);
  EXPECT_NE(failure.find("at.csv"), std::string::npos) << failure;
}

}  // namespace
}  // namespace drover::engine
