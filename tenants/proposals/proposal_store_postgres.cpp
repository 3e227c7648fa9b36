#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/proposals/proposal_store.hpp"

namespace drover::tenants {
namespace {

using connection = pqxx::connection_base;

const std::string columns = "id, kind, subject, content, digest, reason, state, proposed_by, " +
                            microseconds_of("created_at") + ", " + microseconds_of("expires_at") + ", decided_by, " +
                            microseconds_of("decided_at");
const std::string time_4 = "to_timestamp($4::bigint / 1000000.0)";

/// Two administrators who propose the same thing at once are one after the other.
const statement lock_thing{"proposals_lock_thing",
                           "SELECT pg_advisory_xact_lock(hashtextextended('proposal ' || $1 || ' ' || $2, 0))"};
const statement find_living{
    "proposals_find_living",
    "SELECT " + columns +
        " FROM proposals WHERE kind = $1 AND subject = $2 AND state IN ('open', 'confirmed') FOR UPDATE"};
const statement insert{
    "proposals_insert",
    "INSERT INTO proposals (kind, subject, content, digest, reason, proposed_by, created_at, expires_at) VALUES "
    "($1, $2, $3, $4, $5, $6, to_timestamp($7::bigint / 1000000.0), to_timestamp($8::bigint / 1000000.0)) RETURNING " +
        columns};
const statement select_one{"proposals_get", "SELECT " + columns + " FROM proposals WHERE id = $1"};
const statement lock_one{"proposals_lock", "SELECT " + columns + " FROM proposals WHERE id = $1 FOR UPDATE"};
const statement select_all{"proposals_list", "SELECT " + columns + " FROM proposals ORDER BY id DESC LIMIT $1"};
const statement select_living{"proposals_list_living",
                              "SELECT " + columns +
                                  " FROM proposals WHERE state IN ('open', 'confirmed') "
                                  "AND expires_at > to_timestamp($2::bigint / 1000000.0) ORDER BY id DESC LIMIT $1"};
const statement decide{"proposals_decide", "UPDATE proposals SET state = $2, decided_by = $3, decided_at = " + time_4 +
                                               " WHERE id = $1 RETURNING " + columns};
const statement finish_one{
    "proposals_finish",
    "UPDATE proposals SET state = 'done' WHERE id = $1 AND state = 'confirmed' RETURNING " + columns};
const statement select_confirmed{"proposals_find_confirmed",
                                 "SELECT " + columns +
                                     " FROM proposals WHERE kind = $1 AND subject = $2 AND state = 'confirmed' "
                                     "AND expires_at > to_timestamp($3::bigint / 1000000.0)"};
const statement note_two{"proposals_note_two_administrators",
                         "INSERT INTO engine_meta (key, value) SELECT 'two_administrators_at', $1::text "
                         "WHERE (SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active') >= 2 "
                         "ON CONFLICT (key) DO UPDATE SET value = excluded.value"};
const statement select_two{"proposals_two_administrators",
                           "SELECT value FROM engine_meta WHERE key = 'two_administrators_at'"};

proposal proposal_of(const pqxx::row& row) {
  const auto kind = parse_proposal_kind(view_of(row[1]));
  const auto state = parse_proposal_state(view_of(row[6]));
  if (!kind || !state) throw std::runtime_error("a proposal has an unknown kind or state");
  return {.id = integer_of(row[0]),
          .kind = *kind,
          .subject = text_of(row[2]),
          .content = text_of(row[3]),
          .digest = text_of(row[4]),
          .reason = text_of(row[5]),
          .state = *state,
          .proposed_by = user_id(integer_of(row[7])),
          .created_at = time_of(row[8]),
          .expires_at = time_of(row[9]),
          .decided_by = user_id(row[10].is_null() ? 0 : integer_of(row[10])),
          .decided_at = optional_time_of(row[11])};
}

void audit(pqxx::transaction_base& tx, user_id actor, const char* action, const proposal& p) {
  insert_audit_event(tx, {.actor = actor,
                          .action = action,
                          .object = "proposal:" + std::to_string(p.id),
                          .detail = std::string(to_string(p.kind)) + " " + p.subject + " " + p.digest});
}

struct decision {
  proposal_state state;
  user_id by;
  wall_time at;
  const char* action;
};

proposal change(pqxx::transaction_base& tx, const proposal& p, const decision& d) {
  auto rows = execute(tx, decide, p.id, std::string(to_string(d.state)), d.by.value, to_microseconds(d.at));
  auto changed = proposal_of(rows.at(0));
  audit(tx, d.by, d.action, changed);
  return changed;
}

proposal insert_proposal(connection& c, const new_proposal& fresh) {
  pqxx::work tx(c);
  const std::string kind(to_string(fresh.kind));
  const auto digest = digest_of(fresh.content);
  execute(tx, lock_thing, kind, fresh.subject);
  for (const auto& row : execute(tx, find_living, kind, fresh.subject)) {
    auto known = proposal_of(row);
    if (known.digest == digest && known.expires_at > fresh.created_at) return known;
    change(tx, known, {proposal_state::withdrawn, fresh.proposed_by, fresh.created_at, "proposal.overtake"});
  }
  auto rows = execute(tx, insert, kind, fresh.subject, fresh.content, digest, fresh.reason, fresh.proposed_by.value,
                      to_microseconds(fresh.created_at), to_microseconds(fresh.expires_at));
  auto made = proposal_of(rows.at(0));
  audit(tx, fresh.proposed_by, "proposal.propose", made);
  tx.commit();
  return made;
}

class postgres_proposal_store final : public proposal_store {
public:
  explicit postgres_proposal_store(database& db) : db_(db) {}

