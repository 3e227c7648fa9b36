#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "engine/orders/commit_queue.hpp"
#include "engine/orders/journal_rows.hpp"
#include "engine/orders/order_journal.hpp"

namespace drover::engine {
namespace {

using rows::pending_fill;
using rows::pending_intent;
using rows::pending_state;
using rows::pending_update;

/// Batches of intents on the wire at once; the next ones gather meanwhile.
constexpr commit_limits intent_limits{.flights = 2, .batch = 256, .waiting = 20'000};
/// One at a time: what is said of an order is written in the order in which it was said.
constexpr commit_limits update_limits{.flights = 1, .batch = 256, .waiting = 50'000};
/// One at a time: the fills of a user share the row of their total, so that each alone would wait for the commits of all
/// before it; together they cost one.
constexpr commit_limits fill_limits{.flights = 1, .batch = 64, .waiting = 50'000};
/// One at a time, and what bots remember may be large. Whoever waits a moment for the commit of thousands loses nothing: the
/// books do not depend on it.
constexpr commit_limits state_limits{.flights = 1, .batch = 512, .waiting = 50'000};
/// A transaction that lost a deadlock is run again.
constexpr int conflict_attempts = 5;
/// How often the outcome of a COMMIT that is in doubt is asked for (about half a minute while the database is away).
constexpr int read_back_attempts = 12;
constexpr milliseconds read_back_floor{100}, read_back_ceiling{5'000};

logger log() { return logger("journal"); }

bool is(const error& e, db_errc value) { return e.code == make_error_code(value); }
bool is(const error& e, journal_errc value) { return e.code == make_error_code(value); }

error to_journal_error(const error& e) {
  // Everything that PostgreSQL did not say about our statement itself: not reached, too slow, too many waiting.
  const bool away = is(e, db_errc::unavailable) || is(e, db_errc::timed_out) || is(e, db_errc::retry) ||
                    is(e, db_errc::in_doubt) || is(e, db_errc::permission_denied) ||
                    e.code == make_error_code(errc::overloaded) || e.code == make_error_code(errc::cancelled);
  if (away) return {journal_errc::unavailable, e.to_string()};
  log().error("a statement of the journal failed", {{"err", e}});
  return {journal_errc::internal, "the order journal refused a statement"};
}

error fenced(account_id account) {
  return {journal_errc::fenced, "account " + std::to_string(account.value) + " belongs to another engine now"};
}

bool same_order(const pending_update& a, const pending_update& b) { return a.id == b.id; }
bool same_bot(const pending_state& a, const pending_state& b) { return a.bot == b.bot; }

using answers = std::vector<result<void>>;
using bookings = std::vector<result<booked_fill>>;

class postgres_order_journal final : public order_journal {
 public:
  postgres_order_journal(executor e, database& db, database& fills_db)
      : db_(db),
        fills_db_(fills_db),
        timers_(make_timer_queue(e, system_clock())),
        intents_(e, intent_limits, nullptr, busy(), [this](auto batch) { return write_intents(std::move(batch)); }),
        updates_(e, update_limits, same_order, busy(), [this](auto batch) { return write_updates(std::move(batch)); }),
        fills_(e, fill_limits, nullptr, busy(), [this](auto batch) { return write_fills(std::move(batch)); }),
        states_(e, state_limits, same_bot, busy(), [this](auto batch) { return write_states(std::move(batch)); }) {}

  task<result<std::int64_t>> acquire_lease(account_id account, std::string engine_name) override {
    std::vector<account_id> one{account};
    auto epochs = co_await acquire_leases(std::move(one), std::move(engine_name));
    if (!epochs) co_return std::unexpected(epochs.error());
    co_return epochs->front();
  }

  task<result<std::vector<std::int64_t>>> acquire_leases(std::vector<account_id> accounts,
                                                         std::string engine_name) override {
    auto wanted = std::make_shared<const std::vector<account_id>>(std::move(accounts));
    auto job = [wanted, engine_name = std::move(engine_name)](pqxx::connection_base& c) {
      return rows::acquire_leases(c, *wanted, engine_name);
    };
    // An epoch counted up twice is as good as once, so a commit in doubt is simply answered as unavailable.
    auto taken = co_await repeat("acquire leases", std::move(job));
    if (!taken) co_return std::unexpected(taken.error());
    std::unordered_map<account_id, std::int64_t> by_account(taken->begin(), taken->end());
    std::vector<std::int64_t> epochs;
    epochs.reserve(wanted->size());
    for (auto account : *wanted) epochs.push_back(by_account.at(account));
    co_return epochs;
  }

  task<result<void>> append_intent(order_intent intent, std::int64_t epoch) override {
    pending_intent item{std::move(intent), epoch};
    return intents_.submit(std::move(item));
  }

  task<result<void>> record_accepted(uuid id, std::string venue_order_id, std::int64_t epoch,
                                     std::optional<wall_time> sent_at) override {
    pending_update item{.id = id, .epoch = epoch, .venue_order_id = std::move(venue_order_id), .sent_at = sent_at};
    return updates_.submit(std::move(item));
  }

  task<result<void>> record_outcome(uuid id, intent_state state, std::string reason, std::int64_t epoch,
                                    std::optional<wall_time> sent_at) override {
    pending_update item{.id = id, .epoch = epoch, .outcome = state, .reason = std::move(reason), .sent_at = sent_at};
    return updates_.submit(std::move(item));
  }

  task<result<void>> record_status(uuid id, exchanges::order_status status, decimal filled_quantity,
                                   std::string venue_order_id, std::int64_t epoch, std::optional<wall_time> sent_at) override {
    pending_update item{.id = id,
                        .epoch = epoch,
                        .status = status,
                        .reported = filled_quantity,
                        .venue_order_id = std::move(venue_order_id),
                        .sent_at = sent_at};
    return updates_.submit(std::move(item));
  }

  task<result<booked_fill>> record_fill(user_id user, account_id account, std::optional<uuid> intent,
                                        exchanges::instrument instrument, exchanges::fill fill) override {
    pending_fill item{user, account, intent, std::move(instrument), std::move(fill)};
    return fills_.submit(std::move(item));
  }

  task<result<std::vector<journal_order>>> load_open(account_id account) override {
    auto job = [account](pqxx::connection_base& c) { return rows::select_open(c, account); };
    return repeat("load open orders", std::move(job));
  }
  task<result<std::optional<journal_order>>> find(uuid id) override {
    auto job = [id](pqxx::connection_base& c) { return rows::select_order(c, id); };
    return repeat("find order", std::move(job));
  }
  task<result<std::optional<journal_order>>> find_by_venue_order(account_id account, std::string symbol,
                                                                 std::string venue_order_id) override {
    auto job = [account, symbol = std::move(symbol), venue_order_id = std::move(venue_order_id)](
                   pqxx::connection_base& c) { return rows::select_order(c, account, symbol, venue_order_id); };
    return repeat("find order of the venue", std::move(job));
  }
  task<result<exchanges::fill_cursor>> last_fill(account_id account, std::string symbol) override {
    auto job = [account, symbol = std::move(symbol)](pqxx::connection_base& c) {
      return rows::select_complete_to(c, account, symbol);
    };
    return repeat("last trade", std::move(job));
  }
  task<result<void>> mark_fills_complete(account_id account, std::string symbol, exchanges::fill_cursor to,
                                         std::int64_t epoch) override {
    auto job = [account, symbol = std::move(symbol), to = std::move(to), epoch](pqxx::connection_base& c) {
      return rows::update_complete_to(c, account, symbol, to, epoch);
    };
    auto written = co_await repeat("mark fills complete", std::move(job));
    co_return to_fence(std::move(written), account);
  }
  task<result<tenants::position>> load_position(account_id account, std::string symbol) override {
    auto job = [account, symbol = std::move(symbol)](pqxx::connection_base& c) {
      return rows::select_position(c, account, symbol);
    };
    return repeat("load position", std::move(job));
  }

  task<result<std::string>> load_strategy_state(bot_id bot) override {
    auto job = [bot](pqxx::connection_base& c) { return rows::select_strategy_state(c, bot); };
    return repeat("load strategy state", std::move(job));
  }
  task<result<void>> save_strategy_state(bot_id bot, account_id account, std::string state_json, std::int64_t epoch) override {
    pending_state item{bot, account, epoch, std::move(state_json)};
    return states_.submit(std::move(item));
  }

  task<result<void>> check_writable() override {
    auto job = [](pqxx::connection_base& c) { rows::check_writable(c); };
    auto done = co_await db_.run("check the journal", std::move(job));
    if (!done) co_return std::unexpected(to_journal_error(done.error()));
    co_return result<void>{};
  }

  task<result<std::vector<account_summary>>> load_summaries() override {
    auto job = [](pqxx::connection_base& c) { return rows::select_summaries(c); };
    return repeat("load summaries", std::move(job));
  }
  task<result<statistics>> load_statistics() override {
    auto job = [](pqxx::connection_base& c) { return rows::select_statistics(c); };
    return repeat("load statistics", std::move(job));
  }

 private:
  static error busy() { return {journal_errc::unavailable, "too many writes wait for the order journal"}; }

  static result<void> to_fence(result<bool> written, account_id account) {
    if (!written) return std::unexpected(written.error());
    if (!*written) return std::unexpected(fenced(account));
    return {};
  }

  /// For jobs that may be run any number of times.
  template <class Job>
  auto repeat(std::string_view operation, Job job)
      -> task<result<std::invoke_result_t<Job&, pqxx::connection_base&>>> {
    for (int attempt = 1;; ++attempt) {
      Job copy = job;
      auto done = co_await db_.run(operation, std::move(copy));
      if (done) co_return std::move(*done);
      const bool again = is(done.error(), db_errc::retry) || is(done.error(), db_errc::in_doubt);
      if (!again || attempt == conflict_attempts) co_return std::unexpected(to_journal_error(done.error()));
    }
  }

  task<answers> write_intents(std::vector<pending_intent> batch) {
    auto shared = std::make_shared<const std::vector<pending_intent>>(std::move(batch));
    for (int attempt = 1;; ++attempt) {
      auto job = [shared](pqxx::connection_base& c) { return rows::insert_intents(c, *shared); };
      auto stored = co_await db_.run("append intents", std::move(job));
      if (stored) co_return judge_intents(*shared, *stored);
      const error& e = stored.error();
      if (is(e, db_errc::in_doubt)) {
        auto outcome = co_await read_back(shared);
        co_return outcome;
      }
      if (is(e, db_errc::retry) && attempt < conflict_attempts) continue;
      const bool poisoned = is(e, db_errc::constraint_violation) || is(e, db_errc::broken);
      if (poisoned && shared->size() > 1) {
        auto outcome = co_await write_alone(shared);
        co_return outcome;
      }
      co_return answers(shared->size(), std::unexpected(to_journal_error(e)));
    }
  }

  /// One intent that PostgreSQL cannot take must not take its neighbours with it.
  task<answers> write_alone(std::shared_ptr<const std::vector<pending_intent>> batch) {
    answers all;
    for (const auto& item : *batch) {
      std::vector<pending_intent> one{item};
      auto outcome = co_await write_intents(std::move(one));
      all.push_back(std::move(outcome.front()));
    }
    co_return all;
  }

  static answers judge_intents(const std::vector<pending_intent>& batch, const std::vector<uuid>& stored) {
    const std::unordered_set<uuid> known(stored.begin(), stored.end());
    answers all;
    for (const auto& item : batch)
      if (known.contains(item.intent.id))
        all.emplace_back();
      else
        all.emplace_back(std::unexpected(fenced(item.intent.account)));
    return all;
  }

  /// REL-05: the connection broke during COMMIT. What is stored is stored; what is not may not be sent. A commit that
  /// becomes visible only later leaves an intent that was never sent, which the next reconciliation proves away.
  task<answers> read_back(std::shared_ptr<const std::vector<pending_intent>> batch) {
    log().warn("a commit of intents is in doubt; reading them back", {{"intents", batch->size()}});
    auto ids = std::make_shared<std::vector<uuid>>();
    for (const auto& item : *batch) ids->push_back(item.intent.id);
    backoff wait(read_back_floor, read_back_ceiling);
    for (int attempt = 0; attempt < read_back_attempts; ++attempt) {
      auto job = [ids](pqxx::connection_base& c) { return rows::find_stored(c, *ids); };
      auto stored = co_await db_.run("read back intents", std::move(job));
      if (stored) co_return judge_read_back(*batch, *stored);
      co_await sleep_for(*timers_, wait.next(system_random()));
    }
    error unknown{journal_errc::unavailable, "it could not be learnt whether the intent is stored"};
    co_return answers(batch->size(), std::unexpected(unknown));
  }

  static answers judge_read_back(const std::vector<pending_intent>& batch, const std::vector<uuid>& stored) {
    const std::unordered_set<uuid> known(stored.begin(), stored.end());
    answers all;
    for (const auto& item : batch)
      if (known.contains(item.intent.id))
        all.emplace_back();
      else
        all.emplace_back(fail(journal_errc::unavailable, "the commit did not happen"));
    return all;
  }

  task<answers> write_updates(std::vector<pending_update> batch) {
    auto shared = std::make_shared<const std::vector<pending_update>>(std::move(batch));
    auto job = [shared](pqxx::connection_base& c) { return rows::update_intents(c, *shared); };
    // Written facts stay as they are when they are written again, so a commit in doubt is repeated.
    auto updated = co_await repeat("update intents", std::move(job));
    if (!updated) co_return answers(shared->size(), std::unexpected(updated.error()));
    if (updated->size() == shared->size()) co_return answers(shared->size());
    auto outcome = co_await judge_updates(shared, std::move(*updated));
    co_return outcome;
  }

  task<answers> judge_updates(std::shared_ptr<const std::vector<pending_update>> batch, std::vector<uuid> updated) {
    std::vector<uuid> ids;
    for (const auto& item : *batch) ids.push_back(item.id);
    auto job = [ids = std::move(ids)](pqxx::connection_base& c) { return rows::find_stored(c, ids); };
    auto stored = co_await repeat("find stored intents", std::move(job));
    if (!stored) co_return answers(batch->size(), std::unexpected(stored.error()));
    const std::unordered_set<uuid> done(updated.begin(), updated.end()), known(stored->begin(), stored->end());
    answers all;
    for (const auto& item : *batch)
      if (done.contains(item.id))
        all.emplace_back();
      else if (known.contains(item.id))
        all.emplace_back(fail(journal_errc::fenced, "the account belongs to another engine now"));
      else
        all.emplace_back(fail(journal_errc::internal, "no such intent"));
    co_return all;
  }

  task<answers> write_states(std::vector<pending_state> batch) {
    auto shared = std::make_shared<const std::vector<pending_state>>(std::move(batch));
    auto job = [shared](pqxx::connection_base& c) { return rows::update_strategy_states(c, *shared); };
    // The same state once more is no change, so a commit in doubt is repeated.
    auto written = co_await repeat("save strategy states", std::move(job));
    const bool poisoned = !written && is(written.error(), journal_errc::internal);
    if (poisoned && shared->size() > 1) {
      auto outcome = co_await write_states_alone(shared);
      co_return outcome;
    }
    if (!written) co_return answers(shared->size(), std::unexpected(written.error()));
    const std::unordered_set<bot_id> done(written->begin(), written->end());
    answers all;
    for (const auto& item : *shared)
      if (done.contains(item.bot))
        all.emplace_back();
      else
        all.emplace_back(std::unexpected(fenced(item.account)));
    co_return all;
  }

  /// A state that PostgreSQL cannot take must not take its neighbours with it.
  task<answers> write_states_alone(std::shared_ptr<const std::vector<pending_state>> batch) {
    answers all;
    for (const auto& item : *batch) {
      std::vector<pending_state> one{item};
      auto outcome = co_await write_states(std::move(one));
      all.push_back(std::move(outcome.front()));
    }
    co_return all;
  }

  task<bookings> write_fills(std::vector<pending_fill> batch) {
    auto shared = std::make_shared<const std::vector<pending_fill>>(std::move(batch));
    bool doubted = false;
    for (int attempt = 0; attempt < conflict_attempts; ++attempt) {
      auto job = [shared](pqxx::connection_base& c) { return rows::insert_fills(c, *shared); };
      auto booked = co_await fills_db_.run("record fills", std::move(job));
      if (booked) co_return to_bookings(std::move(*booked), doubted);
      const error& e = booked.error();
      doubted = doubted || is(e, db_errc::in_doubt);
      if (is(e, db_errc::in_doubt) || is(e, db_errc::retry)) continue;
      const bool poisoned = is(e, db_errc::constraint_violation) || is(e, db_errc::broken) || is(e, db_errc::refused);
      if (poisoned && shared->size() > 1) {
        auto outcome = co_await write_fills_alone(shared);
        co_return outcome;
      }
      co_return bookings(shared->size(), std::unexpected(to_journal_error(e)));
    }
    co_return bookings(shared->size(), fail(journal_errc::unavailable, "a fill could not be stored"));
  }

  /// The same trade cannot be booked twice: after a commit in doubt the statement itself tells whether it happened, and
  /// if it did, it was this call's.
  static bookings to_bookings(std::vector<booked_fill> booked, bool doubted) {
    bookings all;
    for (auto& one : booked) {
      one.was_new = one.was_new || doubted;
      all.emplace_back(std::move(one));
    }
    return all;
  }

  /// One fill that the books cannot take must not take its neighbours with it.
  task<bookings> write_fills_alone(std::shared_ptr<const std::vector<pending_fill>> batch) {
    bookings all;
    for (const auto& item : *batch) {
      std::vector<pending_fill> one{item};
      auto outcome = co_await write_fills(std::move(one));
      all.push_back(std::move(outcome.front()));
    }
    co_return all;
  }

  database& db_;
  database& fills_db_;
  std::unique_ptr<timer_queue> timers_;
  commit_queue<pending_intent> intents_;
  commit_queue<pending_update> updates_;
  commit_queue<pending_fill, booked_fill> fills_;
  commit_queue<pending_state> states_;
};

}  // namespace

std::unique_ptr<order_journal> make_postgres_order_journal(executor e, database& db, database* fills) {
  return std::make_unique<postgres_order_journal>(std::move(e), db, fills ? *fills : db);
}

}  // namespace drover::engine
