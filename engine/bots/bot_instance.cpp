#include "engine/bots/bot_instance.hpp"

#include <utility>

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "exchanges/protocol/venue_protocol.hpp"
#include "tenants/accounts/account_service.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

constexpr std::string_view paused_reason = "Paused: orders stay and are followed, no new ones are placed";

/// Sets a flag back and wakes whoever waits for it, also when the coroutine is cut.
class start_mark {
 public:
  start_mark(bool& flag, wake_event*& waiter) : flag_(flag), waiter_(waiter) { flag_ = true; }
  ~start_mark() {
    flag_ = false;
    if (waiter_ != nullptr) waiter_->notify();
  }
  start_mark(const start_mark&) = delete;
  start_mark& operator=(const start_mark&) = delete;

 private:
  bool& flag_;
  wake_event*& waiter_;
};

}  // namespace

bot_instance::bot_instance(bot_identity id, std::shared_ptr<const bot_plan> plan, bot_manager_parts& parts,
                           bot_observer& observer)
    : id_(std::move(id)), plan_(std::move(plan)), parts_(parts), observer_(observer),
      share_(parts.timers.get_clock(), parts.meters, plan_->config->callback_budget.time, plan_->config->thread_share_percent, parts.debtors),
      scope_(parts.executor, "bot", [this](std::string_view task, std::string_view what) {
        log().error("a task of a bot failed", {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"task", task}, {"err", what}});
        end({bot_failure::kind::crashed, "The bot failed: " + std::string(what), std::nullopt});
      }) {}

bot_instance::~bot_instance() = default;

void bot_instance::start(bot_start known) {
  restarts_ = known.restarts;
  paused_ = known.paused;
  starting_ = true;
  set_state(bot_state::reconciling, "Reading orders, fills and balances from the exchange");
  scope_.spawn("start", run_start(std::move(known)));
}

task<void> bot_instance::run_start(bot_start known) {
  result<void> outcome;
  {
    start_mark mark(starting_, waiter_);
    outcome = co_await prepare(std::move(known));
  }
  if (halted_) co_return;
  if (!outcome) {
    end(to_bot_failure(outcome.error()));
    co_return;
  }
  begin_trading();
}

task<result<void>> bot_instance::prepare(bot_start known) {
  // Asked before the exchange is: its answer could only be that the request was not sent.
  const auto clear = tenants::credential_opener(parts_.keyring, *id_.link->sealed()).open();
  if (!clear) co_return std::unexpected(clear.error());
  auto opened = co_await open();
  if (!opened) co_return opened;
  auto reconciled = co_await desk_->reconcile(epoch_, known.fresh);
  if (!reconciled) co_return reconciled;
  reconciled_ = true;
  if (halted_) co_return drover::fail(errc::cancelled);
  for (const auto& order : desk_->live_orders())
    if (notes_.find_tag(order.id) == nullptr) notes_.add(order.id, order.tag, order.state);
  auto balances = co_await seat_->exchange().fetch_balances(exchanges::lane::reconcile);
  if (!balances) co_return std::unexpected(balances.error());
  apply_balances(*balances);
  if (known.without_strategy) co_return result<void>();
  if (!known.strategy_state) {
    auto saved = co_await parts_.journal.load_strategy_state(id_.bot);
    if (!saved) co_return std::unexpected(saved.error());
    known.strategy_state = std::move(*saved);
  }
  if (halted_) co_return drover::fail(errc::cancelled);
  auto made = make_strategy(*known.strategy_state);
  co_return made;
}

/// Instrument, lease, account and desk: what reconciling needs.
task<result<void>> bot_instance::open() {
  auto instrument = co_await id_.link->venue()->find_instrument(plan_->symbol);
  if (!instrument) co_return std::unexpected(instrument.error());
  instrument_ = std::move(*instrument);
  auto epoch = co_await id_.link->hold_lease(parts_.journal, parts_.engine_name);
  if (!epoch) co_return std::unexpected(epoch.error());
  epoch_ = *epoch;
  if (start_is_cut()) co_return drover::fail(errc::cancelled);
  seat_ = id_.link->take_seat(plan_->symbol, [this](const exchanges::account_event& e) { on_account_event(e); });
  order_listener& self = *this;
  venue_time_.emplace(parts_.wall, *id_.link->venue());
  const clock& time = planted("trust_wall_clock") ? parts_.wall : *venue_time_;
  order_desk_parts parts{seat_->exchange(), parts_.journal, parts_.timers, parts_.random, time, parts_.gate, parts_.risk};
  std::shared_ptr<const order_desk_config> config(plan_, &plan_->desk);
  desk_ = std::make_unique<order_desk>(owner(), instrument_, parts, std::move(config), self);
  if (paused_) desk_->block_entries(std::string(paused_reason));
  co_return result<void>();
}

