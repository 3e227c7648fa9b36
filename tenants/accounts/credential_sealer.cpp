#include "tenants/accounts/credential_sealer.hpp"

#include "tenants/accounts/sealed_fields.hpp"
#include "tenants/accounts/user_data_key.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {

task<result<sealed_credentials>> seal_credentials(account_store& store, const crypto::keyring& keyring, user_id user,
                                                  account_id id, std::int64_t version, const account_request& request) {
  auto key = co_await open_user_data_key(store, keyring, user);
  if (!key) co_return std::unexpected(key.error());
  sealed_credentials sealed{.account = id,
                            .user = user,
                            .exchange_name = request.exchange_name,
                            .region = request.region,
                            .version = version,
                            .dek_id = key->id()};
  const auto venue = venue_of(sealed.exchange_name, sealed.region);
  for (const auto& field : sealed_fields) {
    const auto& value = request.*field.clear;
    if (value.empty()) continue;
    auto text = key->seal(place_of(sealed, venue, field.name), value.reveal());
    if (!text) co_return std::unexpected(internal_error(text.error()));
    sealed.*field.sealed = std::move(*text);
  }
  co_return sealed;
}

}  // namespace drover::tenants
