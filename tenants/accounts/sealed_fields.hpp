#pragma once

#include <array>
#include <string>
#include <string_view>

#include "crypto/keyring.hpp"
#include "tenants/accounts/account_service.hpp"

/// Which fields of an account are sealed, and under which names.
namespace drover::tenants {

struct sealed_field {
  std::string_view name;
  secret account_request::* clear;
  std::string sealed_credentials::* sealed;
  secret credential_opener::clear_credentials::* opened;
};

inline constexpr std::array<sealed_field, 3> sealed_fields{{
    {"api_key", &account_request::api_key, &sealed_credentials::api_key,
     &credential_opener::clear_credentials::api_key},
    {"api_secret", &account_request::api_secret, &sealed_credentials::api_secret,
     &credential_opener::clear_credentials::api_secret},
    {"passphrase", &account_request::passphrase, &sealed_credentials::passphrase,
     &credential_opener::clear_credentials::passphrase},
}};

/// `venue`: venue_of() the credentials. They open for the addresses that were reviewed and no others.
inline crypto::sealed_place place_of(const sealed_credentials& c, std::string_view venue, std::string_view field) {
  return {.user = c.user, .account = c.account, .field = field, .version = c.version, .exchange = venue};
}

}  // namespace drover::tenants
