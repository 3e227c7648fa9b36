#include <algorithm>

#include "tenants/audit/audit_store.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

using connection = pqxx::connection_base;

/// Not prepared: a filter that is not given disappears when the statement is planned with its values.
const std::string conditions =
    " FROM audit_events e LEFT JOIN audit_chain c ON c.event_id = e.id "
    "WHERE ($1::bigint IS NULL OR coalesce(e.actor, 0) = $1) AND ($2::text = '' OR e.action = $2) "
    "AND ($3::text = '' OR starts_with(e.action, $3)) AND ($4::text = '' OR e.object = $4) "
    "AND ($5::timestamptz IS NULL OR e.at >= $5) AND ($6::timestamptz IS NULL OR e.at < $6)";
const std::string list_sql = "SELECT coalesce(c.seq, 0), e.id, " + microseconds_of("e.at") +
                             ", coalesce(e.actor, 0), e.action, e.object, e.detail" + conditions +
                             " AND ($7::bigint = 0 OR e.id < $7) ORDER BY e.id DESC LIMIT $8";
const std::string count_sql = "SELECT count(*) FROM (SELECT" + conditions + " LIMIT $7) AS counted";

std::optional<std::string> text_of(const std::optional<wall_time>& at) {
  if (!at) return std::nullopt;
  return to_rfc3339(*at);
}

template <class... More>
pqxx::result ask(pqxx::transaction_base& tx, const std::string& sql, const audit_filter& f, More... more) {
  const auto actor = f.actor ? std::optional(std::to_string(f.actor->value)) : std::nullopt;
  const auto from = text_of(f.from), to = text_of(f.to);
  const bool is_kind = f.action.ends_with('.');
  return tx.exec_params(sql, null_if_absent(actor), is_kind ? std::string() : f.action,
                        is_kind ? f.action : std::string(), f.object, null_if_absent(from), null_if_absent(to),
                        more...);
}

class postgres_audit_store final : public audit_store {
public:
  explicit postgres_audit_store(database& db) : db_(db) {}

  task<result<std::vector<audit_record>>> list(audit_filter filter, audit_page page) override {
    auto job = [filter = std::move(filter), page](connection& c) {
      pqxx::nontransaction tx(c);
      std::vector<audit_record> out;
      for (const auto& row :
           ask(tx, list_sql, filter, page.after ? page.after->id : 0, std::clamp(page.limit, 1, page_limit)))
        out.push_back({.seq = integer_of(row[0]),
                       .id = integer_of(row[1]),
                       .at = time_of(row[2]),
                       .actor = user_id(integer_of(row[3])),
                       .action = tenants::text_of(row[4]),
                       .object = tenants::text_of(row[5]),
                       .detail = tenants::text_of(row[6])});
      return out;
    };
    auto outcome = co_await db_.run("audit_list", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::int64_t>> count(audit_filter filter) override {
    auto job = [filter = std::move(filter)](connection& c) {
      pqxx::nontransaction tx(c);
      return integer_of(ask(tx, count_sql, filter, count_limit).at(0)[0]);
    };
    auto outcome = co_await db_.run("audit_count", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> append(audit_event event) override {
    auto job = [event = std::move(event)](connection& c) {
      pqxx::work tx(c);
      insert_audit_event(tx, event);
      tx.commit();
    };
    auto outcome = co_await db_.run("audit_append", std::move(job));
    co_return from_read(std::move(outcome));
  }

private:
  database& db_;
};

}  // namespace

std::unique_ptr<audit_store> make_postgres_audit_store(database& db) {
  return std::make_unique<postgres_audit_store>(db);
}

}  // namespace drover::tenants
