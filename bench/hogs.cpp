#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/thread_meters.hpp"
#include "bench/benches.hpp"
#include "bench/bot_rig.hpp"
#include "bench/eager_strategy.hpp"
#include "engine/bots/turn_mark.hpp"

namespace drover::bench {
namespace {

constexpr int good_bots = 200, throwers = 10, burners = 5;
constexpr int warm_up = 20;
/// Of processor time: on a busy machine a turn of so long burns less.
constexpr nanoseconds burn_time = 20ms;
constexpr std::size_t hoard_bytes = 1024 * 1024;
/// Refused orders stand for log lines: strategies cannot log, but each of these would be one.
constexpr int begging = 250;
/// Between ticks, as a market that moves ten times a second.
constexpr nanoseconds tick_interval = 100ms;

class throwing final : public eager_strategy {
public:
  engine::strategy_actions on_tick(const engine::strategy_context&) override { throw std::runtime_error("as always"); }
};
class burning final : public eager_strategy {
public:
  engine::strategy_actions on_tick(const engine::strategy_context&) override {
    const auto end = thread_processor_time() + burn_time;
    while (thread_processor_time() < end) {
    }
    return {};
  }
};
class hoarding final : public eager_strategy {
public:
  engine::strategy_actions on_tick(const engine::strategy_context&) override {
    bytes_ = std::vector<char>(hoard_bytes, 'x');
    return {};
  }

private:
  /// Of a local that nobody sees the compiler leaves the allocation out.
  std::vector<char> bytes_;
};
class chattering final : public eager_strategy {
public:
  engine::strategy_actions on_tick(const engine::strategy_context&) override {
    engine::strategy_actions out;
    for (int i = 0; i < begging; ++i)
      out.push_back(engine::place_order{exchanges::side::buy, exchanges::order_type::limit, decimal(++asked_),
                                        decimal(asked_), "beg"});
    return out;
  }

private:
  std::int64_t asked_ = 0;
};

const engine::strategy_kind* find_kind(std::string_view name) {
  static const std::array kinds{make_kind<eager_strategy>("eager"), make_kind<throwing>("throwing"),
                                make_kind<burning>("burning"), make_kind<hoarding>("hoarding"),
                                make_kind<chattering>("chattering")};
  const auto at = std::ranges::find(kinds, name, &engine::strategy_kind::name);
  return at == kinds.end() ? nullptr : &*at;
}

struct outcome {
  std::vector<nanoseconds> taken;
  /// From the first tick until the last of them was quarantined; of the throwing ones, which first get their restarts,
  /// apart.
  nanoseconds greedy_gone{}, throwing_gone{};
};

/// Ticks until every bad bot is quarantined and at least `count` have passed.
outcome measure(int count, bool beside_hogs) {
  alignas(8) static std::array<std::byte, engine::turn_mark::size_bytes> page;
  engine::turn_mark marks(page);
  bot_rig rig({}, find_kind, {&marks, thread_processor_time, allocated_bytes});
  rig.add_bots(good_bots, "eager");
  if (beside_hogs) {
    rig.add_bots(throwers, "throwing");
    rig.add_bots(burners, "burning");
    rig.add_bots(1, "hoarding");
    rig.add_bots(1, "chattering");
  }
  const auto first_bad = rig.bots().begin() + good_bots, first_greedy = first_bad + (beside_hogs ? throwers : 0);
  const auto gone = [&rig](auto from, auto to) {
    return std::all_of(from, to, [&rig](bot_id id) { return rig.status(id).state == engine::bot_state::quarantined; });
  };
  outcome out;
  steady_time fed_at;
  int ordered = 0;
  rig.on_order = [&] {
    out.taken.push_back(rig.time().now() - fed_at);
    ++ordered;
  };
  rig.start();
  const auto began = rig.time().now();
  for (int i = 0; i < count || out.greedy_gone == 0ns || out.throwing_gone == 0ns; ++i) {
    if (i == warm_up) out.taken.clear();
    const auto next = rig.time().now() + tick_interval;
    ordered = 0;
    fed_at = rig.time().now();
    rig.feed(i);
    rig.turn_until("orders of all good bots", [&] { return ordered >= good_bots; });
    rig.turn_until("next tick", [&] { return rig.time().now() >= next; });
    const auto since = rig.time().now() - began;
    if (out.greedy_gone == 0ns && gone(first_greedy, rig.bots().end())) out.greedy_gone = since;
    if (out.throwing_gone == 0ns && gone(first_bad, first_greedy)) out.throwing_gone = since;
  }
  rig.stop();
  return out;
}

double ms(nanoseconds d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace

int run_hogs(int count) {
  const auto alone = measure(count, false);
  const auto beside = measure(count, true);
  const latencies good(alone.taken), bothered(beside.taken);
  fmt::print(
      "{{\"alone_p99_ms\":{:.3f},\"beside_p99_ms\":{:.3f},\"alone_p50_ms\":{:.3f},\"beside_p50_ms\":{:.3f},\"beside_"
      "worst_ms\":{:.3f},"
      "\"greedy_gone_s\":{:.3f},\"throwing_gone_s\":{:.3f}}}\n",
      ms(good.at(0.99)), ms(bothered.at(0.99)), ms(good.at(0.5)), ms(bothered.at(0.5)), ms(bothered.at(1)),
      ms(beside.greedy_gone) / 1000, ms(beside.throwing_gone) / 1000);
  return 0;
}

}  // namespace drover::bench
