#include "tenants/earnings/ledger.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

/// The select stands last so that an entry without postings is told from one that was there already.
const std::string entry_and_lines =
    "WITH entry AS (INSERT INTO ledger_transactions (user_id, account_id, cause_kind, cause_id, at) "
    "VALUES ($1, nullif($2::bigint, 0), $3, $4, $5::timestamptz) "
    "ON CONFLICT ON CONSTRAINT ledger_transactions_cause_key DO NOTHING RETURNING id), "
    "lines AS (INSERT INTO ledger_postings (transaction_id, line, pocket, asset, amount) "
    "SELECT entry.id, fresh.line, fresh.pocket, fresh.asset, fresh.amount FROM entry, "
    "unnest($6::text[], $7::text[], $8::numeric[]) WITH ORDINALITY AS fresh (pocket, asset, amount, line))";

const statement insert_entry{"ledger_insert", entry_and_lines + " SELECT id FROM entry"};

const statement insert_entry_and_earning{
    "ledger_insert_trade",
    entry_and_lines +
        ", earned AS (INSERT INTO earnings (user_id, account_id, source, asset, amount, at, cause_kind, cause_id) "
        "SELECT $1, nullif($2::bigint, 0), $9, $10, $11::numeric, $5::timestamptz, $3, $4 FROM entry "
        "WHERE $11::numeric <> 0 RETURNING id) "
        "SELECT coalesce(earned.id, 0) FROM entry LEFT JOIN earned ON true"};

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

/// The postings of an entry, each column as one array.
struct posting_columns {
  explicit posting_columns(const ledger_entry& entry) {
    array_text pocket_list, asset_list, amount_list;
    for (const auto& p : entry.postings) {
      pocket_list.add(p.pocket);
      asset_list.add(p.asset);
      amount_list.add(p.amount.to_string());
    }
    pockets = pocket_list.finish();
    assets = asset_list.finish();
    amounts = amount_list.finish();
  }
  std::string pockets, assets, amounts;
};

}  // namespace

bool insert_ledger_entry(pqxx::transaction_base& tx, const ledger_entry& entry) {
  const posting_columns lines(entry);
  auto rows = execute(tx, insert_entry, entry.user.value, entry.account.value, entry.cause_kind, entry.cause_id,
                      to_rfc3339(entry.at), lines.pockets, lines.assets, lines.amounts);
  return !rows.empty();
}

std::optional<std::int64_t> insert_trade(pqxx::transaction_base& tx, const ledger_entry& entry, const std::string& source,
                                         const std::string& asset, decimal realised) {
  const posting_columns lines(entry);
  auto rows = execute(tx, insert_entry_and_earning, entry.user.value, entry.account.value, entry.cause_kind, entry.cause_id,
                      to_rfc3339(entry.at), lines.pockets, lines.assets, lines.amounts, source, asset, realised.to_string());
  if (rows.empty()) return std::nullopt;
  return integer_of(rows[0][0]);
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
