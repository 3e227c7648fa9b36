#include "base/encoding.hpp"
#include "tenants/audit/audit_trail.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

using snapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

constexpr std::int64_t rows_at_once = 5'000;
constexpr const char* keys_sql = "SELECT public_key FROM audit_keys ORDER BY created_at, id";
const std::string heads_sql =
    "SELECT seq, encode(hash, 'hex'), " + microseconds_of("signed_at") +
    ", key_id, encode(signature, 'hex') FROM audit_heads WHERE seq > $1 ORDER BY seq LIMIT $2";
const std::string links_sql = "SELECT c.seq, c.event_id, encode(c.hash, 'hex'), e.id IS NULL, " +
                              microseconds_of("e.at") +
                              ", coalesce(e.actor, 0), e.action, e.object, e.detail FROM audit_chain c "
                              "LEFT JOIN audit_events e ON e.id = c.event_id WHERE c.seq > $1 ORDER BY c.seq LIMIT $2";
constexpr const char* unchained_sql =
    "SELECT e.id FROM audit_events e WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.event_id = e.id) ORDER BY "
    "e.id LIMIT $1";
constexpr const char* credentials_sql =
    "SELECT a.id, CASE WHEN a.deleted_at IS NULL THEN a.credential_version ELSE a.credential_version + 1 END, "
    "coalesce((SELECT max(v.version) FROM credential_versions v WHERE v.account_id = a.id), 0) "
    "FROM user_exchanges a WHERE a.id > $1 ORDER BY a.id LIMIT $2";

std::string bytes_of(const pqxx::field& hex) {
  return from_hex(view_of(hex)).value();
}

audit_head head_of(const pqxx::row& row) {
  return {integer_of(row[0]), bytes_of(row[1]), time_of(row[2]), text_of(row[3]), bytes_of(row[4])};
}

chain_link link_of(const pqxx::row& row) {
  chain_link out{.seq = integer_of(row[0]), .event = integer_of(row[1]), .hash = bytes_of(row[2]), .row = {}};
  if (!boolean_of(row[3]))
    out.row = audit_record{.seq = out.seq,
                           .id = out.event,
                           .at = time_of(row[4]),
                           .actor = user_id(integer_of(row[5])),
                           .action = text_of(row[6]),
                           .object = text_of(row[7]),
                           .detail = text_of(row[8])};
  return out;
}

/// Calls `each` with rows whose first column counts up, a few thousand at a time; false when it has had enough.
template <class Each>
bool read_pages(pqxx::transaction_base& tx, const std::string& sql, Each each) {
  for (std::int64_t after = -1;;) {
    const auto rows = tx.exec_params(sql, after, rows_at_once);
    for (const auto& row : rows) {
      if (!each(row)) return false;
      after = integer_of(row[0]);
    }
    if (std::cmp_less(rows.size(), rows_at_once)) return true;
  }
}

void visit(pqxx::transaction_base& tx, trail_visitor& to) {
  for (const auto& row : tx.exec(keys_sql))
    if (!to.key(text_of(row[0]))) return;
  if (!read_pages(tx, heads_sql, [&](const auto& row) { return to.head(head_of(row)); })) return;
  if (!read_pages(tx, links_sql, [&](const auto& row) { return to.link(link_of(row)); })) return;
  for (const auto& row : tx.exec_params(unchained_sql, rows_at_once))
    if (!to.unchained(integer_of(row[0]))) return;
  read_pages(tx, credentials_sql, [&](const auto& row) {
    return to.credentials({account_id(integer_of(row[0])), integer_of(row[1]), integer_of(row[2])});
  });
}

}  // namespace

result<void> read_trail(const database_config& config, trail_visitor& to) {
  // An export to a slow disk may take its time between two pages.
  auto patient = config;
  patient.statement_timeout = milliseconds(0);
  return run_blocking(patient, [&](pqxx::connection_base& connection) {
    snapshot tx(connection);
    visit(tx, to);
  });
}

}  // namespace drover::tenants
