#include "simulation/oracle.hpp"

#include <fmt/core.h>

#include "engine/orders/intent_rules.hpp"

namespace drover::simulation {

using engine::intent_state;

namespace {

/// order_desk_config::send_limit, and what running takes.
constexpr nanoseconds send_limit = std::chrono::milliseconds(5'050);
/// A bot may not know for longer that the market has another price: the way, a full mailbox, and the journal's answer to a question
/// about a fill.
constexpr nanoseconds tick_limit = std::chrono::seconds(60);
/// The only orders that a stopped bot places: they close its position (resume_contract::flatten).
constexpr std::string_view closing_tag = "flatten";

/// REL-01 to REL-05. What was found to exist stays so; what was proved absent stays so.
bool is_legal(intent_state before, intent_state after) {
  using enum intent_state;
  switch (before) {
    case intended:
      return after != intended;
    case unknown:
      return after != intended && after != unknown;
    case accepted:
      return after == closed;
    case closed:
      // A fill that came after the end.
      return after == accepted;
    case refused:
    case not_placed:
      return false;
  }
  return false;
}

/// It came to exist and ended without a trace: nobody can tell it from one that never was.
bool left_nothing(const venue_order& order) {
  return exchanges::is_terminal(order.status) && order.filled.is_zero();
}

}  // namespace

oracle::oracle(world& w, history& h) : world_(w), history_(h) {}

void oracle::fail(std::string what) {
  note("VIOLATION " + what);
  if (failure_.empty()) failure_ = std::move(what);
}

oracle::intent_facts* oracle::find(const std::string& client_order_id) {
  const auto at = intents_.find(client_order_id);
  return at == intents_.end() ? nullptr : &at->second;
}

void oracle::lease_moved(int engine, account_id account, std::int64_t epoch) {
  note(fmt::format("lease account={} epoch={} engine={}", account.value, epoch, engine));
  if (epoch <= leases_[account].epoch) fail(fmt::format("the epoch of account {} went back", account.value));
  leases_[account] = {engine, epoch};
}

bool oracle::holds(int engine, account_id account) const {
  const auto at = leases_.find(account);
  return at != leases_.end() && at->second.engine == engine;
}

void oracle::intent_committed(int engine, const engine::order_intent& intent, std::int64_t epoch) {
  const auto id = intent.client_order_id();
  note(fmt::format("intent {} account={} epoch={} {} {}@{}", id, intent.account.value, epoch,
                   exchanges::to_string(intent.side), intent.quantity.to_string(), intent.price.to_string()));
  ++totals_.intents;
  const auto& lease = leases_[intent.account];
  if (epoch != lease.epoch)
    fail(fmt::format("intent {} was stored under epoch {}, the account is at {}", id, epoch, lease.epoch));
  if (engine != lease.engine)
    fail(fmt::format("intent {} is of engine {}, the account belongs to {}", id, engine, lease.engine));
  for (const auto& other : unresolved_[intent.account])
    if (find(other)->epoch < epoch)
      fail(fmt::format("intent {} was made before {} of an earlier engine was resolved", id, other));
  unresolved_[intent.account].insert(id);
  const auto [at, fresh] =
      intents_.try_emplace(id, intent_facts{.intent = intent, .committed_at = world_.now(), .epoch = epoch});
  if (!fresh) fail("intent " + id + " was stored twice");
}

void oracle::outcome_committed(const engine::journal_order& before, intent_state after) {
  const auto id = before.intent.client_order_id();
  auto* facts = find(id);
  if (!facts) return fail("an outcome of " + id + ", which nobody stored");
  facts->state = after;
  if (after != intent_state::unknown) unresolved_[before.intent.account].erase(id);
  if (after == intent_state::unknown) ++totals_.unknown;
  note(fmt::format("outcome {} {} -> {}", id, to_string(before.state), to_string(after)));
  const bool absent = after == intent_state::not_placed || after == intent_state::refused;
  if (after == intent_state::not_placed) ++totals_.not_placed;
  if (after == intent_state::refused) ++totals_.refused;
  if (absent && facts->placed > 0 && !left_nothing(*facts->at_venue))
    fail(fmt::format("{} was written off as {}, but the venue has it", id, to_string(after)));
  if (!is_legal(before.state, after))
    fail(fmt::format("{} went from {} to {}", id, to_string(before.state), to_string(after)));
}

void oracle::order_updated(const engine::journal_order& before, const engine::journal_order& after) {
  const auto id = after.intent.client_order_id();
  auto* facts = find(id);
  if (!facts) return fail("an update of " + id + ", which nobody stored");
  if (before.state != after.state) {
    note(fmt::format("state {} {} -> {}", id, to_string(before.state), to_string(after.state)));
    facts->state = after.state;
    unresolved_[after.intent.account].erase(id);
    if (!is_legal(before.state, after.state))
      fail(fmt::format("{} went from {} to {}", id, to_string(before.state), to_string(after.state)));
  }
  if (after.filled_quantity != before.filled_quantity) ++totals_.fills;
  if (facts->placed == 0) fail(id + " counts as existing, but no venue has it");
  if (exchanges::is_terminal(before.status) && before.status != after.status)
    fail(fmt::format("{} was {} and became {}", id, exchanges::to_string(before.status),
                     exchanges::to_string(after.status)));
  if (after.filled_quantity > after.intent.quantity) fail(id + " is filled beyond its quantity");
  if (after.state == intent_state::closed && !engine::is_complete(after)) fail(id + " was closed with fills missing");
}

void oracle::order_sent(int engine, account_id key_of, const exchanges::order_request& request) {
  const auto& id = request.client_order_id;
  note(fmt::format("send {} engine={} account={}", id, engine, key_of.value));
  ++totals_.sent;
  auto* facts = find(id);
  if (!facts) return fail(id + " was sent before its intent was stored");
  if (++facts->sent > 1) fail(id + " was sent twice");
  if (facts->intent.account != key_of)
    fail(fmt::format("{} of account {} was sent with the key of account {}", id, facts->intent.account.value,
                     key_of.value));
  if (facts->state == intent_state::not_placed || facts->state == intent_state::refused)
    fail(fmt::format("{} was sent after it had been written off", id));
  if (world_.now() > facts->committed_at + send_limit) fail(id + " was sent too late");
  const bool closes = facts->intent.tag == closing_tag;
  if (!closes && (stopped_.contains({engine, key_of}) || stopped_.contains({any_engine, key_of})))
    fail(id + " was sent after the account had been stopped");
}

void oracle::request_sent(int engine, const std::string& venue) {
  ++totals_.requests;
  const auto at = banned_until_.find({engine, venue});
  if (at != banned_until_.end() && world_.now() < at->second) fail("a request left for " + venue + " during a ban");
}

void oracle::request_signed(const std::string& label, const api_key& key) {
  if (label != std::to_string(key.account.value))
    fail(fmt::format("a request of account {} was signed with the key of account {}", label, key.account.value));
  const auto least = least_key_.find(key.account);
  if (least != least_key_.end() && key.version < least->second)
    fail(fmt::format("a request of account {} was signed with a key that had been replaced", label));
}

void oracle::keys_retired(account_id account, std::int64_t version) {
  note(fmt::format("keys of account {} before version {} are retired", account.value, version));
  least_key_[account] = version;
}

void oracle::tick_decided(steady_time told_at) {
  if (moves_.empty() || told_at >= moves_.front() || world_.now() - moves_.front() <= tick_limit) return;
  fail(fmt::format("a strategy decided on a price that was {} s old",
                   std::chrono::duration_cast<seconds>(world_.now() - told_at).count()));
}

void oracle::markets_moved() {
  moves_.push_back(world_.now());
  while (moves_.size() > 1 && world_.now() - moves_[1] > tick_limit) moves_.pop_front();
}

void oracle::ban_heard(int engine, const std::string& venue, nanoseconds span) {
  note(fmt::format("ban engine={} venue={}", engine, venue));
  auto& until = banned_until_[{engine, venue}];
  until = std::max(until, world_.now() + span);
}

void oracle::stop_answered(int engine, account_id account) {
  note(fmt::format("stopped engine={} account={}", engine, account.value));
  stopped_.insert({engine, account});
}

void oracle::start_asked(int engine, account_id account) {
  stopped_.erase({engine, account});
}

void oracle::order_placed(const model_venue& venue, account_id account, const venue_order& order) {
  const auto& r = order.request;
  if (is_foreign(r.client_order_id)) return;
  note(fmt::format("placed {} venue={} account={} order={}", r.client_order_id, venue.name(), account.value, order.id));
  ++totals_.placed;
  auto* facts = find(r.client_order_id);
  if (!facts) return fail(r.client_order_id + " exists at the venue without an intent");
  const auto& i = facts->intent;
  if (world_.wall_now() > i.dead_after)
    fail(r.client_order_id + " came to exist after the time from which absence counts");
  facts->at_venue = &order;
  if (++facts->placed > 1) fail(r.client_order_id + " exists twice at the venue");
  if (facts->state == intent_state::not_placed || facts->state == intent_state::refused)
    fail(fmt::format("{} came to exist after it had been written off as {}", r.client_order_id,
                     to_string(facts->state)));
  const bool same = i.account == account && i.symbol == r.symbol && i.side == r.side && i.type == r.type &&
                    i.tif == r.tif && i.quantity == r.quantity && i.price == r.price;
  if (!same) fail(r.client_order_id + " at the venue is not what its intent says");
}

}  // namespace drover::simulation
