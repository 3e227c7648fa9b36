#pragma once

#include <string>

#include "base/clock.hpp"
#include "exchanges/paper/matching_types.hpp"

namespace drover::exchanges::paper {

/// What the keys of a venue look like.
enum class key_style {
  /// 64 hex digits.
  hex,
  /// 24 hex digits.
  short_hex,
  uuid,
  /// 42 random bytes in base64 (56 characters).
  base64,
  /// "organizations/<uuid>/apiKeys/<uuid>".
  resource_name,
};

enum class secret_style {
  /// 64 hex digits, used as text.
  hex,
  uuid,
  /// 64 random bytes; what signs are the decoded bytes.
  base64,
  /// A private key: PEM (P-256) or base64 (Ed25519); see signing_key_form.
  signing_key,
};

/// How an account with a private key wants it; chosen when the account is made.
enum class signing_key_form { sec1, pkcs8, ed25519 };

struct credential_form {
  key_style key = key_style::hex;
  secret_style secret = secret_style::hex;
  bool passphrase = false;
  /// What api_account::key_version is when the caller does not choose; 0 where the venue has no versions.
  int key_version = 0;
  /// Clients may make a pair of keys themselves and register the public one, instead of a shared secret.
  bool public_keys = false;
};

/// What distinguishes a venue below its wire: told by its dialect, obeyed by the core for all accounts of the venue.
struct venue_habits {
  /// "bybit": the path prefix, and what accounts name.
  std::string name;
  credential_form credentials;
  account_rules rules;
  /// Orders younger than this are not found by queries; the fault delayed_visibility adds to it.
  milliseconds visibility_delay{0};
};

}  // namespace drover::exchanges::paper
