#include "base/encoding.hpp"
#include "tenants/audit/audit_sealer.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

using connection = pqxx::connection_base;

const statement last_head_sql{"audit_last_head",
                              "SELECT seq, encode(hash, 'hex') FROM audit_heads ORDER BY seq DESC LIMIT 1"};
const statement last_link_sql{"audit_last_link",
                              "SELECT c.seq, encode(c.hash, 'hex'), "
                              "(SELECT encode(s.hash, 'hex') FROM audit_chain s WHERE s.seq = $1) "
                              "FROM audit_chain c ORDER BY c.seq DESC LIMIT 1"};
const statement put_key_sql{"audit_put_key",
                            "INSERT INTO audit_keys (id, public_key) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
const statement put_head_sql{
    "audit_put_head",
    "INSERT INTO audit_heads (seq, hash, signed_at, key_id, signature) "
    "VALUES ($1, decode($2, 'hex'), $3::timestamptz, $4, decode($5, 'hex')) ON CONFLICT DO NOTHING"};

std::string bytes_of(const pqxx::field& hex) {
  return hex.is_null() ? std::string() : from_hex(view_of(hex)).value();
}

}  // namespace

task<result<audit_sealer::trail_end>> audit_sealer::read_last_head() {
  auto job = [](connection& c) {
    pqxx::nontransaction tx(c);
    const auto rows = execute(tx, last_head_sql);
    return rows.empty() ? trail_end{} : trail_end{integer_of(rows[0][0]), bytes_of(rows[0][1])};
  };
  auto found = co_await parts_.db.run("audit_last_head", std::move(job));
  co_return found;
}

task<result<audit_sealer::trail_view>> audit_sealer::look() {
  if (!signed_) {
    auto last = co_await read_last_head();
    if (!last) co_return std::unexpected(last.error());
    signed_ = std::move(*last);
  }
  auto job = [seq = signed_->seq](connection& c) {
    pqxx::nontransaction tx(c);
    const auto rows = execute(tx, last_link_sql, seq);
    if (rows.empty()) return trail_view{};
    return trail_view{{integer_of(rows[0][0]), bytes_of(rows[0][1])}, bytes_of(rows[0][2])};
  };
  auto seen = co_await parts_.db.run("audit_last_link", std::move(job));
  if (seen && signed_->seq > 0 && seen->at_signed != signed_->hash)
    co_return fail(errc::malformed,
                   "row " + std::to_string(signed_->seq) +
                       " is not there any more, or not what it was when it was signed; run: engine audit verify");
  co_return seen;
}

task<result<void>> audit_sealer::store(signed_head head) {
  auto job = [h = std::move(head)](connection& c) {
    pqxx::work tx(c);
    execute(tx, put_key_sql, h.head.key_id, h.public_key);
    execute(tx, put_head_sql, h.head.seq, to_hex(h.head.hash), to_rfc3339(h.head.signed_at), h.head.key_id,
            to_hex(h.head.signature));
    tx.commit();
  };
  auto done = co_await parts_.db.run("audit_put_head", std::move(job));
  co_return done;
}

}  // namespace drover::tenants
