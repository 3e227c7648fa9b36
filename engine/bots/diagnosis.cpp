#include "engine/bots/diagnosis.hpp"

#include <algorithm>
#include <utility>

namespace drover::engine {

namespace {

/// A market of which nothing was heard for so long may be quiet, or the stream may be dead.
constexpr milliseconds silence_limit{60'000};

diagnosis_check passed(std::string check, std::string detail) { return {std::move(check), true, std::move(detail), {}}; }
diagnosis_check failed(std::string check, std::string detail, std::string what_to_do) {
  return {std::move(check), false, std::move(detail), std::move(what_to_do)};
}
diagnosis_check untold(std::string check, std::string detail) { return {std::move(check), std::nullopt, std::move(detail), {}}; }

std::string in_seconds(milliseconds d) { return std::to_string(std::chrono::ceil<seconds>(d).count()) + " s"; }

diagnosis_check check_user(const diagnosis_facts& f) {
  if (f.user_active) return passed("user_active", "The user is active");
  return failed("user_active", "The user is banned", "Ask an administrator");
}

diagnosis_check check_approval(const diagnosis_facts& f) {
  using tenants::account_status;
  if (f.account.status == account_status::approved) return passed("account_approved", "The account is approved");
  if (f.account.status == account_status::pending)
    return failed("account_approved", "The account waits for approval", "Wait for an administrator, or ask one");
  return failed("account_approved", "The account was rejected" + (f.account.error_message ? ": " + *f.account.error_message : ""),
                "Do what the administrator asks for, then enter the key again");
}

diagnosis_check check_active(const diagnosis_facts& f) {
  if (f.account.is_active) return passed("account_active", "The account is switched on");
  return failed("account_active", "The account is switched off", "Switch the account on");
}

diagnosis_check check_key(const diagnosis_facts& f) {
  if (!f.connection || !f.connection->last_probe) return untold("key_probe", "The key has not been asked for its rights since the engine started");
  const auto& probe = *f.connection->last_probe;
  if (probe.passed) return passed("key_probe", "The key may read and trade and not withdraw");
  return failed("key_probe", probe.reason, "Correct the key's rights at the exchange, or connect another key");
}

diagnosis_check check_venue(const diagnosis_facts& f) {
  if (!f.connection) return untold("venue_reachable", "No bot of the account runs, so the exchange is not asked");
  using exchanges::breaker_state;
  for (const auto* health : {&f.connection->venue.connection, &f.connection->connection})
    if (health->breaker != breaker_state::closed)
      return failed("venue_reachable", f.connection->exchange + " does not answer" + (health->reason.empty() ? "" : ": " + health->reason),
                    "Nothing: it is tried again by itself. See the exchange's own status page");
  return passed("venue_reachable", f.connection->exchange + " answers");
}

diagnosis_check check_budget(const diagnosis_facts& f) {
  if (!f.connection) return untold("rate_budget", "No bot of the account runs");
  if (f.connection->venue.banned_for)
    return failed("rate_budget", f.connection->exchange + " asked the engine to stay away for " + in_seconds(*f.connection->venue.banned_for),
                  "Nothing: requests go on after that");
  return passed("rate_budget", "There is room for requests");
}

diagnosis_check check_lock(const diagnosis_facts& f) {
  if (f.status && f.status->state == bot_state::locked) return failed("trading_lock", f.status->reason, "Ask whoever locked trading to release it");
  return passed("trading_lock", "Trading is not locked");
}

diagnosis_check check_desired(const diagnosis_facts& f) {
  if (f.bot.desired == desired_state::running) return passed("desired_state", "The bot is to run");
  const std::string because = f.bot.reason.empty() ? "" : ": " + f.bot.reason;
  return failed("desired_state", "The bot is " + std::string(to_string(f.bot.desired)) + because, "Start the bot");
}

diagnosis_check check_supervisor(const diagnosis_facts& f) {
  if (!f.status) return untold("supervisor", "The engine does not hold this bot; see above, or wait a moment");
  const auto& s = *f.status;
  if (s.state == bot_state::quarantined)
    return failed("supervisor", s.reason, "Correct the cause, then change the bot or press start: it gets another chance");
  if (s.state == bot_state::backing_off) return failed("supervisor", s.reason, "Nothing: it is started again by itself");
  if (s.state == bot_state::starting || s.state == bot_state::stopping)
    return failed("supervisor", s.reason.empty() ? std::string(to_string(s.state)) : s.reason, "Wait a moment");
  return passed("supervisor", "The bot is " + std::string(to_string(s.state)));
}

diagnosis_check check_reconciliation(const diagnosis_facts& f) {
  if (!f.report) return untold("reconciliation", "The bot does not run");
  if (f.report->reconciled) return passed("reconciliation", "Orders, fills and balances agree with the exchange");
  return failed("reconciliation", "Orders, fills and balances are being read from the exchange", "Wait a moment");
}

diagnosis_check check_market(const diagnosis_facts& f) {
  if (!f.report || !f.report->market_watched) return untold("market_data", "The bot does not watch its market yet");
  if (!f.report->market_age)
    return failed("market_data", "No price of " + f.bot.symbol + " is known", "Wait; if it lasts, see the exchange's state and whether it lists the market");
  if (*f.report->market_age > silence_limit)
    return failed("market_data", "The last price of " + f.bot.symbol + " is " + in_seconds(*f.report->market_age) + " old", "The market is quiet, or the exchange is silent");
  return passed("market_data", "The price of " + f.bot.symbol + " is " + in_seconds(*f.report->market_age) + " old");
}

diagnosis_check check_balance(const diagnosis_facts& f) {
  if (!f.report || !f.report->reconciled || !f.report->bid_price.is_positive()) return untold("balance", "Balances or the price are not known yet");
  const auto& r = *f.report;
  decimal worth;
  std::string has;
  for (const auto& b : r.balances) {
    const bool is_base = b.asset == r.base_asset;
    worth += is_base ? (b.free + b.locked) * r.bid_price : b.free + b.locked;
    has += (has.empty() ? "" : ", ") + (b.free + b.locked).to_string() + " " + b.asset;
  }
  const auto said = has.empty() ? std::string("The account holds neither ") + r.base_asset + " nor " + r.quote_asset : "The account holds " + has;
  if (worth >= r.min_notional && worth.is_positive()) return passed("balance", said);
  return failed("balance", said + "; the smallest order costs " + r.min_notional.to_string() + " " + r.quote_asset, "Bring funds to the account");
}

diagnosis_check check_strategy(const diagnosis_facts& f) {
  if (!f.report) return untold("strategy", "The bot does not run");
  if (f.report->slowed)
    return failed("strategy", "It takes more than its share of the trading thread, so its ticks are delayed",
                  "Let it do less at each tick; it is quarantined when this lasts");
  if (f.report->last_refusal.empty()) return passed("strategy", "None of its orders was refused; it waits for its moment");
  return failed("strategy", "Its last order was not placed: " + f.report->last_refusal, "Change the parameters, the funds or the risk limits that the reason names");
}

}  // namespace

std::vector<diagnosis_check> diagnose(const diagnosis_facts& facts) {
  return {check_user(facts),   check_approval(facts), check_active(facts),     check_key(facts),            check_venue(facts),
          check_budget(facts), check_lock(facts),     check_desired(facts),    check_supervisor(facts),     check_reconciliation(facts),
          check_market(facts), check_balance(facts),  check_strategy(facts)};
}

}  // namespace drover::engine
