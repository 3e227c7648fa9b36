#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::tenants {

enum class account_status { pending, approved, rejected };

/// "PENDING", "APPROVED", "REJECTED" as seed 001 spells them.
std::string_view to_string(account_status);
std::optional<account_status> parse_account_status(std::string_view);

/// First four characters, ****, last four, whatever the length (fewer when the key is shorter than 12: "****").
std::string mask_api_key(std::string_view api_key);

/// Where accounts of an exchange trade unless they say otherwise: at its own addresses.
inline constexpr std::string_view default_region = "default";
/// What a region of an exchange is called where venues are told apart: "bybit", "bybit@eu". tenants/ knows no exchange, but its
/// accounts name one.
std::string venue_of(std::string_view exchange_name, std::string_view region);

/// What the exchange said of a key when it was last asked (SEC-11).
struct account_probe {
  wall_time at;
  bool passed = false;
  /// For a person: why it did not pass and what to do; empty when it passed.
  std::string reason;
  /// Nothing: the exchange does not say.
  std::optional<bool> may_read, may_trade, may_withdraw, address_bound;
  /// The exchange's clock minus ours.
  std::optional<milliseconds> clock_offset;
  friend bool operator==(const account_probe&, const account_probe&) = default;
};
/// That the key may withdraw is forgiven, and nothing else is wrong with it: it has passed.
account_probe with_waiver(account_probe, bool withdraw_waived);

/// A user's connection to an exchange. Secrets are not in it.
struct account {
  account_id id;
  user_id user;
  std::string exchange_name;
  std::string region{default_region};
  std::string label;
  account_status status = account_status::pending;
  bool is_active = false;
  std::string api_key_mask;
  /// Rejection reason or the last problem, fit for the user.
  std::optional<std::string> error_message;
  /// Version of the credentials; counted up at each replacement, bound into approval and ciphertexts.
  std::int64_t credential_version = 1;
  wall_time created_at, updated_at;
  /// Nothing: never asked (imported, or connected by an engine that did not keep it).
  std::optional<account_probe> probe{};
  /// Two administrators let this version of the key be used although it may withdraw.
  bool withdraw_waived = false;
};

/// What the admin sees in the queue.
struct pending_account {
  tenants::account account;
  std::string username, user_email;
};

/// The sealed credentials as stored, with the wrapped data key of their user.
struct sealed_credentials {
  account_id account;
  user_id user;
  std::string exchange_name;
  std::string region{default_region};
  std::int64_t version = 1;
  /// The newest version there ever was, as the append-only record says; another one than `version`: somebody put old
  /// credentials back.
  std::int64_t newest_version = 0;
  std::string dek_id, wrapped_dek;
  std::string api_key, api_secret;
  /// Empty when the exchange has none.
  std::string passphrase;
};

/// What the bot manager runs: approved, active accounts of active users.
struct runnable_account {
  tenants::account account;
  sealed_credentials credentials;
};

}  // namespace drover::tenants
