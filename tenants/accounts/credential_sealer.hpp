#pragma once

#include <cstdint>

#include "tenants/accounts/account_service.hpp"

namespace drover::tenants {

/// Credentials as they are stored, under the user's data key, which is made and stored when there is none. The
/// ciphertexts are bound to the account and the version. Errors are tenant_errc.
task<result<sealed_credentials>> seal_credentials(account_store&, const crypto::keyring&, user_id, account_id,
                                                  std::int64_t version, const account_request&);

}  // namespace drover::tenants
