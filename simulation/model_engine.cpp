#include "simulation/model_engine.hpp"

#include <algorithm>

#include "base/backoff.hpp"
#include "simulation/model_bots.hpp"
#include "simulation/random_strategy.hpp"

namespace drover::simulation {
namespace {

constexpr milliseconds retry_floor{100}, retry_ceiling{5'000};

task_scope::failure_handler report_to(oracle& judge) {
  return [&judge](std::string_view name, std::string_view what) {
    judge.fail("the task '" + std::string(name) + "' failed: " + std::string(what));
  };
}

const engine::strategy_kind* find_kind(std::string_view name) {
  return name == "random" ? random_strategy_kind() : engine::find_strategy_kind(name);
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
    links_.emplace(venue->name(),
                   std::make_unique<venue_link>(link_parts{s.sim, *venue, s.judge, s.faults, life_, time_, timers_}));
}
model_engine::~model_engine() = default;

void model_engine::start() {
  around_.judge.note("engine " + std::to_string(life_->engine) + " starts");
  scope_.spawn("engine", run());
}

task<void> model_engine::run() {
  if (!around_.bots) co_return co_await run_desks();
  start_bots();
}

void model_engine::start_bots() {
  accounts_ = make_model_accounts(around_.office, around_.database, life_);
  bots_ = make_model_bots(around_.office, around_.database, life_);
  engine::bots_config config;
  config.strategy = around_.grid ? "grid" : "random";
  config.strategy_parameters =
      around_.grid ? R"({"levels":3,"spacing":"0.002","order_notional":"60"})" : R"({"seed":1})";
  engine::bot_manager_parts parts{.executor = around_.sim.get_executor(),
                                  .timers = timers_,
                                  .random = random_,
                                  .wall = time_,
                                  .accounts = *accounts_,
                                  .bots = *bots_,
                                  .keyring = around_.office.keyring(),
                                  .journal = *journal_,
                                  .exchanges = links_,
                                  .board = board_,
                                  .counters = counters_,
                                  .on_earnings = [](const engine::earnings_event&) {},
                                  .engine_name = "engine",
                                  .find_kind = find_kind};
  manager_ = std::make_unique<engine::bot_manager>(std::move(config), std::move(parts));
  manager_->start();
}

task<void> model_engine::run_desks() {
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
    auto& link = *links_.at(around_.venues[account.venue]->name());
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
  if (manager_) co_await manager_->drain();
  manager_.reset();
  buried_ = true;
}

std::string model_engine::why_not_running() const {
  for (const auto& account : around_.accounts) {
    const auto name = "account " + std::to_string(account.id.value);
    if (around_.bots) {
      const auto status = board_.find(account.id);
      if (!status) return name + " has no bot";
      if (status->state != engine::bot_state::running)
        return name + " is " + std::string(to_string(status->state)) + ": " + status->reason;
      continue;
    }
    const auto trader = std::ranges::find(traders_, account.id, [](const auto& t) { return t->account().id; });
    if (trader == traders_.end() || !(*trader)->is_running()) return name + " does not trade";
  }
  return {};
}

std::optional<decimal> model_engine::position(account_id account) const {
  for (const auto& trader : traders_)
    if (trader->account().id == account) return trader->position();
  return std::nullopt;
}

void model_engine::account_changed(account_id account) {
  if (manager_ && !life_->cut) manager_->account_changed(account);
}

}  // namespace drover::simulation
