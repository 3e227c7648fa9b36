#include <fmt/core.h>

#include <iostream>
#include <pqxx/pqxx>

#include "base/files.hpp"
#include "base/random.hpp"
#include "bench/benches.hpp"
#include "bench/seed_rows.hpp"

namespace drover::bench {

int run_seed_accounts(const std::string& url, const std::string& master_key_file, std::int64_t user, bool one_each) {
  auto text = read_secret_file(master_key_file);
  const crypto::keyring keys(crypto::master_key::parse(text.value()).value(), system_random());
  std::vector<api_key> wanted;
  for (api_key next; std::cin >> next.key >> next.secret;) wanted.push_back(next);
  pqxx::connection connection(url);
  pqxx::work tx(connection);
  if (one_each)
    for (std::size_t i = 0; i < wanted.size(); ++i) insert_accounts(tx, keys, user_id(user + static_cast<std::int64_t>(i)), {wanted[i]});
  else
    insert_accounts(tx, keys, user_id(user), wanted);
  tx.commit();
  fmt::print("{{\"accounts\":{}}}\n", wanted.size());
  return 0;
}

}  // namespace drover::bench
