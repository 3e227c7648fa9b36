#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tenants/accounts/account_service.hpp"

/// What other systems keep, read into rows.
namespace drover::tenants {

/// One account of another system.
struct import_row {
  /// Where it stands, for messages: "accounts.json, row 2".
  std::string place;
  /// Its owner as that system names or numbers it; empty when it does not say.
  std::string user;
  account_request request;
  /// Why it cannot be imported; empty as long as nothing is wrong.
  std::string problem{};
};

inline constexpr std::size_t import_rows_limit = 10'000;
inline constexpr std::size_t import_bytes_limit = 16 * 1024 * 1024;

/// A JSON array, or one object in each line, as databases export their rows. Known members, whatever the case and with
/// or without underscores: the exchange (`exchange`, `exchangeName`, `id` of seed 000's files), the owner (`user`,
/// `username`, `userId`), the name (`label`, `accountId`, `account`), `apiKey` or `key`, `apiSecret`, `secretKey` or
/// `secret`, `passphrase` or `pass`; the others are left out. errc::malformed, errc::out_of_range past the limits.
result<std::vector<import_row>> read_json_rows(const secret& text, const std::string& file);

/// Lines NAME=VALUE as of a shell or a .env file; an account is what shares the words before _API_KEY, _API_SECRET (or
/// _SECRET_KEY, _SECRET) and _PASSPHRASE. One of the words must be an exchange: BINANCE_API_KEY, OKX_SECOND_API_KEY.
/// Other names are left out.
result<std::vector<import_row>> read_environment_rows(const secret& text, const std::string& file,
                                                      const exchange_catalogue&);

/// Opens what is sealed in the rows in place; a row that does not open gets a problem.
/// Fernet: secrets and passphrases are tokens, the API key is one or clear.
void open_fernet_rows(std::vector<import_row>&, const secret& key);
/// AES-256-CBC: all of them. Under the one of the keys that opens the most rows.
void open_cbc_rows(std::vector<import_row>&, const std::vector<secret>& keys);

}  // namespace drover::tenants
