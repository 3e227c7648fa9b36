#include "base/timer.hpp"
#include "engine/orders/intent_rules.hpp"
#include "simulation/copy_office.hpp"
#include "simulation/model_database.hpp"
#include "simulation/statement_detail.hpp"

namespace drover::simulation {
namespace {

using namespace engine;

/// As the PostgreSQL journal: how often it asks what became of a doubtful commit.
constexpr int read_back_attempts = 12;
constexpr nanoseconds read_back_pause = 1s;

std::unexpected<error> away() {
  return fail(journal_errc::unavailable, "the connection was lost");
}
constexpr std::string_view in_doubt = "the connection was lost during the commit";

/// What a write did to an order, told to the oracle when it is committed.
task<std::optional<journal_order>> look(order_journal& committed, uuid id) {
  auto found = co_await committed.find(id);
  co_return found ? *found : std::nullopt;
}

class model_journal final : public order_journal {
public:
  model_journal(model_database& db, std::shared_ptr<const life_line> life) : db_(db), life_(std::move(life)) {}

  task<result<std::int64_t>> acquire_lease(account_id account, std::string engine_name) override {
    std::vector<account_id> one{account};
    auto epochs = co_await acquire_leases(std::move(one), std::move(engine_name));
    if (!epochs) co_return std::unexpected(epochs.error());
    co_return epochs->front();
  }

  task<result<std::vector<std::int64_t>>> acquire_leases(std::vector<account_id> accounts, std::string name) override {
    return run<std::vector<std::int64_t>>(
        true, [&db = db_, accounts, name, e = life_->engine] { return commit_leases(db, e, accounts, name); });
  }

  /// A commit in doubt is read back; when even that fails, the caller hears that nothing may be sent.
  task<result<void>> append_intent(order_intent intent, std::int64_t epoch) override {
    const uuid id = intent.id;
    auto stored = co_await run<void>(
        true, [&db = db_, intent, epoch, e = life_->engine] { return commit_intent(db, e, intent, epoch); });
    if (stored || stored.error().detail != in_doubt) co_return stored;
    for (int attempt = 0; attempt < read_back_attempts; ++attempt) {
      auto known = co_await find(id);
      if (known && *known) co_return result<void>{};
      if (known) co_return away();
      co_await pause(db_.get_world(), read_back_pause);
    }
    co_return stored;
  }

  task<result<void>> record_accepted(uuid id, std::string venue_order_id, std::int64_t epoch,
                                     std::optional<wall_time> sent_at) override {
    return update(id, [=](order_journal& j) { return j.record_accepted(id, venue_order_id, epoch, sent_at); });
  }
  task<result<void>> record_outcome(uuid id, intent_state state, std::string reason, std::int64_t epoch,
                                    std::optional<wall_time> sent_at) override {
    return run<void>(true, [&db = db_, id, state, reason, epoch, sent_at] {
      return commit_outcome(db, id, state, reason, epoch, sent_at);
    });
  }
  task<result<void>> record_status(uuid id, exchanges::order_status status, decimal filled, std::string venue_order_id,
                                   std::int64_t epoch, std::optional<wall_time> sent_at) override {
    return update(id,
                  [=](order_journal& j) { return j.record_status(id, status, filled, venue_order_id, epoch, sent_at); });
  }
  task<result<booked_fill>> record_fill(user_id user, account_id account, std::optional<uuid> intent,
                                        exchanges::instrument i, exchanges::fill f) override {
    return run<booked_fill>(
        true, [&db = db_, user, account, intent, i, f] { return commit_fill(db, user, account, intent, i, f); });
  }

