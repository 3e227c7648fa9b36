#include "engine/copy/fan_out.hpp"

#include <algorithm>
#include <utility>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("copy");
  return instance;
}

constexpr milliseconds database_retry_floor{100}, database_retry_ceiling{10'000};
constexpr std::string_view membership_over = "the membership ended before it was delivered";
constexpr std::string_view found_again = "the order was found after an interruption";

std::string in_seconds(nanoseconds d) {
  return std::to_string(std::chrono::duration_cast<seconds>(d).count()) + " s";
}

}  // namespace

fan_out::fan_out(fan_out_parts parts)
    : parts_(std::move(parts)),
      asked_(parts_.executor),
      filled_(parts_.executor),
      drained_(parts_.executor),
      scope_(parts_.executor, "copy trading") {}

fan_out::~fan_out() {
  if (retry_timer_) parts_.timers.cancel(*retry_timer_);
}

void fan_out::start() {
  scope_.spawn("follow rooms", run_follow());
  scope_.spawn("write receipts", run_writer());
}

void fan_out::on_fill(bot_id lead_bot, account_id account, const booked_fill& booked) {
  if (draining_) return;
  const auto targets = routes_.find(account, booked.fill.symbol);
  for (const auto& target : targets) {
    const auto& f = booked.fill;
    begin({.key = {target.room, booked.id},
           .symbol = f.symbol,
           .side = f.side,
           .price = f.price,
           .quantity = f.quantity,
           .at = f.at,
           .created_at = parts_.wall.wall_now()},
          lead_bot, target.who);
  }
}

/// Null when the signal is under way already, or has to wait in the store.
fan_out::job* fan_out::begin(room_signal signal, bot_id lead_bot, room_routes::followers who) {
  const auto key = signal.key;
  if (jobs_.size() >= signals_limit || jobs_.contains(key)) return nullptr;
  auto made = std::make_unique<job>();
  made->message = {.id = to_signal_id(key),
                   .source = to_signal_source(key.room),
                   .side = signal.side,
                   .quantity = signal.quantity,
                   .price = signal.price,
                   .sender_equity = {},
                   .at = signal.at};
  made->signal = std::move(signal);
  made->lead_bot = lead_bot;
  made->who = std::move(who);
  made->began = made->delivered_at = parts_.timers.get_clock().now();
  auto* added = jobs_.emplace(key, std::move(made)).first->second.get();
  ready_.push_back(key);
  schedule_turn();
  return added;
}

void fan_out::schedule_turn() {
  if (turn_posted_ || scope_.stopping()) return;
  turn_posted_ = true;
  scope_.post([this] { run_turn(); });
}

void fan_out::run_turn() {
  turn_posted_ = false;
  if (draining_) return;
  int left = deliveries_per_turn;
  while (left > 0 && !ready_.empty()) {
    const auto key = ready_.front();
    ready_.pop_front();
    auto& j = *jobs_.at(key);
    left -= std::max(1, serve(j, std::min(left, deliveries_per_room)));
    if (j.next < j.who->size())
      ready_.push_back(key);
    else
      settle(key);
  }
  if (!ready_.empty()) schedule_turn();
}

int fan_out::serve(job& j, int limit) {
  int served = 0;
  for (; served < limit && j.next < j.who->size(); ++served) offer(j, (*j.who)[j.next++]);
  return served;
}

void fan_out::offer(job& j, const follower& f) {
  const auto age = parts_.wall.wall_now() - j.signal.at;
  const bool late = parts_.timers.get_clock().now() - j.began > delivery_limit;
  if ((age > f.max_age && !planted("ignore_staleness")) || late) {
    const auto why = parts_.why_idle(f.bot);
    std::string reason =
        late ? "the bot did not trade for " + in_seconds(delivery_limit)
             : "stale: it is " + in_seconds(age) + " old, the staleness guard is " + in_seconds(f.max_age);
    return answer(j, f, signal_outcome::skipped, reason + (why.empty() ? "" : "; the bot: " + why));
  }
  if (f.needs_worth && !find_worth(j)) return j.waiting.push_back(f);
  const awaited mine{f.bot, j.signal.key};
  if (!awaited_.emplace(mine, listening{f}).second) return;
  if (!parts_.deliver(f.bot, j.message)) {
    awaited_.erase(mine);
    return j.waiting.push_back(f);
  }
  ++j.unanswered;
  j.delivered_at = parts_.timers.get_clock().now();
}

/// All that the lead has of the market's two assets, as followers count their own.
bool fan_out::find_worth(job& j) {
  if (j.message.sender_equity.is_positive()) return true;
  const auto lead = parts_.report(j.lead_bot);
  if (!lead || lead->base_asset.empty()) return false;
  decimal worth;
  for (const auto& b : lead->balances) {
    if (b.asset == lead->quote_asset) worth += b.free + b.locked;
    if (b.asset == lead->base_asset) worth += (b.free + b.locked) * j.signal.price;
  }
  j.message.sender_equity = worth;
  return worth.is_positive();
}

