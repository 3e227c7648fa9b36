#pragma once

#include <vector>

#include "base/random.hpp"
#include "exchanges/paper/matching_engine.hpp"

namespace drover::exchanges::paper {

struct generator_rules {
  /// Largest move of the mid price per step.
  int step_basis_points = 3;
  /// Quoted levels on each side.
  int levels = 20;
};

/// Market makers and takers of the house: a random walk of the mid price, a ladder of quotes around it on a fixed grid of
/// prices, and takers who trade with the book, so that resting orders of accounts really fill, in parts too, when the
/// market trades through them. Equal seeds and equal sequences of calls make equal markets. One thread.
class market_generator {
 public:
  market_generator(matching_engine&, generator_rules, std::uint64_t seed);

  /// Starts quoting an instrument around `price`.
  void add(instrument_number, decimal price, wall_time now);
  /// One step of one instrument.
  void step(instrument_number, wall_time now);
  /// Moves the mid at once: every order of an account between the old and the new mid fills whole, then the ladder follows.
  void set_mid(instrument_number, decimal mid, wall_time now);
  /// A small change of the outermost quotes, so that there is an update to publish.
  void stir(instrument_number, wall_time now);
  decimal mid(instrument_number n) const;
  bool drives(instrument_number n) const;

 private:
  struct market_state {
    instrument_number instrument{};
    decimal mid;
    /// Distance between quoted prices.
    decimal spacing;
    /// Usual quantity of a level.
    decimal level_quantity;
  };
  market_state* find(instrument_number);
  decimal random_quantity(const market_state&);
  void quote(market_state&, wall_time now);
  void quote_side(market_state&, side, decimal nearest, wall_time now);
  void withdraw_outside(market_state&, side, decimal nearest, decimal farthest, wall_time now);
  void trade(market_state&, wall_time now);

  matching_engine& engine_;
  generator_rules rules_;
  seeded_random random_;
  std::vector<market_state> markets_;
};

}  // namespace drover::exchanges::paper