  task<result<std::vector<journal_order>>> load_open(account_id a) override {
    return run<std::vector<journal_order>>(false, [&db = db_, a] { return db.committed().load_open(a); });
  }
  task<result<std::optional<journal_order>>> find(uuid id) override {
    return run<std::optional<journal_order>>(false, [&db = db_, id] { return db.committed().find(id); });
  }
  task<result<std::optional<journal_order>>> find_by_venue_order(account_id a, std::string symbol,
                                                                 std::string id) override {
    return run<std::optional<journal_order>>(
        false, [&db = db_, a, symbol, id] { return db.committed().find_by_venue_order(a, symbol, id); });
  }
  task<result<exchanges::fill_cursor>> last_fill(account_id a, std::string symbol) override {
    return run<exchanges::fill_cursor>(false, [&db = db_, a, symbol] { return db.committed().last_fill(a, symbol); });
  }
  task<result<void>> mark_fills_complete(account_id a, std::string symbol, exchanges::fill_cursor to,
                                         std::int64_t epoch) override {
    return run<void>(
        true, [&db = db_, a, symbol, to, epoch] { return db.committed().mark_fills_complete(a, symbol, to, epoch); });
  }
  task<result<tenants::position>> load_position(account_id a, std::string symbol) override {
    return run<tenants::position>(false, [&db = db_, a, symbol] { return db.committed().load_position(a, symbol); });
  }
  task<result<std::string>> load_strategy_state(bot_id b) override {
    return run<std::string>(false, [&db = db_, b] { return db.committed().load_strategy_state(b); });
  }
  task<result<void>> save_strategy_state(bot_id b, account_id a, std::string state, std::int64_t epoch) override {
    return run<void>(true,
                     [&db = db_, b, a, state, epoch] { return db.committed().save_strategy_state(b, a, state, epoch); });
  }
  task<result<void>> check_writable() override {
    return run<void>(true, [&db = db_] { return db.committed().check_writable(); });
  }
  task<result<std::vector<account_summary>>> load_summaries() override {
    return run<std::vector<account_summary>>(false, [&db = db_] { return db.committed().load_summaries(); });
  }
  task<result<statistics>> load_statistics() override {
    return run<statistics>(false, [&db = db_] { return db.committed().load_statistics(); });
  }

private:
  template <class T>
  task<result<T>> run(bool write, statement<T> work) {
    const error in_doubt_error(journal_errc::unavailable, std::string(in_doubt));
    return run_statement<T>(db_, life_, write, std::move(work), away().error(), in_doubt_error);
  }

  task<result<void>> update(uuid id, std::function<task<result<void>>(order_journal&)> change) {
    return run<void>(true, [&db = db_, id, change = std::move(change)] { return commit_update(db, id, change); });
  }

  static task<result<std::vector<std::int64_t>>> commit_leases(model_database& db, int engine,
                                                               std::vector<account_id> accounts, std::string name) {
    auto epochs = co_await db.committed().acquire_leases(accounts, name);
    for (std::size_t i = 0; epochs && i < accounts.size(); ++i)
      db.get_oracle().lease_moved(engine, accounts[i], (*epochs)[i]);
    co_return epochs;
  }

  static task<result<void>> commit_intent(model_database& db, int engine, order_intent intent, std::int64_t epoch) {
    auto known = co_await look(db.committed(), intent.id);
    auto done = co_await db.committed().append_intent(intent, epoch);
    if (done && !known) db.get_oracle().intent_committed(engine, intent, epoch);
    if (done && !known && db.rooms()) db.rooms()->intent_committed(engine, intent);
    co_return done;
  }

  static task<result<void>> commit_outcome(model_database& db, uuid id, intent_state state, std::string reason,
                                           std::int64_t epoch, std::optional<wall_time> sent_at) {
    auto before = co_await look(db.committed(), id);
    auto done = co_await db.committed().record_outcome(id, state, reason, epoch, sent_at);
    auto after = co_await look(db.committed(), id);
    if (done && before && after->state != before->state) db.get_oracle().outcome_committed(*before, after->state);
    co_return done;
  }

  static task<result<void>> commit_update(model_database& db, uuid id,
                                          std::function<task<result<void>>(order_journal&)> change) {
    auto before = co_await look(db.committed(), id);
    auto done = co_await change(db.committed());
    auto after = co_await look(db.committed(), id);
    if (done && before) db.get_oracle().order_updated(*before, *after);
    co_return done;
  }

  static task<result<booked_fill>> commit_fill(model_database& db, user_id user, account_id account,
                                               std::optional<uuid> intent, exchanges::instrument i, exchanges::fill f) {
    std::optional<journal_order> before;
    if (intent) before = co_await look(db.committed(), *intent);
    auto booked = co_await db.committed().record_fill(user, account, intent, i, f);
    if (!booked || !before) co_return booked;
    auto after = co_await look(db.committed(), *intent);
    db.get_oracle().order_updated(*before, *after);
    if (booked->was_new && db.rooms()) db.rooms()->fill_booked(account, after->intent.bot, *booked);
    co_return booked;
  }

  model_database& db_;
  std::shared_ptr<const life_line> life_;
};

}  // namespace

std::unique_ptr<engine::order_journal> make_model_journal(model_database& db, std::shared_ptr<const life_line> life) {
  return std::make_unique<model_journal>(db, std::move(life));
}

}  // namespace drover::simulation
