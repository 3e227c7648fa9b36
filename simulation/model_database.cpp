#include "simulation/model_database.hpp"

namespace drover::simulation {
namespace {

constexpr std::uint64_t usual_way_ns = 3'000'000, slow_way_ns = 4'000'000'000;
constexpr std::uint64_t minutes_per_hour = 60;
constexpr nanoseconds between_outages = std::chrono::minutes(5);

}  // namespace

model_database::model_database(world& w, oracle& o, const fault_plan& faults)
    : world_(w),
      oracle_(o),
      faults_(faults),
      journal_(engine::make_memory_order_journal(system_clock())),
      statements_(w.get_executor(), "database") {}
model_database::~model_database() = default;

void model_database::pass_minute() {
  auto& random = world_.random();
  if (world_.now() < down_until_ + between_outages) return;
  if (random.below(minutes_per_hour) >= 4 || !faults_.strikes(fault::database_down, random)) return;
  down_until_ = world_.now() + seconds(static_cast<std::int64_t>(1 + random.below(120)));
  oracle_.note("the database goes away");
}

model_database::fate model_database::draw_fate(bool write) {
  auto& random = world_.random();
  fate f;
  const auto way = faults_.strikes(fault::database_slow, random) ? slow_way_ns : usual_way_ns;
  f.before = nanoseconds(static_cast<std::int64_t>(random.below(way)));
  f.after = nanoseconds(static_cast<std::int64_t>(random.below(way)));
  f.lost_before = faults_.strikes(fault::statement_failed, random);
  f.lost_after = write && faults_.strikes(fault::commit_in_doubt, random);
  return f;
}

task<void> model_database::stop() {
  statements_.stop();
  co_await statements_.join();
}

}  // namespace drover::simulation
