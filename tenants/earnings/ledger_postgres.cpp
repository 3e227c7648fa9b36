#include "tenants/earnings/ledger.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

/// The select stands last so that an entry without postings is told from one that was there already.
const statement insert_entry{
    "ledger_insert",
    "WITH entry AS (INSERT INTO ledger_transactions (user_id, account_id, cause_kind, cause_id, at) "
    "VALUES ($1, nullif($2::bigint, 0), $3, $4, $5::timestamptz) "
    "ON CONFLICT ON CONSTRAINT ledger_transactions_cause_key DO NOTHING RETURNING id), "
    "lines AS (INSERT INTO ledger_postings (transaction_id, line, pocket, asset, amount) "
    "SELECT entry.id, fresh.line, fresh.pocket, fresh.asset, fresh.amount FROM entry, "
    "unnest($6::text[], $7::text[], $8::numeric[]) WITH ORDINALITY AS fresh (pocket, asset, amount, line)) "
    "SELECT id FROM entry"};

const statement insert_one_earning{
    "earnings_insert",
    "INSERT INTO earnings (user_id, account_id, source, asset, amount, at, cause_kind, cause_id) "
    "VALUES ($1, nullif($2::bigint, 0), $3, $4, $5::numeric, $6::timestamptz, $7, $8) RETURNING id"};

const statement select_total{"earnings_total",
                             "SELECT amount FROM earning_totals WHERE user_id = $1 AND source = $2 AND asset = $3"};

/// PostgreSQL's text form of a text[].
class array_text {
public:
  void add(std::string_view element) {
    text_ += text_.empty() ? "{\"" : ",\"";
    for (char c : element) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  std::string finish() const { return text_.empty() ? "{}" : text_ + "}"; }

private:
  std::string text_;
};

}  // namespace

bool insert_ledger_entry(pqxx::transaction_base& tx, const ledger_entry& entry) {
  array_text pockets, assets, amounts;
  for (const auto& p : entry.postings) {
    pockets.add(p.pocket);
    assets.add(p.asset);
    amounts.add(p.amount.to_string());
  }
  auto rows = execute(tx, insert_entry, entry.user.value, entry.account.value, entry.cause_kind, entry.cause_id,
                      to_rfc3339(entry.at), pockets.finish(), assets.finish(), amounts.finish());
  return !rows.empty();
}

std::int64_t insert_earning(pqxx::transaction_base& tx, const earning& e) {
  auto rows = execute(tx, insert_one_earning, e.user.value, e.account.value, e.source, e.asset, e.amount.to_string(),
                      to_rfc3339(e.at), e.cause_kind, e.cause_id);
  return integer_of(rows.at(0)[0]);
}

decimal find_earnings_total(pqxx::transaction_base& tx, user_id user, const std::string& source,
                            const std::string& asset) {
  auto rows = execute(tx, select_total, user.value, source, asset);
  return rows.empty() ? decimal() : decimal_of(rows[0][0]);
}

}  // namespace drover::tenants
