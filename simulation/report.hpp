#pragma once

#include <string>

#include "simulation/run.hpp"

namespace drover::simulation {

double hours_of(nanoseconds span);
nanoseconds span_of_hours(double hours);

/// The command that repeats a run.
std::string repro(const run_options&, const std::string& plant);

/// What all runs of a process had in them.
struct run_sums {
  int seeds = 0, failed = 0;
  double hours = 0, busy_hours = 0;
  oracle::totals of;
  std::uint64_t records = 0, signals = 0, receipts = 0, struck = 0;

  void add(const run_verdict&);
  /// "sum seeds 3 hours 504 …": one line, which scripts/sim adds up over processes.
  void print() const;
};

void print_verdict(const run_options&, const run_verdict&, const std::string& plant, nanoseconds took);

}  // namespace drover::simulation
