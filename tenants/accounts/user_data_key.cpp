#include "tenants/accounts/user_data_key.hpp"

#include "tenants/errors.hpp"

namespace drover::tenants {

task<result<crypto::data_key>> open_user_data_key(account_store& store, const crypto::keyring& keyring, user_id user) {
  auto found = co_await store.find_data_key(user);
  if (!found) co_return std::unexpected(found.error());
  if (!*found) {
    auto fresh = keyring.make_data_key(user);
    if (!fresh) co_return std::unexpected(internal_error(fresh.error()));
    account_store::data_key_row row{.dek_id = std::move(fresh->dek_id), .wrapped = std::move(fresh->wrapped)};
    auto counts = co_await store.ensure_data_key(user, std::move(row));
    if (!counts) co_return std::unexpected(counts.error());
    *found = std::move(*counts);
  }
  auto key = keyring.unwrap(user, {.dek_id = (*found)->dek_id, .wrapped = (*found)->wrapped});
  if (!key) co_return std::unexpected(internal_error(key.error()));
  co_return std::move(*key);
}

}  // namespace drover::tenants
