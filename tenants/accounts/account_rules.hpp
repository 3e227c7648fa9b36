#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "tenants/accounts/account_service.hpp"

/// What a person may enter for an account. Errors are tenant_errc::invalid and begin with the field's name.
namespace drover::tenants {

/// Trims the label; 1–64 printable characters of UTF-8 must remain.
result<void> check_label(std::string& label);
/// Trims key and secret; 8–512 printable ASCII characters without blanks must remain; a private key in PEM may have blanks
/// and lines, be run together on one line and have 4096 characters, but must be one that can sign. The passphrase (1–512 printable ASCII characters) must be there exactly when the exchange has one.
result<void> check_credentials(account_request&, const exchange_catalogue&);
/// The region of the exchange that is named, or has that address (without regard to a slash at the end); both empty: the default
/// one. It must be one that the operator configured: nobody makes the engine send signed requests anywhere else (SEC-12).
result<std::string> find_region(const std::string& exchange_name, const std::string& region, const std::string& base_url,
                                const exchange_catalogue&);
/// The exchange must be one of the configured ones.
result<void> check_exchange_name(const std::string& name, const exchange_catalogue&);

}  // namespace drover::tenants
