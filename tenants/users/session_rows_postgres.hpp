#pragma once

#include <string>
#include <vector>

#include "tenants/errors.hpp"
#include "tenants/users/refresh_token.hpp"
#include "tenants/users/session.hpp"

namespace pqxx {
class transaction_base;
}

/// The statements of sessions, inside the caller's transaction.
namespace drover::tenants::session_rows {

/// After a login that was checked at `epoch`; the oldest sessions make room. bad_login when the user changed meanwhile.
result<void> open(pqxx::transaction_base&, const session&, std::int64_t epoch);
/// Living ones, the newest first.
std::vector<session> list(pqxx::transaction_base&, user_id);
/// not_found.
result<void> end(pqxx::transaction_base&, user_id, const std::string& session_id);
/// What became of a refresh token that somebody used: to be committed, also when it ended the session.
struct renewal {
  result<session> outcome;
  bool is_change = false;
};
renewal renew(pqxx::transaction_base&, const session_renewal&);

}  // namespace drover::tenants::session_rows
