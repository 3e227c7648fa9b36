#include <pqxx/pqxx>

#include "exchanges/raw/backfill.hpp"

namespace drover::exchanges {

namespace {

/// In turns of the exchanges: one with thousands of gaps does not keep the others waiting.
constexpr const char* select_due =
    "select stream, sequence, gap_from, gap_to, noted_at, channel, account, symbol, interval_name, reason, first_missing, "
    "last_missing, attempts from (select *, row_number() over (partition by split_part(stream, '.', 1) order by noted_at) as turn "
    "from data_gaps where state = 'open' and (next_attempt_at is null or next_attempt_at <= $1)) due order by turn, noted_at limit $2";
constexpr const char* settle_gap =
    "update data_gaps set state = $3, outcome = $4, settled_at = now(), attempts = attempts + 1 where stream = $1 and sequence = $2";
constexpr const char* postpone_gap =
    "update data_gaps set next_attempt_at = $3, outcome = $4, attempts = attempts + 1 where stream = $1 and sequence = $2";
constexpr const char* select_fills =
    "select exists (select from raw_records where stream = $1 and received_at >= $3 and operation = 'fills' and status = 200 "
    "and ($2 = '' or account = $2))";
constexpr std::size_t outcome_limit = 300;

wall_time to_time(const pqxx::field& f) { return parse_rfc3339(f.as<std::string>()).value_or(wall_time{}); }

open_gap to_gap(const pqxx::row& row) {
  open_gap g;
  g.stream = row[0].as<std::string>();
  g.sequence = row[1].as<std::uint64_t>();
  g.from = to_time(row[2]);
  g.to = to_time(row[3]);
  g.noted_at = to_time(row[4]);
  g.channel = row[5].as<std::string>();
  g.account = row[6].as<std::string>();
  g.symbol = row[7].as<std::string>();
  g.interval = row[8].as<std::string>();
  g.reason = row[9].as<std::string>();
  g.first_missing = row[10].as<std::int64_t>(0);
  g.last_missing = row[11].as<std::int64_t>(0);
  g.attempts = row[12].as<int>();
  return g;
}

std::string to_outcome(std::string text) {
  if (text.size() > outcome_limit) text.resize(outcome_limit);
  for (char& c : text)
    if (c < 0x20 || c > 0x7e) c = '?';
  return text;
}

class postgres_gap_store final : public gap_store {
 public:
  explicit postgres_gap_store(database& db) : db_(db) {}

  task<result<std::vector<open_gap>>> list_due(wall_time now, int limit) override {
    auto found = co_await db_.run("open gaps", [at = to_rfc3339(now), limit](pqxx::connection_base& c) {
      pqxx::nontransaction tx(c);
      std::vector<open_gap> out;
      for (const auto& row : tx.exec_params(select_due, at, limit)) out.push_back(to_gap(row));
      return out;
    });
    co_return found;
  }
  task<result<void>> settle(open_gap gap, gap_state state, std::string outcome) override {
    auto job = [gap = std::move(gap), state = std::string(to_string(state)),
                outcome = to_outcome(std::move(outcome))](pqxx::connection_base& c) {
      pqxx::work tx(c);
      tx.exec_params(settle_gap, gap.stream, gap.sequence, state, outcome);
      tx.commit();
    };
    auto done = co_await db_.run("settle gap", std::move(job));
    co_return done;
  }
  task<result<void>> postpone(open_gap gap, wall_time at, std::string outcome) override {
    auto job = [gap = std::move(gap), at = to_rfc3339(at), outcome = to_outcome(std::move(outcome))](pqxx::connection_base& c) {
      pqxx::work tx(c);
      tx.exec_params(postpone_gap, gap.stream, gap.sequence, at, outcome);
      tx.commit();
    };
    auto done = co_await db_.run("postpone gap", std::move(job));
    co_return done;
  }
  task<result<bool>> fills_read_since(std::string exchange, std::string account, wall_time at) override {
    auto job = [stream = exchange + ".rest", account = std::move(account), at = to_rfc3339(at)](pqxx::connection_base& c) {
      pqxx::nontransaction tx(c);
      return tx.exec_params(select_fills, stream, account, at)[0][0].as<bool>();
    };
    auto found = co_await db_.run("fills read", std::move(job));
    co_return found;
  }

 private:
  database& db_;
};

}  // namespace

std::unique_ptr<gap_store> make_postgres_gap_store(database& db) { return std::make_unique<postgres_gap_store>(db); }

}  // namespace drover::exchanges
