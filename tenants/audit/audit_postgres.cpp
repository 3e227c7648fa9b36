#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

const statement insert_event{"tenants_audit_insert",
                             "INSERT INTO audit_events (actor, action, object, detail) "
                             "VALUES (nullif($1::bigint, 0), $2, $3, $4)"};

}  // namespace

void insert_audit_event(pqxx::transaction_base& tx, const audit_event& event) {
  execute(tx, insert_event, event.actor.value, event.action, event.object, event.detail);
}

}  // namespace drover::tenants
