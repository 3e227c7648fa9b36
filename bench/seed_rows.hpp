#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "crypto/keyring.hpp"

namespace pqxx {
class transaction_base;
}

namespace drover::bench {

struct api_key {
  std::string key, secret;
};

/// Approved, active accounts of one user who has none yet, with a data key: the rows that connecting and approving each
/// of them would leave, but for the audit. In the order of the keys.
std::vector<account_id> insert_accounts(pqxx::transaction_base&, const crypto::keyring&, user_id,
                                        const std::vector<api_key>&);

/// All accounts of the user join the room of the one follower that it has, with bots like his: the rows that joining
/// with each of them would leave, but for the audit.
void insert_followers_like_the_first(pqxx::transaction_base&, user_id);

}  // namespace drover::bench
