#include <utility>

#include "tenants/accounts/account_service.hpp"
#include "tenants/accounts/sealed_fields.hpp"

namespace drover::tenants {

struct credential_opener::state {
  sealed_credentials sealed;
  result<crypto::data_key> key;
};

credential_opener::credential_opener(const crypto::keyring& keyring, sealed_credentials sealed) {
  auto key = keyring.unwrap(sealed.user, {.dek_id = sealed.dek_id, .wrapped = std::move(sealed.wrapped_dek)});
  sealed.wrapped_dek = {};
  sealed.dek_id = {};
  state_ = std::make_unique<state>(std::move(sealed), std::move(key));
}

credential_opener::~credential_opener() = default;
credential_opener::credential_opener(credential_opener&&) noexcept = default;

result<credential_opener::clear_credentials> credential_opener::open() {
  const auto& sealed = state_->sealed;
  if (sealed.version != sealed.newest_version)
    return fail(crypto::crypto_errc::rolled_back, "version " + std::to_string(sealed.version) + " is in the row, " + std::to_string(sealed.newest_version) + " is the newest");
  if (!state_->key) return std::unexpected(state_->key.error());
  clear_credentials clear;
  const auto venue = venue_of(sealed.exchange_name, sealed.region);
  for (const auto& field : sealed_fields) {
    const auto& text = state_->sealed.*field.sealed;
    if (text.empty()) continue;
    auto opened = state_->key->open(place_of(sealed, venue, field.name), text);
    if (!opened) return std::unexpected(opened.error());
    clear.*field.opened = std::move(*opened);
  }
  return clear;
}

}  // namespace drover::tenants
