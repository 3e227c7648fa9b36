#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "crypto/signing_key.hpp"
#include "exchanges/paper/venue_habits.hpp"

namespace drover::exchanges::paper {

struct key_permissions {
  bool read = true, trade = true, withdraw = false;
  /// Told to who asks; true as soon as the key is bound to addresses.
  bool ip_restrict = false;
};

/// The key of one account. Play money: secrets are kept in clear so that signatures of every dialect can be checked.
struct api_account {
  account_number number{};
  /// The only venue that knows this key.
  std::string venue;
  std::string api_key;
  /// In the form the client gets it: hex, base64 or PEM, see credential_form. Empty when a public key was registered.
  std::string api_secret;
  /// Empty where the venue has none.
  std::string passphrase;
  int key_version = 0;
  key_permissions permissions;
  /// The addresses the key may be used from; empty = any.
  std::vector<std::string> addresses;
  std::optional<wall_time> expires_at;
  wall_time created_at;
  /// Set where the venue's secrets are private keys: verifies their signatures.
  std::shared_ptr<const crypto::signing_key> verifier;
  /// As it was registered, PEM; empty without.
  std::string public_key;
  /// Set with public_key: verifies what its private half signed; there is no other way to sign then.
  std::shared_ptr<const crypto::verifying_key> public_verifier;

  bool is_expired(wall_time now) const { return expires_at && *expires_at <= now; }
  bool allows_address(std::string_view address) const;
};

/// What to open. What is left empty is made up in the venue's form.
struct account_request {
  /// Empty = the default venue.
  std::string venue;
  std::string api_key, api_secret, passphrase;
  /// 0 = the venue's usual one.
  int key_version = 0;
  signing_key_form key_form = signing_key_form::sec1;
  /// PEM of a key that the client made; only at venues with credential_form::public_keys, and without api_secret.
  std::string public_key = {};
  key_permissions permissions;
  std::vector<std::string> addresses;
  std::optional<wall_time> expires_at;
  std::vector<std::pair<std::string, decimal>> balances;
};

/// Who may call, found by api key. One thread.
class account_directory {
 public:
  /// Makes up what is empty. errc::malformed when the key is taken, a given private or public key is not one, or the venue
  /// registers no public keys.
  result<api_account*> add(account_number, const account_request&, const credential_form&, wall_time now, random_source&);
  api_account* find(std::string_view api_key);
  /// nullptr for the keys of other venues too.
  const api_account* find(std::string_view venue, std::string_view api_key) const;
  const api_account& get(account_number n) const { return accounts_[to_index(n)]; }
  const std::deque<api_account>& all() const { return accounts_; }

 private:
  /// In the order of account numbers.
  std::deque<api_account> accounts_;
  std::unordered_map<std::string_view, api_account*> by_key_;
};

}  // namespace drover::exchanges::paper
