#include "bench/seed_rows.hpp"

#include <pqxx/pqxx>

#include "tenants/accounts/account.hpp"

namespace drover::bench {
namespace {

constexpr const char* exchange_name = "binance";
constexpr const char* data_key_sql = "INSERT INTO user_data_keys (user_id, dek_id, wrapped) VALUES ($1, $2, $3)";
constexpr const char* account_ids_sql =
    "SELECT nextval(pg_get_serial_sequence('user_exchanges', 'id')) FROM generate_series(1, $1)";
constexpr const char* followers_sql =
    "WITH first AS (SELECT b.*, m.room_id FROM copy_members m JOIN bots b ON b.id = m.bot_id WHERE m.user_id = $1), "
    "made AS (INSERT INTO bots (user_id, account_id, name, strategy, parameters, symbol, desired, resume, at_rest) "
    "SELECT $1, a.id, f.name, f.strategy, f.parameters, f.symbol, f.desired, f.resume, f.at_rest "
    "FROM first f JOIN user_exchanges a ON a.user_id = $1 AND a.id <> f.account_id ORDER BY a.id RETURNING *), "
    "joined AS (INSERT INTO copy_members (room_id, user_id, account_id, bot_id, symbol) "
    "SELECT f.room_id, $1, made.account_id, made.id, made.symbol FROM made, first f RETURNING room_id) "
    "UPDATE copy_invitations i SET uses = i.uses + n.joined "
    "FROM (SELECT room_id, count(*) AS joined FROM joined GROUP BY room_id) n WHERE i.room_id = n.room_id";

}  // namespace

std::vector<account_id> insert_accounts(pqxx::transaction_base& tx, const crypto::keyring& keys, user_id user,
                                        const std::vector<api_key>& wanted) {
  const auto wrapped = keys.make_data_key(user).value();
  auto key = keys.unwrap(user, wrapped).value();
  tx.exec_params(data_key_sql, user.value, wrapped.dek_id, wrapped.wrapped);
  std::vector<account_id> ids;
  for (const auto& row : tx.exec_params(account_ids_sql, wanted.size())) ids.emplace_back(row[0].as<std::int64_t>());
  pqxx::stream_to rows(
      tx, "user_exchanges",
      std::vector<std::string>{"id", "user_id", "exchange_name", "label", "api_key", "api_secret", "api_key_mask",
                               "key_fingerprint", "status", "is_active", "reviewed_version"});
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& [api, secret] = wanted[i];
    rows << std::make_tuple(ids[i].value, user.value, exchange_name, "bench " + std::to_string(ids[i].value),
                            key.seal({user, ids[i], "api_key", 1, exchange_name}, api).value(),
                            key.seal({user, ids[i], "api_secret", 1, exchange_name}, secret).value(),
                            tenants::mask_api_key(api), keys.fingerprint(api), "APPROVED", true, 1);
  }
  rows.complete();
  return ids;
}

void insert_followers_like_the_first(pqxx::transaction_base& tx, user_id user) {
  tx.exec_params(followers_sql, user.value);
}

}  // namespace drover::bench
