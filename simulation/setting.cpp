#include "simulation/setting.hpp"

#include <stdexcept>
#include <string>

namespace drover::simulation {
namespace {

constexpr std::uint64_t most_venues = 3, most_accounts = 6;
constexpr nanoseconds shortest_think = std::chrono::seconds(2), shortest_market = std::chrono::seconds(2);
/// Doublings of the two above.
constexpr std::uint64_t think_doublings = 7, market_doublings = 5;

task<void> connect(account_office& office, user_id user, std::string venue) {
  co_await office.connect(user, std::move(venue));
}

}  // namespace

setting::setting(std::uint64_t seed, bool print)
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
      office(sim, draws.next_u64()) {
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
  for (std::uint64_t i = 0; i < account_count; ++i) {
    const auto number = static_cast<std::int64_t>(i + 1);
    const auto venue = static_cast<std::size_t>(draws.below(venue_count));
    accounts.push_back({account_id(number), user_id(1 + number / 2), venue});
    finish(connect(office, accounts.back().user, venues[venue]->name()));
  }
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

nanoseconds setting::around(nanoseconds mean, random_source& random) {
  return nanoseconds(static_cast<std::int64_t>(1 + random.below(static_cast<std::uint64_t>(2 * mean.count()))));
}

}  // namespace drover::simulation
