#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <future>
#include <iterator>
#include <set>
#include <stdexcept>

#include "base/thread_meters.hpp"
#include "bench/benches.hpp"
#include "bench/bot_rig.hpp"
#include "bench/eager_strategy.hpp"
#include "engine/bots/turn_mark.hpp"

namespace drover::bench {
namespace {

constexpr int good_bots = 200, throwers = 10, burners = 5, sippers = 5, hoarders = 1, beggars = 1;
constexpr int bad_bots = throwers + burners + sippers + hoarders + beggars;
/// Ticks before the bad ones wake up and anything counts.
constexpr int warm_up = 20;
/// Of processor time: on a busy machine a turn of so long burns less.
constexpr nanoseconds burn_time = 20ms;
/// Never too long for one call.
constexpr nanoseconds sip_time = 18ms;
constexpr std::size_t hoard_bytes = 1024 * 1024;
/// Refused orders stand for log lines: strategies cannot log, but each of these would be one.
constexpr int begging = 250;
/// Between ticks, as a market that moves ten times a second.
constexpr nanoseconds tick_interval = 100ms;

/// What is bad at every tick, from the end of the warm-up on.
class bad_strategy : public eager_strategy {
public:
  bool wants_tick(const exchanges::book_ticker&) override { return awake; }
  static inline bool awake = false;

protected:
  static void burn(nanoseconds time) {
    const auto end = thread_processor_time() + time;
    while (thread_processor_time() < end) {
    }
  }
};

class throwing final : public bad_strategy {
public:
  engine::strategy_actions on_tick(const engine::strategy_context&) override { throw std::runtime_error("as always"); }
};
class burning final : public bad_strategy {
public:
  engine::strategy_actions on_tick(const engine::strategy_context&) override {
    burn(burn_time);
    return {};
  }
};
class sipping final : public bad_strategy {
public:
  engine::strategy_actions on_tick(const engine::strategy_context&) override {
    burn(sip_time);
    return {};
  }
};
class hoarding final : public bad_strategy {
public:
  engine::strategy_actions on_tick(const engine::strategy_context&) override {
    bytes_ = std::vector<char>(hoard_bytes, 'x');
    return {};
  }

private:
  /// Of a local that nobody sees the compiler leaves the allocation out.
  std::vector<char> bytes_;
};
class chattering final : public bad_strategy {
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
                                make_kind<burning>("burning"),      make_kind<sipping>("sipping"),
                                make_kind<hoarding>("hoarding"),    make_kind<chattering>("chattering")};
  const auto at = std::ranges::find(kinds, name, &engine::strategy_kind::name);
  return at == kinds.end() ? nullptr : &*at;
}

struct outcome {
  std::vector<nanoseconds> taken;
  /// From their first bad tick until the last of them was quarantined; of the throwing ones, which first get their
  /// restarts, apart. 0 = some are not.
  nanoseconds greedy_gone{}, throwing_gone{};
  /// Bad bots that are quarantined in the end, and that were slowed down at some time.
  std::ptrdiff_t quarantined = 0, slowed = 0;
};

/// `count` ticks after the warm-up.
outcome measure(int count, bool beside_hogs) {
  alignas(8) std::array<std::byte, engine::turn_mark::size_bytes> page{};
  engine::turn_mark marks(page);
  bot_rig rig({}, find_kind, {&marks, thread_processor_time, allocated_bytes});
  rig.add_bots(good_bots, "eager");
  if (beside_hogs) {
    rig.add_bots(throwers, "throwing");
    rig.add_bots(burners, "burning");
    rig.add_bots(sippers, "sipping");
    rig.add_bots(hoarders, "hoarding");
    rig.add_bots(beggars, "chattering");
  }
  const auto first_bad = rig.bots().begin() + good_bots, first_greedy = first_bad + (beside_hogs ? throwers : 0);
  const auto is_gone = [&rig](bot_id id) { return rig.status(id).state == engine::bot_state::quarantined; };
  outcome out;
  steady_time fed_at;
  int ordered = 0;
  rig.on_order = [&] {
    out.taken.push_back(rig.time().now() - fed_at);
    ++ordered;
  };
  rig.start();
  steady_time began;
  std::set<bot_id> slowed;
  for (int i = 0; i < warm_up + count; ++i) {
    if (i == warm_up) {
      out.taken.clear();
      if (beside_hogs) bad_strategy::awake = true;
      began = rig.time().now();
    }
    const auto next = rig.time().now() + tick_interval;
    ordered = 0;
    fed_at = rig.time().now();
    rig.feed(i);
    rig.turn_until("orders of all good bots", [&] { return ordered >= good_bots; });
    rig.turn_until("next tick", [&] { return rig.time().now() >= next; });
    if (!beside_hogs) continue;
    const auto since = rig.time().now() - began;
    std::copy_if(first_bad, rig.bots().end(), std::inserter(slowed, slowed.end()),
                 [&](bot_id id) { return rig.is_slowed(id); });
    if (out.greedy_gone == 0ns && std::all_of(first_greedy, rig.bots().end(), is_gone)) out.greedy_gone = since;
    if (out.throwing_gone == 0ns && std::all_of(first_bad, first_greedy, is_gone)) out.throwing_gone = since;
  }
  out.quarantined = std::count_if(first_bad, rig.bots().end(), is_gone);
  out.slowed = std::ssize(slowed);
  rig.stop();
  return out;
}

double ms(nanoseconds d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace

int run_hogs(int count) {
  // At the same time, each on a thread of its own: what else the machine does meets both.
  auto others = std::async(std::launch::async, [count] { return measure(count, false); });
  const auto beside = measure(count, true);
  const auto alone = others.get();
  const latencies good(alone.taken), bothered(beside.taken);
  fmt::print(
      "{{\"alone_p99_ms\":{:.3f},\"beside_p99_ms\":{:.3f},\"alone_p50_ms\":{:.3f},\"beside_p50_ms\":{:.3f},\"beside_"
      "worst_ms\":{:.3f},"
      "\"greedy_gone_s\":{:.3f},\"throwing_gone_s\":{:.3f},\"bad\":{},\"quarantined\":{},\"slowed\":{}}}\n",
      ms(good.at(0.99)), ms(bothered.at(0.99)), ms(good.at(0.5)), ms(bothered.at(0.5)), ms(bothered.at(1)),
      ms(beside.greedy_gone) / 1000, ms(beside.throwing_gone) / 1000, bad_bots, beside.quarantined, beside.slowed);
  return 0;
}

}  // namespace drover::bench
