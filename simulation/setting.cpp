#include "simulation/setting.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace drover::simulation {
namespace {

constexpr std::uint64_t most_venues = 3, most_accounts = 6;
constexpr nanoseconds shortest_think = std::chrono::seconds(2), shortest_market = std::chrono::seconds(2);
/// Doublings of the two above.
constexpr std::uint64_t think_doublings = 7, market_doublings = 5;
/// Between two thoughts or moves in a quiet stretch.
constexpr nanoseconds asleep_pause = std::chrono::minutes(30);
/// Busy stretches that a run has on average, at most: long runs are not all trading.
constexpr int most_wakings = 40;
/// From people who are never away for long to years in which hardly anything happens.
constexpr std::array<nanoseconds, 6> quiet_stretches{1h, 4h, 12h, 24h, 72h, 168h};
constexpr nanoseconds longest_restless = std::chrono::hours(24);
constexpr std::uint64_t restless_one_in = 64, loud_one_in = 8, scarce_one_in = 4, recording_one_in = 3,
                        copying_one_in = 2;
constexpr std::uint64_t copy_mark = 0x636f'7079'0000'0000;
constexpr std::uint64_t least_copying_accounts = 3;

nanoseconds draw_quiet_stretch(random_source& draws, nanoseconds span) {
  const bool restless = draws.below(restless_one_in) == 0;
  const auto drawn = quiet_stretches[draws.below(quiet_stretches.size())];
  if (restless && span <= longest_restless) return {};
  return std::max(drawn, span / most_wakings);
}

std::array<exchanges::rate_rule, 2> make_rules(bool scarce) {
  using exchanges::rate_rule, exchanges::rate_scope;
  return {
      rate_rule{.name = "requests_1m",
                .scope = rate_scope::address,
                .limit = scarce ? 240 : 1'200,
                .window = std::chrono::minutes(1)},
      rate_rule{.name = "orders_10s", .scope = rate_scope::account, .limit = scarce ? 4 : 50, .window = seconds(10)}};
}

task<void> connect(account_office& office, user_id user, std::string venue) {
  co_await office.connect(user, std::move(venue));
}

}  // namespace

setting::setting(std::uint64_t seed, nanoseconds span, const bias& preferred, bool print)
    : past(print),
      draws(seed),
      sim(draws.next_u64(), draws.below(4) == 0),
      judge(sim, past),
      faults(fault_plan::draw(draws)),
      database(sim, judge, faults),
      think_time(shortest_think * (1 << draws.below(think_doublings))),
      market_interval(shortest_market * (1 << draws.below(market_doublings))),
      bots(draws.below(2) == 0),
      grid(bots && draws.below(3) == 0),
      office(sim, draws.next_u64()),
      disk(sim, judge, faults),
      records(sim, faults) {
  quiet_stretch = draw_quiet_stretch(draws, span);
  rules = make_rules(draws.below(scarce_one_in) == 0);
  loud = draws.below(loud_one_in) == 0;
  recording = draws.below(recording_one_in) == 0;
  prefer(preferred);
  // Gaps are told in wall time, and one recorder writes to a folder.
  if (recording)
    for (const auto f : {fault::clock_wrong, fault::clock_jumps, fault::engine_twice}) faults.remove(f);
  const auto kinds = venue_kinds();
  const auto venue_count = 1 + draws.below(most_venues);
  for (std::uint64_t i = 0; i < venue_count; ++i) {
    const auto& kind = kinds[draws.below(kinds.size())];
    venues.push_back(std::make_unique<model_venue>(sim, kind, std::string(kind.name) + std::to_string(i + 1), faults));
    auto* venue = venues.back().get();
    venue->set_order_listener(
        [this, venue](const venue_order& o) { judge.order_placed(*venue, account_id(o.account), o); });
  }
  const auto account_count = 1 + draws.below(most_accounts);
  for (std::uint64_t i = 0; i < account_count; ++i) add_account(static_cast<std::size_t>(draws.below(venue_count)));
  // From another source, so that runs in which nobody follows anybody are as they were.
  seeded_random copy_draws(seed ^ copy_mark);
  const bool copying = copy_draws.below(copying_one_in) == 0;
  if (bots && preferred.copying.value_or(copying)) begin_copying(copy_draws);
}

void setting::add_account(std::size_t venue) {
  const auto number = static_cast<std::int64_t>(accounts.size() + 1);
  accounts.push_back({account_id(number), user_id(1 + number / 2), venue});
  finish(connect(office, accounts.back().user, venues[venue]->name()));
}

void setting::begin_copying(random_source& from) {
  const auto wanted = least_copying_accounts + from.below(3);
  while (accounts.size() < wanted) add_account(static_cast<std::size_t>(from.below(venues.size())));
  // One engine works on a database: who follows is told by one.
  faults.remove(fault::engine_twice);
  leads = 1 + from.below(accounts.size() / least_copying_accounts);
  rooms = std::make_unique<copy_office>(sim, judge, office, from.next_u64());
  database.set_rooms(rooms.get());
}

void setting::prefer(const bias& wanted) {
  bots = wanted.bots.value_or(bots);
  grid = bots && wanted.grid.value_or(grid);
  recording = wanted.recording.value_or(recording);
  loud = wanted.loud.value_or(loud);
  if (wanted.scarce) rules = make_rules(*wanted.scarce);
  for (const auto f : wanted.surely) faults.ensure(f);
  for (const auto f : wanted.never) faults.remove(f);
}

void setting::finish(task<void> work) {
  std::string broken;
  task_scope scope(sim.get_executor(), "setting",
                   [&broken](std::string_view, std::string_view what) { broken = what; });
  scope.spawn("work", std::move(work));
  while (scope.size() > 0 && sim.step(sim.now())) {
  }
  if (!broken.empty()) throw std::logic_error(broken);
}

nanoseconds setting::pause(nanoseconds mean) {
  if (asleep) mean = asleep_pause;
  return nanoseconds(1) + below(2 * mean);
}

nanoseconds setting::below(nanoseconds span) {
  return nanoseconds(static_cast<std::int64_t>(sim.random().below(static_cast<std::uint64_t>(span.count()))));
}

}  // namespace drover::simulation
