#include "engine/bots/bot_failure.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "crypto/keyring.hpp"
#include "engine/orders/order_journal.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

namespace {

using exchanges::exchange_errc;

/// What only a person can change, and what to say.
const std::array<std::pair<std::error_code, std::string_view>, 10>& permanent_errors() {
  static const std::array<std::pair<std::error_code, std::string_view>, 10> table{{
      {make_error_code(exchange_errc::bad_credentials), "The exchange does not accept the key; enter a valid one"},
      {make_error_code(exchange_errc::permission_missing), "The key may not trade; allow trading at the exchange"},
      {make_error_code(exchange_errc::ip_not_allowed), "The exchange does not accept this key from the engine's address; add the address there"},
      {make_error_code(exchange_errc::instrument_unknown), "The exchange does not list the instrument of the strategy"},
      {make_error_code(crypto::crypto_errc::sealed_value_refused), "The stored key was altered or moved (CREDENTIAL_TAMPERED); enter it again"},
      {make_error_code(crypto::crypto_errc::rolled_back), "An older key was put back in the database (CREDENTIAL_ROLLED_BACK); enter the key again"},
      {make_error_code(crypto::crypto_errc::key_wrong), "The stored key was sealed under another master key"},
      {make_error_code(crypto::crypto_errc::key_missing), "There is no master key to open the stored key with"},
      {make_error_code(crypto::crypto_errc::key_malformed), "The master key cannot be used"},
      {make_error_code(journal_errc::fenced), "Another engine took this account over"},
  }};
  return table;
}

/// The market of one bot is the only permanent trouble that its neighbours do not share.
bool concerns_account(const error& e) { return e.code != make_error_code(exchange_errc::instrument_unknown); }

std::string_view finding_of(const error& e) {
  if (e.code == make_error_code(crypto::crypto_errc::sealed_value_refused)) return "CREDENTIAL_TAMPERED";
  if (e.code == make_error_code(crypto::crypto_errc::rolled_back)) return "CREDENTIAL_ROLLED_BACK";
  return {};
}

std::string join(std::string_view sentence, const std::string& detail) {
  return detail.empty() ? std::string(sentence) : std::string(sentence) + ": " + detail;
}

}  // namespace

bot_failure to_bot_failure(const error& e) {
  const auto& table = permanent_errors();
  auto at = std::ranges::find(table, e.code, [](const auto& row) { return row.first; });
  if (at != table.end()) return {bot_failure::kind::permanent, join(at->second, e.detail), std::nullopt, concerns_account(e), e.code == make_error_code(journal_errc::fenced), finding_of(e)};
  return {bot_failure::kind::outside, join(e.code.message(), e.detail), e.retry_after};
}

}  // namespace drover::engine
