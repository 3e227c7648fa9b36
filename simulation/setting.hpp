#pragma once

#include <memory>
#include <vector>

#include "simulation/fault_plan.hpp"
#include "simulation/model_accounts.hpp"
#include "simulation/model_database.hpp"
#include "simulation/model_venue.hpp"
#include "simulation/oracle.hpp"
#include "simulation/world.hpp"

namespace drover::simulation {

struct model_account {
  account_id id;
  user_id user;
  std::size_t venue = 0;
};

/// What engines find around them, and what is drawn once for a run.
struct setting {
  setting(std::uint64_t seed, bool print);

  history past;
  seeded_random draws;
  world sim;
  oracle judge;
  fault_plan faults;
  model_database database;
  std::vector<std::unique_ptr<model_venue>> venues;
  std::vector<model_account> accounts;
  /// Between two thoughts of a trader, on average; between two moves of the markets.
  nanoseconds think_time{}, market_interval{};
  /// Nobody wants anything new any more.
  bool quiet = false;
  /// The bot manager runs the accounts; else each has a desk with a trader behind it.
  bool bots = false;
  /// Of bots: the grid, else orders by chance.
  bool grid = false;
  account_office office;

  /// Uniform in (0, 2 * mean).
  /// Runs what needs nothing but the world.
  void finish(task<void>);
  static nanoseconds around(nanoseconds mean, random_source&);
};

}  // namespace drover::simulation
