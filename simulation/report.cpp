#include "simulation/report.hpp"

#include <fmt/core.h>

namespace drover::simulation {
namespace {

constexpr double ns_per_hour = 3.6e12;

}  // namespace

double hours_of(nanoseconds span) {
  return static_cast<double>(span.count()) / ns_per_hour;
}

nanoseconds span_of_hours(double hours) {
  return nanoseconds(static_cast<std::int64_t>(hours * ns_per_hour));
}

std::string repro(const run_options& o, const std::string& plant) {
  std::string text = fmt::format("engine-sim{} --seed {} --hours {:g}",
                                 plant.empty() ? std::string() : "-planted --plant " + plant, o.seed, hours_of(o.span));
  if (!o.preferred.words.empty()) text += fmt::format(" --bias '{}'", o.preferred.words);
  for (const auto f : o.without) text += fmt::format(" --without {}", to_string(f));
  return text;
}

void run_sums::add(const run_verdict& v) {
  ++seeds;
  if (!v.failure.empty()) ++failed;
  hours += hours_of(v.simulated);
  busy_hours += hours_of(v.busy);
  records += v.records;
  signals += v.signals;
  receipts += v.receipts;
  struck += v.struck;
  const auto& t = v.totals;
  of.sent += t.sent;
  of.unknown += t.unknown;
  of.fills += t.fills;
  of.requests += t.requests;
  of.engines += t.engines;
  of.changes += t.changes;
}

void run_sums::print() const {
  fmt::print(
      "sum seeds {} hours {:.1f} busy_hours {:.1f} orders {} unknown {} fills {} requests {} engines {} faults {} changes {} "
      "records {} signals {} receipts {} failed {}\n",
      seeds, hours, busy_hours, of.sent, of.unknown, of.fills, of.requests, of.engines, struck, of.changes, records, signals, receipts,
      failed);
}

void print_verdict(const run_options& o, const run_verdict& v, const std::string& plant, nanoseconds took) {
  const double rate = hours_of(v.simulated) / (static_cast<double>(took.count()) / 1e9);
  fmt::print(
      "seed {} {} hash {:016x} hours {:.2f} steps {} intents {} sent {} placed {} unknown {} hours_per_second {:.1f}\n",
      o.seed, v.failure.empty() ? "ok" : "FAILED", v.hash, hours_of(v.simulated), v.steps, v.totals.intents,
      v.totals.sent, v.totals.placed, v.totals.unknown, rate);
  if (v.failure.empty()) return;
  fmt::print("  {}\n  repeat: {}\n", v.failure, repro(o, plant));
}

}  // namespace drover::simulation