void fan_out::on_verdict(bot_id bot, const signal_verdict& verdict, const uuid& order) {
  const auto key = parse_signal_id(verdict.signal_id);
  if (!key) return;
  const auto found = awaited_.find({bot, *key});
  if (found == awaited_.end()) return;
  auto& j = *jobs_.at(*key);
  const bool taken = verdict.outcome == signal_outcome::taken;
  auto& [f, decided] = found->second;
  const bool again = decided.has_value();
  if (!taken || !again) decided = make_receipt(j, f, verdict.outcome, verdict.reason);
  decided->quantity = verdict.quantity;
  decided->order = order;
  if (taken && !again && !planted("receipt_before_order")) return;
  auto final_receipt = std::move(*decided);
  awaited_.erase(found);
  --j.unanswered;
  send(std::move(final_receipt));
  settle(*key);
}

receipt fan_out::make_receipt(const job& j, const follower& f, signal_outcome outcome, std::string reason) const {
  return {.key = j.signal.key,
          .account = f.account,
          .member = f.member,
          .outcome = outcome,
          .reason = std::move(reason),
          .quantity = {},
          .order = {},
          .judged_at = parts_.wall.wall_now(),
          .latency = j.before + (parts_.timers.get_clock().now() - j.began)};
}

void fan_out::answer(const job& j, const follower& f, signal_outcome outcome, std::string reason, decimal quantity,
                     uuid order) {
  auto made = make_receipt(j, f, outcome, std::move(reason));
  made.quantity = quantity;
  made.order = order;
  send(std::move(made));
}

void fan_out::settle(signal_key key) {
  auto at = jobs_.find(key);
  if (at == jobs_.end()) return;
  const job& j = *at->second;
  if (j.next < j.who->size()) return;
  if (!j.waiting.empty()) {
    if (std::ranges::find(lagging_, key) == lagging_.end()) lagging_.push_back(key);
    return schedule_retry();
  }
  if (j.unanswered > 0) return;
  jobs_.erase(at);
  send(key);
}

void fan_out::send(outgoing item) {
  if (outbox_.size() >= outbox_limit) return;
  outbox_.push_back(std::move(item));
  filled_.notify();
}

void fan_out::schedule_retry() {
  if (retry_timer_ || draining_) return;
  retry_timer_ = parts_.timers.call_after(retry_interval, [this] {
    retry_timer_.reset();
    retry();
  });
}

void fan_out::retry() {
  for (const auto key : std::exchange(lagging_, {})) {
    auto at = jobs_.find(key);
    if (at == jobs_.end()) continue;
    auto& j = *at->second;
    j.who = std::make_shared<const std::vector<follower>>(std::exchange(j.waiting, {}));
    j.next = 0;
    ready_.push_back(key);
  }
  schedule_turn();
}

/// Bots that ended with the signal in their mailbox say nothing: the store knows who has no receipt.
void fan_out::forget_unanswered() {
  const auto now = parts_.timers.get_clock().now();
  std::unordered_set<signal_key> lost;
  for (const auto& [key, j] : jobs_)
    if (j->next >= j->who->size() && j->waiting.empty() && now - j->delivered_at > verdict_limit) lost.insert(key);
  if (lost.empty()) return;
  std::erase_if(awaited_, [&lost](const auto& a) { return lost.contains(a.first.key); });
  for (const auto& key : lost) jobs_.erase(key);
  log().warn("some bots have not answered signals", {{"signals", lost.size()}});
}

void fan_out::adopt(unfinished_signal found) {
  auto who = std::make_shared<std::vector<follower>>();
  if (planted("offer_without_looking"))
    for (auto& m : found.missing) m.order = {};
  for (const auto& m : found.missing)
    if (m.joined && m.order == uuid()) who->push_back(m.follower);
  const auto key = found.signal.key;
  const auto age = parts_.wall.wall_now() - found.signal.created_at;
  auto* j = begin(std::move(found.signal), found.lead_bot, std::move(who));
  if (j == nullptr) return;
  j->before = std::max(nanoseconds{}, age);
  for (const auto& m : found.missing) {
    if (m.order != uuid())
      answer(*j, m.follower, signal_outcome::taken, std::string(found_again), m.quantity, m.order);
    else if (!m.joined)
      answer(*j, m.follower, signal_outcome::skipped, std::string(membership_over));
  }
  log().info("a signal goes on", {{"signal", to_signal_id(key)}, {"followers", found.missing.size()}});
}

void fan_out::room_changed(room_id id) {
  changed_.insert(id);
  asked_.notify();
}

