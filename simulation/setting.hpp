#pragma once

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "exchanges/protocol/rate_rule.hpp"
#include "simulation/api_keys.hpp"
#include "simulation/bias.hpp"
#include "simulation/copy_office.hpp"
#include "simulation/fault_plan.hpp"
#include "simulation/model_accounts.hpp"
#include "simulation/model_database.hpp"
#include "simulation/model_disk.hpp"
#include "simulation/model_venue.hpp"
#include "simulation/oracle.hpp"
#include "simulation/raw_watch.hpp"
#include "simulation/world.hpp"

namespace drover::simulation {

struct model_account {
  account_id id;
  user_id user;
  std::size_t venue = 0;
};

/// What engines find around them, and what is drawn once for a run.
struct setting {
  /// `span`: how long the run is to be.
  setting(std::uint64_t seed, nanoseconds span, const bias&, bool print);

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
  /// Nobody wants anything new, for a while or any more.
  bool quiet = false;
  /// It is a quiet stretch: thoughts, markets and what goes wrong are far apart.
  bool asleep = false;
  /// How long a stretch lasts in which nobody wants anything, on average; zero: there is none. Never in the first hour.
  nanoseconds quiet_stretch{};
  /// The bot manager runs the accounts; else each has a desk with a trader behind it.
  bool bots = false;
  /// Of bots: the grid, else orders by chance.
  bool grid = false;
  account_office office;
  /// The first so many accounts lead, the others follow them; 0 = nobody follows anybody.
  std::size_t leads = 0;
  /// Null where nobody follows anybody.
  std::unique_ptr<copy_office> rooms;
  /// The venues' limits, in the order of link_transit_detail.hpp; in some runs a budget that is always short.
  std::array<exchanges::rate_rule, 2> rules;
  key_register keys;
  /// Engines record what the venues say, on this disk.
  bool recording = false;
  model_disk disk;
  raw_watch records;
  /// Log lines of every level are looked through.
  bool loud = false;

  /// Runs what needs nothing but the world.
  void finish(task<void>);
  /// What a store that waits for nothing answers; std::logic_error when it refuses.
  template <class T>
  T ask(task<result<T>> question);
  /// The same of one that may refuse.
  template <class T>
  result<T> answer(task<result<T>> question);
  /// Uniform in (0, 2 * mean); far more in a quiet stretch.
  nanoseconds pause(nanoseconds mean);
  nanoseconds below(nanoseconds span);

private:
  void prefer(const bias&);
  void add_account(std::size_t venue);
  void begin_copying(random_source&);
  template <class T>
  static task<void> keep(task<result<T>> question, std::optional<result<T>>& out) {
    out = co_await std::move(question);
  }
};

template <class T>
result<T> setting::answer(task<result<T>> question) {
  std::optional<result<T>> answer;
  finish(keep<T>(std::move(question), answer));
  if (!answer) throw std::logic_error("a store gave no answer");
  return std::move(*answer);
}

template <class T>
T setting::ask(task<result<T>> question) {
  auto said = answer(std::move(question));
  if (!said) throw std::logic_error("a store refused: " + said.error().to_string());
  if constexpr (!std::is_void_v<T>) return std::move(*said);
}

}  // namespace drover::simulation
