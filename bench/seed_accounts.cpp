#include <fmt/core.h>

#include <iostream>
#include <pqxx/pqxx>

#include "base/files.hpp"
#include "base/random.hpp"
#include "bench/benches.hpp"
#include "crypto/keyring.hpp"
#include "tenants/accounts/account.hpp"

namespace drover::bench {
namespace {

constexpr const char* exchange_name = "binance";

struct seeded_account {
  std::int64_t id = 0;
  std::string key, sealed_key, sealed_secret, fingerprint;
};

}  // namespace

int run_seed_accounts(const std::string& url, const std::string& master_key_file, std::int64_t user) {
  auto text = read_secret_file(master_key_file);
  const crypto::keyring keys(crypto::master_key::parse(text.value()).value(), system_random());
  const auto wrapped = keys.make_data_key(user_id(user)).value();
  auto key = keys.unwrap(user_id(user), wrapped).value();

  pqxx::connection connection(url);
  pqxx::work tx(connection);
  tx.exec_params("INSERT INTO user_data_keys (user_id, dek_id, wrapped) VALUES ($1, $2, $3)", user, wrapped.dek_id, wrapped.wrapped);
  std::vector<seeded_account> accounts;
  std::string api_key, api_secret;
  while (std::cin >> api_key >> api_secret) {
    seeded_account a;
    a.id = tx.exec1("SELECT nextval(pg_get_serial_sequence('user_exchanges', 'id'))")[0].as<std::int64_t>();
    a.key = api_key;
    a.sealed_key = key.seal({user_id(user), account_id(a.id), "api_key", 1, exchange_name}, api_key).value();
    a.sealed_secret = key.seal({user_id(user), account_id(a.id), "api_secret", 1, exchange_name}, api_secret).value();
    a.fingerprint = keys.fingerprint(api_key);
    accounts.push_back(std::move(a));
  }
  pqxx::stream_to rows(tx, "user_exchanges",
                       std::vector<std::string>{"id", "user_id", "exchange_name", "label", "api_key", "api_secret", "api_key_mask",
                                                "key_fingerprint", "status", "is_active", "reviewed_version"});
  for (const auto& a : accounts)
    rows << std::make_tuple(a.id, user, exchange_name, "bench " + std::to_string(a.id), a.sealed_key, a.sealed_secret,
                            tenants::mask_api_key(a.key), a.fingerprint, "APPROVED", true, 1);
  rows.complete();
  tx.commit();
  fmt::print("{{\"accounts\":{}}}\n", accounts.size());
  return 0;
}

}  // namespace drover::bench
