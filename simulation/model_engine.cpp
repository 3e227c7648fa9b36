#include "simulation/model_engine.hpp"

#include <algorithm>

#include "base/backoff.hpp"
#include "exchanges/raw/recorder.hpp"
#include "simulation/model_bots.hpp"
#include "simulation/random_strategy.hpp"

namespace drover::simulation {
namespace {

constexpr milliseconds retry_floor{100}, retry_ceiling{5'000};
/// Statistics count all orders that ever were.
constexpr milliseconds statistics_interval{86'400'000};
constexpr std::size_t worker_queue = 1'000;
constexpr std::string_view spool_folder = "/spool";
/// Small and slow, so that there are many segments and much is unsynced when the power fails.
constexpr std::uint64_t segment_limit_bytes = 4'000;
constexpr milliseconds copy_interval{5'000}, sync_interval{3'000};
/// Where hardly anything happens for days the recorder's clocks would be all that ticks.
constexpr nanoseconds long_quiet = std::chrono::hours(24);
constexpr int slower_when_quiet = 30;
constexpr nanoseconds recorder_stop_limit = std::chrono::minutes(5);

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
      files_(s.disk.open(life_)),
      workers_("files", 0, worker_queue),
      drained_(s.sim.get_executor()),
      undertaker_(s.sim.get_executor(), "undertaker"),
      scope_(s.sim.get_executor(), "engine", report_to(s.judge)) {
  for (auto& venue : s.venues) {
    auto heard = [this, name = venue->name()](std::string_view channel, std::string_view account) {
      record(name, channel, account);
    };
    links_.emplace(venue->name(),
                   std::make_unique<venue_link>(link_parts{s.sim, *venue, s.judge, s.faults, life_, time_, timers_,
                                                           s.rules, s.keys, std::move(heard)}));
  }
}
model_engine::~model_engine() = default;

void model_engine::start() {
  around_.judge.engine_started();
  around_.judge.note("engine " + std::to_string(life_->engine) + " starts");
  scope_.spawn("engine", run());
}

task<void> model_engine::run() {
  if (around_.recording) co_await open_recorder();
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
  config.statistics_interval = statistics_interval;
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
  if (around_.rooms) follow_rooms(parts);
  manager_ = std::make_unique<engine::bot_manager>(std::move(config), std::move(parts));
  if (fan_out_) fan_out_->start();
  manager_->start();
}

/// As app/copy_services.cpp does it.
void model_engine::follow_rooms(engine::bot_manager_parts& parts) {
  rooms_ = make_model_rooms(*around_.rooms, around_.database, life_);
  fan_out_ = std::make_unique<engine::fan_out>(engine::fan_out_parts{
      .executor = around_.sim.get_executor(),
      .timers = timers_,
      .random = random_,
      .wall = time_,
      .store = *rooms_,
      .deliver = [this](bot_id bot, const engine::trade_signal& s) { return manager_->deliver_signal(bot, s); },
      .report = [this](bot_id bot) { return manager_->report_bot(bot); },
      .why_idle =
          [this](bot_id bot) {
            const auto status = board_.find(bot);
            return status ? std::string(engine::to_string(status->state)) + ", " + status->reason : std::string();
          }});
  parts.on_signal_verdict = [this](bot_id bot, const engine::signal_verdict& verdict, const uuid& order) {
    fan_out_->on_verdict(bot, verdict, order);
  };
  parts.on_fill = [this](bot_id bot, account_id account, const engine::booked_fill& fill) {
    fan_out_->on_fill(bot, account, fill);
  };
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
  while (draining_) co_await drained_.wait();
  co_await scope_.join();
  for (auto& trader : traders_) co_await trader->stop();
  if (manager_) co_await manager_->drain();
  if (fan_out_) co_await fan_out_->drain();
  manager_.reset();
  fan_out_.reset();
  buried_ = true;
}

void model_engine::drain() {
  if (!manager_ || life_->cut || std::exchange(leaving_, true)) return;
  around_.judge.note("engine " + std::to_string(life_->engine) + " drains");
  draining_ = true;
  undertaker_.spawn("drain", run_drain());
}

task<void> model_engine::run_drain() {
  co_await manager_->drain();
  if (fan_out_) co_await fan_out_->drain();
  if (!life_->cut)
    for (const auto& account : around_.accounts) around_.judge.stop_answered(life_->engine, account.id);
  if (recorder_) co_await recorder_->stop(recorder_stop_limit);
  draining_ = false;
  drained_.notify();
  kill();
}

/// A real engine does not start without its spool; it is started again until it can.
task<void> model_engine::open_recorder() {
  exchanges::raw_recorder_config config;
  config.folder = spool_folder;
  config.segment_limit_bytes = segment_limit_bytes;
  const int slower = around_.quiet_stretch >= long_quiet ? slower_when_quiet : 1;
  config.copy_interval = slower * copy_interval;
  config.sync_interval = slower * sync_interval;
  for (;;) {
    auto store = make_model_raw_store(around_.records, around_.database, life_);
    auto opened = exchanges::make_raw_recorder_on(around_.sim.get_executor(), timers_, *files_, std::move(store),
                                                  workers_, config);
    if (opened) {
      recorder_ = std::move(*opened);
      break;
    }
    co_await sleep_for(timers_, retry_ceiling);
  }
  scope_.spawn("raw recorder", recorder_->run());
  recording_ = true;
}

void model_engine::record(const std::string& venue, std::string_view channel, std::string_view account) {
  if (!recording_ || leaving_) return;
  const std::string stream = venue + std::string(channel), owner(account);
  const auto body = around_.records.next_body(stream, owner);
  recorder_->record({.kind = exchanges::raw_kind::rest_response,
                     .stream = stream,
                     .endpoint = "model",
                     .account = owner,
                     .status = 200,
                     .body = body});
}

void model_engine::stop_recording() {
  // What an account missed is told when it is heard again.
  for (const auto& account : around_.accounts)
    record(around_.venues[account.venue]->name(), ".user", std::to_string(account.id.value));
  recording_ = false;
  scope_.spawn("end recording", end_recording());
}

task<void> model_engine::end_recording() {
  co_await recorder_->stop(recorder_stop_limit);
  left_in_spool_ = recorder_->get_statistics().segments;
}

bool model_engine::was_replaced() const {
  return std::ranges::any_of(traders_, [&](const auto& t) { return !around_.judge.holds(life_->engine, t->account().id); });
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

void model_engine::set_clock_error(nanoseconds ahead) {
  around_.judge.note("the clock of engine " + std::to_string(life_->engine) + " is " +
                     std::to_string(std::chrono::duration_cast<milliseconds>(ahead).count()) + " ms ahead");
  time_.set_error(ahead);
  if (around_.rooms) around_.rooms->watch().clock_is_wrong(life_->engine);
}

void model_engine::account_changed(account_id account) {
  if (manager_ && !life_->cut) manager_->account_changed(account);
  if (fan_out_ && !life_->cut) fan_out_->account_changed(account);
}

void model_engine::room_changed(engine::room_id room) {
  if (fan_out_ && !life_->cut) fan_out_->room_changed(room);
}

void model_engine::reload_rooms() {
  if (fan_out_ && !life_->cut) fan_out_->reload();
}

}  // namespace drover::simulation