void fan_out::account_changed(account_id account) {
  const auto rooms = routes_.rooms_of(account);
  if (rooms.empty()) return;
  changed_.insert(rooms.begin(), rooms.end());
  orphans_due_ = true;
  asked_.notify();
}

void fan_out::reload() {
  reload_wanted_ = orphans_due_ = true;
  asked_.notify();
}

/// Keeps the routes true, and looks for what was lost.
task<void> fan_out::run_follow() {
  backoff wait(database_retry_floor, database_retry_ceiling);
  milliseconds age{0};
  auto next_sweep = parts_.timers.get_clock().now();
  while (!draining_) {
    bool done = co_await refresh();
    const bool due = parts_.timers.get_clock().now() >= next_sweep;
    if (done && due) done = co_await sweep(age);
    if (draining_) break;
    if (!done) {
      const auto pause = wait.next(parts_.random);
      co_await sleep_for(parts_.timers, pause);
      continue;
    }
    wait.reset();
    if (due) {
      age = sweep_interval;
      next_sweep = parts_.timers.get_clock().now() + sweep_interval;
    }
    if (reload_wanted_ || orphans_due_ || !changed_.empty()) continue;
    co_await asked_.wait_until(parts_.timers, next_sweep);
  }
}

/// False when something could not be read; it stays to be done.
task<bool> fan_out::refresh() {
  if (orphans_due_) {
    orphans_due_ = false;
    auto ended = co_await parts_.store.end_orphans();
    if (!ended) {
      orphans_due_ = true;
      log().warn("rooms cannot be read", {{"err", ended.error()}});
      co_return false;
    }
    // Who ended them is told; without notifications (in memory) it shows at once.
    if (*ended > 0) reload_wanted_ = true;
  }
  while (reload_wanted_ || !changed_.empty()) {
    const auto only = reload_wanted_ ? std::optional<room_id>() : std::optional(*changed_.begin());
    if (only) changed_.erase(*only);
    if (!only) {
      reload_wanted_ = false;
      changed_.clear();
    }
    auto routes = co_await parts_.store.load_routes(only);
    if (!routes) {
      reload_wanted_ = true;
      log().warn("rooms cannot be read; what is known of them holds", {{"err", routes.error()}});
      co_return false;
    }
    if (only)
      routes_.replace(*only, std::move(*routes));
    else
      routes_.replace_all(std::move(*routes));
  }
  co_return true;
}

task<bool> fan_out::sweep(milliseconds age) {
  forget_unanswered();
  if (planted("never_sweep")) co_return true;
  // What is being written looks unfinished.
  if (writing_ || !outbox_.empty()) co_return true;
  auto found = co_await parts_.store.load_unfinished(age, sweep_limit);
  if (!found) {
    log().warn("unfinished signals cannot be read", {{"err", found.error()}});
    co_return false;
  }
  for (auto& signal : *found)
    if (!draining_) adopt(std::move(signal));
  co_return true;
}

task<void> fan_out::run_writer() {
  while (!draining_ || !outbox_.empty()) {
    if (outbox_.empty()) {
      co_await filled_.wait();
      continue;
    }
    if (!draining_) co_await sleep_for(parts_.timers, linger);
    writing_ = true;
    co_await write_batch();
    writing_ = false;
  }
  drained_.notify();
}

/// Once more until it is written: a receipt that is there already changes nothing.
task<void> fan_out::write_batch() {
  std::vector<receipt> receipts;
  std::vector<signal_key> finished;
  while (!outbox_.empty() && receipts.size() < receipts_per_statement && finished.size() < receipts_per_statement) {
    auto& item = outbox_.front();
    if (auto* r = std::get_if<receipt>(&item)) receipts.push_back(std::move(*r));
    if (const auto* key = std::get_if<signal_key>(&item)) finished.push_back(*key);
    outbox_.pop_front();
  }
  backoff wait(database_retry_floor, database_retry_ceiling);
  for (;;) {
    auto batch = receipts;
    auto ends = finished;
    auto written = co_await parts_.store.record(std::move(batch), std::move(ends));
    if (written) co_return;
    log().warn("receipts cannot be written", {{"receipts", receipts.size()}, {"err", written.error()}});
    const auto pause = wait.next(parts_.random);
    co_await sleep_for(parts_.timers, pause);
  }
}

task<void> fan_out::drain() {
  draining_ = true;
  asked_.notify();
  filled_.notify();
  const auto deadline = parts_.timers.get_clock().now() + drain_limit;
  const bool written = co_await drained_.wait_until(parts_.timers, deadline);
  if (!written) log().warn("receipts are left for the next start", {{"receipts", outbox_.size()}});
  scope_.stop();
  co_await scope_.join();
}

fan_out::statistics fan_out::get_statistics() const {
  return {routes_.rooms(), routes_.members(), jobs_.size(), outbox_.size()};
}

}  // namespace drover::engine
