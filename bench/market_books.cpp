#include <fmt/core.h>
#include <malloc.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <stdexcept>

#include "base/task_scope.hpp"
#include "bench/benches.hpp"
#include "bench/loopless_venue.hpp"
#include "bench/turn.hpp"
#include "exchanges/binance/parse.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "exchanges/registry.hpp"

namespace drover::bench {
namespace {

using namespace exchanges;

constexpr int levels_a_side = 100, changes_a_side = 20, warm_up = 200;
constexpr std::int64_t snapshot_id = 5, first_update_id = 10;
constexpr nanoseconds patience = 60s;

std::string level(int price_cents, int step) {
  return fmt::format(R"(["{}.{:02}000000","{}.{:05}000"])", price_cents / 100, price_cents % 100, step % 3,
                     1 + step * 7919 % 99'999);
}

/// `count` levels of both sides from `first` on, a cent apart; the quantities change with `step`.
std::string both_sides(const char* bids_name, const char* asks_name, int first, int count, int step) {
  std::string bids, asks;
  for (int i = first; i < first + count; ++i) {
    const int at = i % levels_a_side;
    bids += (bids.empty() ? "" : ",") + level(6'000'000 - at, step + at);
    asks += (asks.empty() ? "" : ",") + level(6'000'001 + at, step + at);
  }
  return fmt::format(R"("{}":[{}],"{}":[{}])", bids_name, bids, asks_name, asks);
}

std::string make_snapshot() {
  return fmt::format(R"({{"lastUpdateId":{},{}}})", snapshot_id, both_sides("bids", "asks", 0, levels_a_side, 1));
}

/// The n-th update of a symbol, 0 the one that the snapshot falls into.
std::string make_update(const std::string& base, int n) {
  const std::int64_t from = n == 0 ? 1 : first_update_id + n, to = first_update_id + n;
  return fmt::format(
      R"({{"stream":"x@depth@100ms","data":{{"e":"depthUpdate","E":1732104000123,"s":"{}USDT","U":{},"u":{},{}}}}})",
      base, from, to, both_sides("b", "a", n * changes_a_side, changes_a_side, n));
}

std::string base_name(int i) {
  return fmt::format("C{:05}", i);
}

double us(nanoseconds d) {
  return std::chrono::duration<double, std::micro>(d).count();
}

/// The market data of one venue without a wire.
class rig {
public:
  rig() {
    http_.book = make_snapshot();
    venue_ =
        make_exchange(loopless_config(), {io_.get_executor(), *timers_, system_random(), http_, sockets_, *recorder_}).value();
    venue_->start();
  }
  ~rig() {
    subscriptions_.clear();
    bool stopped = false;
    task_scope scope(io_.get_executor(), "bench");
    scope.spawn("stop", stop(*venue_, stopped));
    turn_until("the end", [&] { return stopped; });
  }

  /// `base` against USDT; each book that is told counts.
  void subscribe(const std::string& base) {
    subscriptions_.push_back(venue_->subscribe_book(
        base + "/USDT", [this](const std::shared_ptr<const book_view>& b) { calls_ += b ? 1 : 0; }));
  }
  void await_topics(std::size_t count) {
    turn_until("subscriptions", [&] { return sockets_.subscribed_topics() >= count; });
  }
  /// Returns when `calls` subscribers have heard of it.
  nanoseconds feed(std::string frame, std::int64_t calls) {
    const auto until = calls_ + calls;
    const auto start = time_.now();
    sockets_.feed(std::move(frame));
    turn_until("a book", [&] { return calls_ >= until; });
    return time_.now() - start;
  }
  void feed_unheard(std::string frame) { sockets_.feed(std::move(frame)); }
  void await_calls(std::int64_t count) {
    turn_until("books", [&] { return calls_ >= count; });
  }
  /// What is left to do is not part of the next figure.
  void calm() {
    io_.restart();
    io_.poll();
  }

private:
  static task<void> stop(exchange& venue, bool& stopped) {
    co_await venue.stop();
    stopped = true;
  }
  template <class Condition>
  void turn_until(const char* what, Condition condition) {
    bench::turn_until(io_, time_, patience, what, std::move(condition));
  }

  asio::io_context io_{1};
  const clock& time_ = system_clock();
  std::unique_ptr<timer_queue> timers_ = make_timer_queue(io_.get_executor(), time_);
  std::unique_ptr<raw_recorder> recorder_ = make_discarding_recorder();
  loopless_http http_;
  loopless_websockets sockets_{io_.get_executor()};
  std::unique_ptr<exchange> venue_;
  std::vector<std::unique_ptr<market_subscription>> subscriptions_;
  std::int64_t calls_ = 0;
};

std::vector<nanoseconds> callback_times(int subscribers, int count) {
  rig market;
  const auto base = base_name(0);
  for (int i = 0; i < subscribers; ++i) market.subscribe(base);
  market.await_topics(1);
  market.feed(make_update(base, 0), subscribers);
  std::vector<nanoseconds> taken;
  for (int n = 1; n <= warm_up + count; ++n) {
    auto frame = make_update(base, n);
    market.calm();
    const auto took = market.feed(std::move(frame), subscribers);
    if (n > warm_up) taken.push_back(took);
  }
  return taken;
}

std::vector<nanoseconds> parse_times(int count) {
  std::vector<nanoseconds> taken;
  for (int n = 1; n <= warm_up + count; ++n) {
    const auto frame = make_update(base_name(0), n);
    const auto start = system_clock().now();
    const auto parsed = binance::parse_market_frame(frame);
    const auto took = system_clock().now() - start;
    if (!parsed) throw std::runtime_error("the floor does not work");
    if (n > warm_up) taken.push_back(took);
  }
  return taken;
}

std::size_t allocated_bytes() {
  const auto m = mallinfo2();
  return m.uordblks + m.hblkhd;
}

}  // namespace

int run_book_to_callback(int count) {
  const latencies one(callback_times(1, count)), many(callback_times(1000, count)), floor(parse_times(count));
  fmt::print(
      R"({{"p50_us":{:.2f},"p99_us":{:.2f},"many_p50_us":{:.2f},"many_p99_us":{:.2f},"floor_p50_us":{:.2f},"floor_p99_us":{:.2f}}})"
      "\n",
      us(one.at(0.5)), us(one.at(0.99)), us(many.at(0.5)), us(many.at(0.99)), us(floor.at(0.5)), us(floor.at(0.99)));
  return 0;
}

int run_symbol_bytes(int symbols) {
  rig market;
  market.subscribe(base_name(0));
  market.await_topics(1);
  market.feed(make_update(base_name(0), 0), 1);
  market.calm();
  const auto before = allocated_bytes();
  for (int i = 1; i < symbols; ++i) market.subscribe(base_name(i));
  market.await_topics(static_cast<std::size_t>(symbols));
  for (int i = 1; i < symbols; ++i) market.feed_unheard(make_update(base_name(i), 0));
  market.await_calls(symbols);
  // A round of updates, so that every book has been through both.
  for (int i = 1; i < symbols; ++i) market.feed(make_update(base_name(i), 1), 1);
  market.calm();
  const auto each = static_cast<double>(allocated_bytes() - before) / (symbols - 1);
  const auto floor = 2 * levels_a_side * sizeof(book_level);
  fmt::print(R"({{"symbols":{},"levels":{},"bytes":{:.0f},"level_bytes":{}}})"
             "\n",
             symbols, 2 * levels_a_side, each, floor);
  return 0;
}

}  // namespace drover::bench
