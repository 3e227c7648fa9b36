#include <pqxx/pqxx>

#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "base/encoding.hpp"
#include "exchanges/raw/call_text.hpp"
#include "exchanges/raw/raw_store.hpp"

namespace drover::exchanges {

namespace {

constexpr const char* insert_record =
    "insert into raw_records (stream, sequence, received_at, received_ns, kind, status, endpoint, account, body, operation, arguments) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, decode($9, 'hex'), $10, $11) on conflict do nothing";
constexpr const char* insert_gap =
    "insert into data_gaps (stream, sequence, noted_at, gap_from, gap_to, reason, channel, account, symbol, interval_name, "
    "first_missing, last_missing) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, nullif($11::bigint, 0), nullif($12::bigint, 0)) on conflict do nothing";
/// Rows that are stored behind what is compiled already are compiled after all.
constexpr const char* set_position_back =
    "update formatted_positions set sequence = $2::bigint - 1 where stream = $1 and sequence >= $2::bigint";
constexpr const char* prepare_partitions = "select raw_records_prepare_days(3)";
constexpr const char* drop_days = "select raw_records_drop_before($1, 20000)";

using batch = std::shared_ptr<const std::vector<spool_record>>;

struct unreadable_gap : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The row itself is refused, now and for ever: data exception, integrity constraint, program limit. Anything else (no room, no
/// rights, no connection) may pass.
bool is_refusal(std::string_view sqlstate) {
  return sqlstate.starts_with("22") || sqlstate.starts_with("23") || sqlstate.starts_with("54");
}

void insert_one_gap(pqxx::connection_base& c, pqxx::transaction_base& tx, const spool_record& r) {
  auto gap = decode_gap(r.body);
  if (!gap) throw unreadable_gap("a gap record without its times");
  const auto details = read_gap_details(r.arguments);
  tx.exec_prepared(prepared(c, "raw_insert_gap", insert_gap), r.stream, r.sequence, to_rfc3339(r.received_at),
                   to_rfc3339(gap->from), to_rfc3339(gap->to), gap->reason, r.operation, r.account, details.symbol, details.interval,
                   details.first_missing, details.last_missing);
}

void insert_one(pqxx::connection_base& c, pqxx::transaction_base& tx, const spool_record& r) {
  if (r.kind == spool_kind::gap) return insert_one_gap(c, tx, r);
  tx.exec_prepared(prepared(c, "raw_insert_record", insert_record), r.stream, r.sequence, to_rfc3339(r.received_at),
                   r.received_at.since_epoch.count(), static_cast<int>(r.kind), r.status, r.endpoint, r.account,
                   to_hex(r.body), r.operation, r.arguments);
}

/// In the same transaction as the rows. Order is kept within a stream, so the first number of each is the least.
void set_positions_back(pqxx::connection_base& c, pqxx::transaction_base& tx, const std::vector<spool_record>& records) {
  std::map<std::string_view, std::uint64_t> first;
  for (const auto& r : records)
    if (r.kind != spool_kind::gap) first.try_emplace(r.stream, r.sequence);
  for (const auto& [stream, sequence] : first)
    tx.exec_prepared(prepared(c, "raw_set_position_back", set_position_back), std::string(stream), sequence);
}

/// The fast way: one COPY. Fails as a whole when a row is there already or is refused.
raw_store::outcome copy_all(pqxx::connection_base& c, const std::vector<spool_record>& records) {
  pqxx::work tx(c);
  const std::vector<std::string> columns{"stream",   "sequence", "received_at", "received_ns", "kind",     "status",
                                         "endpoint", "account",  "body",        "operation",   "arguments"};
  {
    pqxx::stream_to copy(tx, "raw_records", columns);
    std::string body;
    for (const auto& r : records) {
      if (r.kind == spool_kind::gap) continue;
      body.assign("\\x").append(to_hex(r.body));
      copy << std::forward_as_tuple(r.stream, r.sequence, to_rfc3339(r.received_at), r.received_at.since_epoch.count(),
                              static_cast<int>(r.kind), r.status, r.endpoint, r.account, body, r.operation,
                              r.arguments);
    }
    copy.complete();
  }
  for (const auto& r : records)
    if (r.kind == spool_kind::gap) insert_one_gap(c, tx, r);
  set_positions_back(c, tx, records);
  tx.commit();
  return {records.size(), {}};
}

/// False when the database will never take this record. pqxx::subtransaction leaves a failed savepoint as it is in this
/// version, so it is rolled back by hand.
bool try_insert(pqxx::connection_base& c, pqxx::transaction_base& tx, const spool_record& r) {
  tx.exec("savepoint raw_row");
  try {
    insert_one(c, tx, r);
  } catch (const pqxx::sql_error& e) {
    if (!is_refusal(e.sqlstate())) throw;
    tx.exec("rollback to savepoint raw_row");
    return false;
  } catch (const unreadable_gap&) {
    tx.exec("rollback to savepoint raw_row");
    return false;
  }
  tx.exec("release savepoint raw_row");
  return true;
}

/// Row by row: what is there is passed over, what is refused is named.
raw_store::outcome insert_each(pqxx::connection_base& c, const std::vector<spool_record>& records) {
  raw_store::outcome out;
  pqxx::work tx(c);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (try_insert(c, tx, records[i]))
      ++out.stored;
    else
      out.refused.push_back(i);
  }
  set_positions_back(c, tx, records);
  tx.commit();
  return out;
}

class postgres_raw_store final : public raw_store {
 public:
  explicit postgres_raw_store(database& db) : db_(db) {}

  task<result<outcome>> store(batch records) override {
    auto copied = co_await db_.run("raw copy", [records](pqxx::connection_base& c) { return copy_all(c, *records); });
    if (copied || !concerns_rows(copied.error())) co_return copied;
    auto inserted =
        co_await db_.run("raw insert", [records](pqxx::connection_base& c) { return insert_each(c, *records); });
    co_return inserted;
  }

  task<result<void>> prepare_days() override {
    auto done = co_await db_.run("raw partitions", [](pqxx::connection_base& c) {
      pqxx::work tx(c);
      tx.exec(prepare_partitions);
      tx.commit();
    });
    co_return done;
  }

  task<result<int>> drop_days_before(wall_time t) override {
    auto dropped = co_await db_.run("raw retention", [before = to_rfc3339(t)](pqxx::connection_base& c) {
      pqxx::work tx(c);
      const int count = tx.exec_params(drop_days, before)[0][0].as<int>();
      tx.commit();
      return count;
    });
    co_return dropped;
  }

 private:
  /// The statement itself was refused: rows are there already or cannot be taken.
  static bool concerns_rows(const error& e) {
    return e.code == make_error_code(db_errc::unique_violation) ||
           e.code == make_error_code(db_errc::constraint_violation) || e.code == make_error_code(db_errc::broken);
  }

  database& db_;
};

}  // namespace

std::unique_ptr<raw_store> make_postgres_raw_store(database& db) { return std::make_unique<postgres_raw_store>(db); }

}  // namespace drover::exchanges
