#include "simulation/people.hpp"

#include <fmt/core.h>

namespace drover::simulation {
namespace {

using engine::desired_state;
using engine::resume_contract;

/// Who may not order any more does not after this, whatever fails: the database may be away for two minutes.
constexpr nanoseconds heard_limit = std::chrono::minutes(4);
/// What a bot that was sent away still has to do with its old key, after that.
constexpr nanoseconds farewell_limit = std::chrono::minutes(3);
constexpr nanoseconds longest_notify = 1s, longest_review = std::chrono::minutes(5);
/// Minutes between two deeds of a kind, on average, where nothing is rarer.
constexpr std::uint64_t deed_interval = 8;
constexpr std::uint64_t unheard_one_in = 10;
constexpr int bots_per_user = 1'000'000;

}  // namespace

people::people(setting& s, messengers m) : around_(s), tell_(std::move(m)) {
  if (!around_.rooms) return;
  auto on_change = [this](const model_account& account, std::string what) { changed(account, std::move(what)); };
  rooms_.emplace(around_, room_people::listeners{std::move(on_change), tell_.room_changed, tell_.reload_rooms});
}

void people::move_in() {
  if (rooms_) rooms_->move_in();
}

const model_account& people::pick() {
  return around_.accounts[around_.sim.random().below(around_.accounts.size())];
}

void people::pass_minute() {
  if (settled_) return;
  auto& random = around_.sim.random();
  const auto somebody = [&](fault f) { return random.below(deed_interval) == 0 && around_.faults.strikes(f, random); };
  if (somebody(fault::people)) trade_by_hand();
  if (!around_.bots || around_.asleep) return;
  if (somebody(fault::accounts_change)) random.below(4) == 0 ? ban(pick()) : switch_account(pick());
  if (somebody(fault::bots_change)) change_bot(pick());
  if (somebody(fault::keys_replaced)) replace_key(pick());
  if (rooms_) rooms_->pass_minute(somebody(fault::bots_change));
}

void people::trade_by_hand() {
  auto& random = around_.sim.random();
  const auto& account = pick();
  auto& venue = *around_.venues[account.venue];
  const auto ticker = venue.ticker();
  const bool buys = random.below(2) == 0;
  exchanges::order_request r{.symbol = ticker.symbol, .side = buys ? exchanges::side::buy : exchanges::side::sell};
  r.quantity = decimal(static_cast<std::int64_t>(1 + random.below(20))) * venue.instrument()->lot_size;
  r.price = buys ? ticker.ask_price : ticker.bid_price;
  r.client_order_id = std::string(foreign_prefix) + std::to_string(++by_hand_);
  (void)venue.place(static_cast<int>(account.id.value), r);
}

void people::switch_account(const model_account& account) {
  const auto row = around_.ask(around_.office.get(account.user, account.id));
  if (row.status != tenants::account_status::approved) return;
  around_.finish(around_.office.set_active(account.user, account.id, !row.is_active));
  changed(account, row.is_active ? "switched off" : "switched on");
}

void people::ban(const model_account& one) {
  const bool banned = around_.office.is_banned(one.user);
  around_.office.set_banned(one.user, !banned);
  for (const auto& account : around_.accounts)
    if (account.user == one.user) changed(account, banned ? "its user is not banned any more" : "its user is banned");
}

/// Its owner deletes the old key at once, or leaves it until the new one works.
void people::replace_key(const model_account& account) {
  const auto version = around_.ask(around_.office.replace_key(account.user, account.id));
  if (around_.sim.random().below(2) == 0) around_.keys.revoke_before(account.id, version);
  changed(account, fmt::format("key {}", version));
  around_.sim.call_after(unheard_limit + farewell_limit,
                         [this, id = account.id, version] { around_.judge.keys_retired(id, version); });
  approve_later(account);
}

void people::approve_later(const model_account& account) {
  around_.sim.call_after(around_.below(longest_review), [this, &account] {
    const auto row = around_.ask(around_.office.get(account.user, account.id));
    if (row.status != tenants::account_status::pending) return;
    around_.ask(around_.office.approve(account.id, row.credential_version));
    changed(account, "approved");
  });
}

std::optional<engine::bot> people::find_bot(const model_account& account) {
  if (follows(account)) return rooms_->find_bot(account);
  engine::bot_page page;
  page.account = account.id;
  auto rows = around_.ask(around_.office.bots().list(account.user, page));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

void people::change_bot(const model_account& account) {
  auto& random = around_.sim.random();
  const auto row = find_bot(account);
  if (!row) return;
  const auto deed = random.below(6);
  if (deed == 0) return change_parameters(account, *row);
  if (deed == 1) return replace_bot(account, *row);
  if (row->desired != desired_state::running) return set_desired(account, *row, desired_state::running);
  set_desired(account, *row, deed < 4 ? desired_state::stopped : desired_state::paused);
}

std::string people::draw_parameters(const model_account& account, const engine::bot& row) {
  if (follows(account)) return rooms_->draw_parameters(row);
  auto& random = around_.sim.random();
  if (!around_.grid) return fmt::format(R"({{"seed":{}}})", random.below(1'000'000));
  return fmt::format(R"({{"levels":{},"spacing":"0.00{}","order_notional":"60"}})", 2 + random.below(4),
                     1 + random.below(9));
}

void people::change_parameters(const model_account& account, const engine::bot& row) {
  engine::bot_patch patch;
  patch.parameters = draw_parameters(account, row);
  around_.ask(around_.office.bots().update(account.user, row.id, std::move(patch)));
  changed(account, "its bot has new parameters");
}

/// The bot goes, and one like it with other parameters comes; who follows has left the room with it.
void people::replace_bot(const model_account& account, const engine::bot& row) {
  around_.ask(around_.office.bots().remove(account.user, row.id));
  if (follows(account)) return changed(account, "its bot was deleted");
  engine::new_bot fresh{.user = account.user,
                        .account = account.id,
                        .name = "another",
                        .strategy = row.strategy,
                        .parameters = draw_parameters(account, row),
                        .symbol = row.symbol,
                        .desired = desired_state::running};
  around_.ask(around_.office.bots().create(std::move(fresh), bots_per_user));
  changed(account, "another bot takes its market over");
}

void people::set_desired(const model_account& account, const engine::bot& row, desired_state wanted) {
  engine::bot_patch patch;
  patch.resume = static_cast<resume_contract>(around_.sim.random().below(3));
  if (wanted == desired_state::stopped)
    around_.ask(around_.office.bots().update(account.user, row.id, std::move(patch)));
  around_.ask(around_.office.bots().set_desired(account.user, row.id, wanted));
  changed(account, fmt::format("its bot is to be {}", engine::to_string(wanted)));
}

void people::go_to_bed() {
  if (!around_.bots || settled_) return;
  for (const auto& account : around_.accounts)
    if (auto row = find_bot(account); row && row->desired == desired_state::running)
      set_desired(account, *row, desired_state::stopped);
}

void people::get_up() {
  if (!around_.bots || settled_) return;
  for (const auto& account : around_.accounts)
    if (auto row = find_bot(account); row && row->desired != desired_state::running)
      set_desired(account, *row, desired_state::running);
}

void people::settle_down() {
  if (!around_.bots) {
    settled_ = true;
    return;
  }
  for (const auto& account : around_.accounts) {
    around_.office.set_banned(account.user, false);
    const auto row = around_.ask(around_.office.get(account.user, account.id));
    if (row.status == tenants::account_status::pending) around_.ask(around_.office.approve(account.id, row.credential_version));
    around_.finish(around_.office.set_active(account.user, account.id, true));
  }
  if (rooms_) rooms_->settle_down();
  get_up();
  for (const auto& account : around_.accounts) changed(account, "welcome");
  settled_ = true;
}

bool people::may_order(const model_account& account) {
  const auto row = around_.ask(around_.office.get(account.user, account.id));
  if (row.status != tenants::account_status::approved || !row.is_active) return false;
  if (around_.office.is_banned(account.user)) return false;
  const auto bot = find_bot(account);
  // Who never had one gets the default one, unless it follows.
  return bot ? bot->desired == desired_state::running : !follows(account);
}

void people::changed(const model_account& account, std::string what) {
  around_.judge.person_acted(fmt::format("account {}: {}", account.id.value, what));
  const bool heard = around_.sim.random().below(unheard_one_in) != 0;
  around_.sim.call_after(around_.below(longest_notify), [this, id = account.id, heard] {
    if (heard) tell_.account_changed(id);
  });
  if (!heard && rooms_) rooms_->miss_notification();
  auto& watch = watches_[account.id];
  const bool off = !may_order(account);
  if (!off) {
    watch = {};
    return around_.judge.start_asked(any_engine, account.id);
  }
  if (std::exchange(watch.off, true)) return;
  watch.change = ++last_change_;
  around_.sim.call_after(heard ? heard_limit : unheard_limit, [this, id = account.id, change = watch.change] {
    if (watches_[id].off && watches_[id].change == change) around_.judge.stop_answered(any_engine, id);
  });
}

}  // namespace drover::simulation