  task<result<proposal>> create(new_proposal fresh) override {
    auto job = [fresh = std::move(fresh)](connection& c) { return insert_proposal(c, fresh); };
    auto outcome = co_await db_.run("proposals_create", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<proposal>> get(std::int64_t id) override {
    auto job = [id](connection& c) -> result<proposal> {
      pqxx::nontransaction tx(c);
      auto rows = execute(tx, select_one, id);
      if (rows.empty()) return fail(tenant_errc::not_found);
      return proposal_of(rows[0]);
    };
    auto outcome = co_await db_.run("proposals_get", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<proposal>>> list(bool living, wall_time now, int limit) override {
    auto job = [living, now, limit](connection& c) {
      pqxx::nontransaction tx(c);
      const auto rows =
          living ? execute(tx, select_living, limit, to_microseconds(now)) : execute(tx, select_all, limit);
      std::vector<proposal> out;
      for (const auto& row : rows) out.push_back(proposal_of(row));
      return out;
    };
    auto outcome = co_await db_.run("proposals_list", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<proposal>> confirm(std::int64_t id, user_id by, std::string digest, wall_time now) override {
    auto check = [by, digest = std::move(digest), now](const proposal& p) {
      return check_confirmation(p, by, digest, now);
    };
    return decide_on(id, std::move(check), {proposal_state::confirmed, by, now, "proposal.confirm"});
  }

  task<result<proposal>> finish(std::int64_t id) override {
    auto job = [id](connection& c) -> result<proposal> {
      pqxx::work tx(c);
      auto rows = execute(tx, finish_one, id);
      if (rows.empty()) return fail(tenant_errc::not_found);
      auto done = proposal_of(rows[0]);
      audit(tx, done.decided_by, "proposal.done", done);
      tx.commit();
      return done;
    };
    auto outcome = co_await db_.run("proposals_finish", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<proposal>> withdraw(std::int64_t id, user_id by, wall_time now) override {
    auto check = [now](const proposal& p) { return check_withdrawal(p, now); };
    return decide_on(id, std::move(check), {proposal_state::withdrawn, by, now, "proposal.withdraw"});
  }

  task<result<std::optional<proposal>>> find_confirmed(proposal_kind kind, std::string subject,
                                                       wall_time now) override {
    auto job = [kind, subject = std::move(subject), now](connection& c) {
      pqxx::nontransaction tx(c);
      auto rows = execute(tx, select_confirmed, std::string(to_string(kind)), subject, to_microseconds(now));
      std::optional<proposal> found;
      if (!rows.empty()) found.emplace(proposal_of(rows[0]));
      return found;
    };
    auto outcome = co_await db_.run("proposals_find_confirmed", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<wall_time>> two_administrators_at(wall_time now) override {
    auto job = [now](connection& c) {
      pqxx::work tx(c);
      execute(tx, note_two, std::to_string(now.ms()));
      const auto rows = execute(tx, select_two);
      tx.commit();
      return rows.empty() ? wall_time() : wall_time::from_ms(integer_of(rows[0][0]));
    };
    auto outcome = co_await db_.run("proposals_two_administrators", std::move(job));
    auto at = from_read(std::move(outcome));
    // Nobody becomes an administrator while the database is away, so that a lone one may still end a lockdown.
    if (!at && at.error().code == tenant_errc::unavailable && last_two_at_) co_return *last_two_at_;
    if (at) last_two_at_ = *at;
    co_return at;
  }

private:
  /// Under the row's lock.
  task<result<proposal>> decide_on(std::int64_t id, std::function<result<void>(const proposal&)> check,
                                   decision wanted) {
    auto job = [id, check = std::move(check), wanted](connection& c) -> result<proposal> {
      pqxx::work tx(c);
      auto rows = execute(tx, lock_one, id);
      if (rows.empty()) return fail(tenant_errc::not_found);
      const auto known = proposal_of(rows[0]);
      if (auto allowed = check(known); !allowed) return std::unexpected(allowed.error());
      auto decided = change(tx, known, wanted);
      tx.commit();
      return decided;
    };
    auto outcome = co_await db_.run("proposals_decide", std::move(job));
    co_return from_job(std::move(outcome));
  }
  database& db_;
  std::optional<wall_time> last_two_at_;
};

}  // namespace

std::unique_ptr<proposal_store> make_postgres_proposal_store(database& db) {
  return std::make_unique<postgres_proposal_store>(db);
}

}  // namespace drover::tenants
