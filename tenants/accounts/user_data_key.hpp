#pragma once

#include "crypto/keyring.hpp"
#include "tenants/accounts/account_store.hpp"

namespace drover::tenants {

/// The user's data key, made at the first need. Errors: of the store, and internal when the stored key does not open.
task<result<crypto::data_key>> open_user_data_key(account_store&, const crypto::keyring&, user_id);

}  // namespace drover::tenants