/// A saved state that cannot be read costs the strategy its memory, not the bot its life: the books know what is held.
result<void> bot_instance::make_strategy(const std::string& saved_state) {
  const auto make = [this](const std::string& state) {
    const turn_mark::turn marked(parts_.meters.turns, id_.bot, strategy_call::make);
    return plan_->kind->make(plan_->parameters, state);
  };
  auto made = make(saved_state);
  if (!made && !saved_state.empty()) {
    log().warn("a saved strategy state was refused; the strategy starts without it",
               {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"err", made.error()}});
    made = make("");
  }
  if (!made) return std::unexpected(made.error());
  strategy_.emplace(std::move(*made), id_.bot, parts_.timers.get_clock(), plan_->config->callback_budget, parts_.meters);
  saved_hash_ = std::hash<std::string>{}(saved_state);
  return {};
}

/// Another bot that worked on this market may have left orders; nobody follows them but us.
void bot_instance::cancel_strangers() {
  for (const auto& order : desk_->live_orders())
    if (order.bot.valid() && order.bot != id_.bot) desk_->cancel(order.id);
}

void bot_instance::begin_trading() {
  failpoint("bots.before_trading");
  trading_ = true;
  heed_gate();
  settle_state();
  observer_.on_bot_running(id_.bot);
  cancel_strangers();
  call_strategy(strategy_call::start, [](strategy& s, const strategy_context& ctx) { return s.on_start(ctx); });
  if (halted_) return;
  market_ = id_.link->venue()->subscribe_book_ticker(plan_->symbol, [this](const auto& ticker) { on_ticker(ticker); });
  schedule_turn();
}

void bot_instance::settle_state() {
  if (is_locked()) return set_state(bot_state::locked, lock_->because);
  if (paused_) return set_state(bot_state::paused, std::string(paused_reason));
  if (!slowed_) return set_state(bot_state::running, "Trading");
  set_state(bot_state::running, "Trading, but its ticks are delayed: it takes more than its " + std::to_string(plan_->config->thread_share_percent) +
                                    " % of the trading thread");
}

void bot_instance::pause() {
  if (std::exchange(paused_, true)) return;
  tick_waits_ = false;
  if (halted_) return;
  if (desk_ && !planted("ignore_pause")) desk_->block_entries(std::string(paused_reason));
  if (trading_) settle_state();
}

void bot_instance::resume() {
  if (!std::exchange(paused_, false) || halted_) return;
  if (desk_) desk_->allow_entries();
  if (!trading_) return;
  settle_state();
  if (!is_locked()) go_on();
}

void bot_instance::go_on() {
  begin_anew();
  if (halted_) return;
  if (ticker_) on_ticker(ticker_);
  schedule_turn();
}

void bot_instance::forget_outage() {
  if (!trading_ || halted_ || failed_ || paused_) return;
  begin_anew();
  if (!halted_) schedule_turn();
}

/// What was refused during the pause, and how the strategy paces itself after refusals, is of no meaning any more.
void bot_instance::begin_anew() {
  auto text = strategy_->save_state();
  if (!text) return end(text.error());
  const auto saved = saved_hash_;
  auto made = make_strategy(*text);
  saved_hash_ = saved;
  if (!made) return end(to_bot_failure(made.error()));
  std::erase_if(news_, [](const news& item) {
    const auto* change = std::get_if<order_change>(&item);
    return change != nullptr && change->order.id == uuid();
  });
  call_strategy(strategy_call::start, [](strategy& s, const strategy_context& ctx) { return s.on_start(ctx); });
}

bool bot_instance::probe() {
  if (!trading_ || halted_ || failed_) return false;
  if (!std::exchange(probing_, true)) scope_.spawn("probe", run_probe());
  return true;
}

task<void> bot_instance::run_probe() {
  const auto& clock = parts_.timers.get_clock();
  const auto began = clock.now();
  auto rights = co_await seat_->exchange().fetch_permissions();
  probing_ = false;
  connection_probe seen;
  seen.at = parts_.wall.wall_now();
  seen.took = std::chrono::ceil<milliseconds>(clock.now() - began);
  const auto failure = judge_probe(rights, id_.link->withdraw_waived());
  seen.passed = rights && !failure;
  if (failure) seen.reason = failure->reason;
  if (rights) seen.rights = *rights;
  if (!rights && !failure) seen.reason = to_bot_failure(rights.error()).reason;
  id_.link->set_probe(std::move(seen));
  if (failure && parts_.on_key_refused) parts_.on_key_refused(id_.account);
  if (failure && !halted_) end(*failure);
}

bot_report bot_instance::report() const {
  bot_report out;
  out.bot = id_.bot;
  out.reconciled = reconciled_;
  if (refusals_) out.last_refusal = refusals_->last;
  out.market_watched = market_ != nullptr;
  out.slowed = slowed_;
  if (ticker_) out.market_age = std::chrono::ceil<milliseconds>(parts_.timers.get_clock().now() - ticker_->received_at);
  if (instrument_) {
    out.base_asset = instrument_->base_asset;
    out.quote_asset = instrument_->quote_asset;
    out.min_notional = instrument_->min_notional;
  }
  if (ticker_) out.bid_price = ticker_->bid_price;
  out.balances = balances_;
  if (desk_) out.foreign_orders = desk_->foreign_orders();
  return out;
}

