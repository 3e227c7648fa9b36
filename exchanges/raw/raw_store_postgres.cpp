#include <pqxx/pqxx>

#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>

#include "base/encoding.hpp"
#include "exchanges/raw/raw_store.hpp"

namespace drover::exchanges {

namespace {

constexpr const char* insert_record =
    "insert into raw_records (stream, sequence, received_at, received_ns, kind, status, endpoint, account, body) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, decode($9, 'hex')) on conflict do nothing";
constexpr const char* insert_gap =
    "insert into data_gaps (stream, sequence, noted_at, gap_from, gap_to, reason) "
    "values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
constexpr const char* prepare_partitions = "select raw_records_prepare_days(3)";

using batch = std::shared_ptr<const std::vector<spool_record>>;

std::string kind_text(spool_kind kind) { return std::to_string(static_cast<int>(kind)); }

void insert_one_gap(pqxx::connection_base& c, pqxx::transaction_base& tx, const spool_record& r) {
  auto gap = decode_gap(r.body);
  if (!gap) throw pqxx::data_exception("a gap record without its times");
  tx.exec_prepared(prepared(c, "raw_insert_gap", insert_gap), r.stream, r.sequence, to_rfc3339(r.received_at),
                   to_rfc3339(gap->from), to_rfc3339(gap->to), gap->reason);
}

void insert_one(pqxx::connection_base& c, pqxx::transaction_base& tx, const spool_record& r) {
  if (r.kind == spool_kind::gap) return insert_one_gap(c, tx, r);
  tx.exec_prepared(prepared(c, "raw_insert_record", insert_record), r.stream, r.sequence, to_rfc3339(r.received_at),
                   r.received_at.since_epoch.count(), static_cast<int>(r.kind), r.status, r.endpoint, r.account,
                   to_hex(r.body));
}

/// The fast way: one COPY. Fails as a whole when a row is there already or is refused.
raw_store::outcome copy_all(pqxx::connection_base& c, const std::vector<spool_record>& records) {
  pqxx::work tx(c);
  std::vector<std::string> columns{"stream", "sequence", "received_at", "received_ns", "kind",
                                   "status", "endpoint", "account",     "body"};
  {
    pqxx::stream_to copy(tx, "raw_records", columns);
    for (const auto& r : records) {
      if (r.kind == spool_kind::gap) continue;
      copy << std::make_tuple(r.stream, std::to_string(r.sequence), to_rfc3339(r.received_at),
                              std::to_string(r.received_at.since_epoch.count()), kind_text(r.kind),
                              std::to_string(r.status), r.endpoint, r.account, "\\x" + to_hex(r.body));
    }
    copy.complete();
  }
  for (const auto& r : records)
    if (r.kind == spool_kind::gap) insert_one_gap(c, tx, r);
  tx.commit();
  return {records.size(), {}};
}

/// False when the database will never take this record. pqxx::subtransaction leaves a failed savepoint as it is in this
/// version, so it is rolled back by hand.
bool try_insert(pqxx::connection_base& c, pqxx::transaction_base& tx, const spool_record& r) {
  tx.exec("savepoint raw_row");
  try {
    insert_one(c, tx, r);
  } catch (const pqxx::data_exception&) {
    tx.exec("rollback to savepoint raw_row");
    return false;
  } catch (const pqxx::integrity_constraint_violation&) {
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
