#include <fmt/core.h>

#include <stdexcept>

#include "bench/benches.hpp"
#include "bench/bot_rig.hpp"
#include "bench/eager_strategy.hpp"
#include "crypto/mac.hpp"
#include "exchanges/binance/parse.hpp"

namespace drover::bench {
namespace {

constexpr int warm_up = 200;

double us(nanoseconds d) { return std::chrono::duration<double, std::micro>(d).count(); }

/// The floor: parse the frame and sign the order's form, with the key schedule made anew as for a key that is wiped after use.
std::vector<nanoseconds> floor_times(int count) {
  const auto& time = system_clock();
  const std::string form =
      "timestamp=1700000000123&symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00100&price=60000.10&"
      "newClientOrderId=0123456789abcdef0123456789abcdef&recvWindow=5000";
  const std::string key(64, 's');
  std::vector<nanoseconds> taken;
  for (int i = 0; i < count; ++i) {
    const auto frame = tick_frame(i);
    const auto start = time.now();
    auto parsed = exchanges::binance::parse_market_frame(frame);
    auto signature = crypto::hmac_sha256(key, form);
    taken.push_back(time.now() - start);
    if (!parsed || signature.empty()) throw std::runtime_error("the floor does not work");
  }
  return taken;
}

}  // namespace

int run_tick_to_order(int count) {
  bot_rig rig({}, eager_kind);
  rig.add_bots(1, "eager");
  std::vector<nanoseconds> taken;
  steady_time fed_at;
  rig.on_order = [&] { taken.push_back(rig.time().now() - fed_at); };
  rig.start();
  for (int i = 0; i < warm_up + count; ++i) {
    const auto before = taken.size();
    fed_at = rig.time().now();
    rig.feed(i);
    rig.turn_until("order", [&] { return taken.size() > before; });
    // The rest of the order's life is not part of the figure, but of the next one's calm.
    rig.settle();
  }
  taken.erase(taken.begin(), taken.end() - count);
  const latencies ours(std::move(taken)), floor(floor_times(count));
  rig.stop();
  fmt::print("{{\"p50_us\":{:.2f},\"p99_us\":{:.2f},\"floor_p50_us\":{:.2f},\"floor_p99_us\":{:.2f}}}\n", us(ours.at(0.5)), us(ours.at(0.99)),
             us(floor.at(0.5)), us(floor.at(0.99)));
  return 0;
}

}  // namespace drover::bench
