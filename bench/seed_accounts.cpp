#include <fmt/core.h>

#include <iostream>
#include <pqxx/pqxx>

#include "base/files.hpp"
#include "base/random.hpp"
#include "bench/benches.hpp"
#include "bench/seed_rows.hpp"

namespace drover::bench {

int run_seed_accounts(const std::string& url, const std::string& master_key_file, std::int64_t user) {
  auto text = read_secret_file(master_key_file);
  const crypto::keyring keys(crypto::master_key::parse(text.value()).value(), system_random());
  std::vector<api_key> wanted;
  for (api_key next; std::cin >> next.key >> next.secret;) wanted.push_back(next);
  pqxx::connection connection(url);
  pqxx::work tx(connection);
  const auto accounts = insert_accounts(tx, keys, user_id(user), wanted);
  tx.commit();
  fmt::print("{{\"accounts\":{}}}\n", accounts.size());
  return 0;
}

}  // namespace drover::bench
