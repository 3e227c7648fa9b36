#include "simulation/model_engine.hpp"

#include <algorithm>

#include "base/backoff.hpp"

namespace drover::simulation {
namespace {

constexpr milliseconds retry_floor{100}, retry_ceiling{5'000};

task_scope::failure_handler report_to(oracle& judge) {
  return [&judge](std::string_view name, std::string_view what) {
    judge.fail("the task '" + std::string(name) + "' failed: " + std::string(what));
  };
}

}  // namespace

model_engine::model_engine(setting& s, int number)
    : around_(s),
      life_(std::make_shared<life_line>(life_line{.engine = number})),
      time_(s.sim),
      timers_(s.sim, time_),
      random_(s.sim.random().next_u64()),
      journal_(make_model_journal(s.database, life_)),
      undertaker_(s.sim.get_executor(), "undertaker"),
      scope_(s.sim.get_executor(), "engine", report_to(s.judge)) {
  for (auto& venue : s.venues)
    links_.push_back(std::make_unique<venue_link>(link_parts{s.sim, *venue, s.judge, s.faults, life_, time_, timers_}));
}
model_engine::~model_engine() = default;

void model_engine::start() {
  around_.judge.note("engine " + std::to_string(life_->engine) + " starts");
  scope_.spawn("engine", run());
}

task<void> model_engine::run() {
  std::vector<account_id> ids;
  for (const auto& account : around_.accounts) ids.push_back(account.id);
  backoff wait(retry_floor, retry_ceiling);
  auto epochs = co_await journal_->acquire_leases(ids, "engine");
  while (!epochs) {
    const auto pause = wait.next(random_);
    co_await sleep_for(timers_, pause);
    epochs = co_await journal_->acquire_leases(ids, "engine");
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& account = around_.accounts[i];
    auto& link = *links_[account.venue];
    traders_.push_back(std::make_unique<desk_trader>(
        desk_trader::parts{around_, account, life_, link, *journal_, timers_, time_, random_}));
    scope_.spawn("trader", traders_.back()->run((*epochs)[i]));
  }
}

void model_engine::kill() {
  if (life_->cut) return;
  around_.judge.note("engine " + std::to_string(life_->engine) + " is killed");
  life_->cut = true;
  scope_.stop();
  undertaker_.spawn("bury", bury());
}

task<void> model_engine::bury() {
  co_await scope_.join();
  for (auto& trader : traders_) co_await trader->stop();
  buried_ = true;
}

bool model_engine::all_running() const {
  return traders_.size() == around_.accounts.size() &&
         std::ranges::all_of(traders_, [](const auto& t) { return t->is_running(); });
}

}  // namespace drover::simulation