std::vector<external_order> bot_instance::external_orders() const {
  std::vector<external_order> out;
  if (!desk_) return out;
  const auto& seen = desk_->list_foreign_orders();
  for (const auto& o : seen.orders) out.push_back({id_.user, id_.account, id_.bot, id_.link->exchange_name(), o, seen.seen_at});
  return out;
}

void bot_instance::halt(resume_contract contract, std::string reason) {
  contract_ = contract;
  if (std::exchange(halted_, true)) return;
  tick_waits_ = false;
  // The position is sold at the market's price of then.
  if (contract != resume_contract::flatten) market_.reset();
  if (desk_) desk_->block_entries(reason);
  if (!failed_) set_state(bot_state::stopping, std::move(reason));
}

task<void> bot_instance::stop(nanoseconds settle_limit) {
  wake_event woken(parts_.executor);
  waiter_ = &woken;
  const auto deadline = parts_.timers.get_clock().now() + cancel_limit;
  if (starting_ && !closing()) scope_.stop();
  bool in_time = true;
  while (starting_ && closing() && in_time) in_time = co_await woken.wait_until(parts_.timers, deadline);
  const bool may_act = reconciled_ && !scope_.stopping();
  if (may_act && closing()) co_await cancel_orders(woken, deadline, exchanges::lane::protective);
  if (may_act && contract_ == resume_contract::flatten) co_await flatten(woken);
  if (closing() && !reconciled_) left_behind_ = "The exchange could not be asked; orders may still rest there";
  if (may_act) co_await desk_->settle(settle_limit);
  waiter_ = nullptr;
  market_.reset();
  scope_.stop();
  co_await scope_.join();
  if (save_timer_) parts_.timers.cancel(*save_timer_);
  if (strategy_timer_) parts_.timers.cancel(*strategy_timer_);
  if (share_timer_) parts_.timers.cancel(*share_timer_);
  if (desk_) co_await desk_->stop();
  hand_to_strategy(static_cast<int>(news_.size()));
  co_await save_state();
  desk_.reset();
  seat_.reset();
}

task<void> bot_instance::cancel_orders(wake_event& woken, steady_time deadline, exchanges::lane lane) {
  const auto orders = desk_->live_orders();
  failpoint("bots.before_cancel_all");
  for (const auto& order : orders) desk_->cancel(order.id, lane);
  bool in_time = true;
  while (in_time && !desk_->live_orders().empty()) in_time = co_await woken.wait_until(parts_.timers, deadline);
  failpoint("bots.after_cancel_all");
  const auto left = desk_->live_orders().size();
  if (left == 0) co_return;
  left_behind_ = std::to_string(left) + " orders may still rest at the exchange";
  log().warn("orders may still rest at the exchange after the stop",
             {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"orders", left}});
}

void bot_instance::changed(nanoseconds delay) {
  if (save_timer_ || scope_.stopping()) return;
  save_timer_ = parts_.timers.call_after(delay, [this] { on_save_due(); });
}

void bot_instance::on_save_due() {
  save_timer_.reset();
  if (published_orders_ != notes_.open()) publish();
  if (saving_) return changed();
  scope_.spawn("save strategy state", run_save());
}

task<void> bot_instance::run_save() {
  saving_ = true;
  co_await save_state();
  saving_ = false;
}

task<void> bot_instance::save_state() {
  if (!strategy_ || epoch_ == 0) co_return;
  auto text = read_state();
  if (!text) {
    end(text.error());
    co_return;
  }
  const auto hash = std::hash<std::string>{}(*text);
  if (hash == saved_hash_) co_return;
  failpoint("bots.before_state");
  auto saved = co_await parts_.journal.save_strategy_state(id_.bot, id_.account, std::move(*text), epoch_);
  if (saved) {
    failpoint("bots.after_state");
    saved_hash_ = hash;
    co_return;
  }
  log().warn("the strategy's state was not saved", {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"err", saved.error()}});
  if (saved.error().code == journal_errc::fenced) {
    end(to_bot_failure(saved.error()));
  } else {
    changed(state_retry_delay);
  }
}

void bot_instance::end(bot_failure why) {
  if (failed_ || halted_) return;
  failed_ = true;
  if (why.lease_lost) id_.link->lose_lease(epoch_);
  halt(resume_contract::resume, why.reason);
  observer_.on_bot_failed(id_.bot, why);
}

void bot_instance::on_desk_failed(const error& e) { end(to_bot_failure(e)); }

void bot_instance::set_state(bot_state state, std::string reason) {
  state_ = state;
  reason_ = std::move(reason);
  since_ = parts_.wall.wall_now();
  publish();
}

void bot_instance::publish() {
  published_orders_ = notes_.open();
  parts_.board.set({.bot = id_.bot,
                    .account = id_.account,
                    .user = id_.user,
                    .state = state_,
                    .reason = reason_,
                    .since = since_,
                    .strategy = plan_->strategy,
                    .symbol = plan_->symbol,
                    .open_orders = published_orders_,
                    .restarts = restarts_});
}

}  // namespace drover::engine
