#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "crypto/keyring.hpp"
#include "tenants/accounts/account_store.hpp"

namespace drover::tenants {

struct account_request {
  std::string exchange_name;
  secret api_key, api_secret, passphrase;
  std::string label;
  /// Of the exchange, or the same by its address; both empty: the default one. Known by its name once the rules were applied.
  std::string region{}, base_url{};
};

/// What the exchange says about a key. tenants/ knows no exchange: main binds this to the connectors.
struct probe_outcome {
  bool accepted = false;
  /// For the person: the exchange's own reason and what to do.
  std::string reason;
  /// The exchange could not be reached; nothing is known about the key.
  bool unavailable = false;
  /// What it said, to be kept; nothing when it could not be asked.
  std::optional<account_probe> seen{};
};
/// `venue`: venue_of() exchange and region.
using credential_probe =
    std::function<task<probe_outcome>(std::string venue, secret api_key, secret api_secret, secret passphrase)>;
/// Where accounts of an exchange may trade.
struct exchange_region {
  std::string name, base_url;
};
/// Which exchange names are configured, and whether one has a passphrase.
struct exchange_catalogue {
  std::function<bool(const std::string&)> is_known;
  std::function<bool(const std::string&)> needs_passphrase;
  std::vector<std::string> names;
  /// Absent: every exchange has only the default one.
  std::function<std::vector<exchange_region>(const std::string& exchange_name)> regions{};
  /// The default one first; keys are sent to no other addresses than these.
  std::vector<exchange_region> regions_of(const std::string& exchange_name) const {
    return regions ? regions(exchange_name) : std::vector<exchange_region>{{std::string(default_region), {}}};
  }
};

/// Rules of connecting accounts: validate → probe at the exchange → seal → store. Errors are tenant_errc.
class account_service {
public:
  account_service(account_store&, const crypto::keyring&, exchange_catalogue, credential_probe);

  /// invalid (names the field), duplicate, or invalid with the exchange's own reason when the probe refuses.
  task<result<account>> create(user_id, account_request);
  /// A label, new credentials (all of key, secret and passphrase), another region by its name or address. The latter two are
  /// probed there, sealed for there and return the account to PENDING.
  struct change {
    std::optional<std::string> label;
    std::optional<account_request> credentials{};
    std::optional<std::string> region{}, base_url{};
    /// Must be what it is.
    std::optional<std::string> exchange_name{};
  };
  task<result<account>> update(user_id, account_id, change);

  /// Asks the exchange about the stored key now and keeps what it says (account_store::record_probe()); unavailable when it
  /// cannot be asked. `user` not valid: whosever it is.
  task<result<account>> probe(user_id, account_id);

  account_store& store() { return store_; }
  const exchange_catalogue& catalogue() const { return catalogue_; }

private:
  task<result<std::optional<account_probe>>> check_with_exchange(const account_request&);
  /// The stored ones, to be sealed anew for another region.
  task<result<account_request>> open_credentials(account_id);
  task<result<account>> change_what_was_reviewed(user_id, const account& current, change&, std::string region);
  task<result<account>> replace_credentials(user_id, const account& current, const account_request&, std::optional<account_probe>);
  account_store& store_;
  const crypto::keyring& keyring_;
  exchange_catalogue catalogue_;
  credential_probe probe_;
};

/// Opens sealed credentials for one signature. Blocking, about a microsecond; any one thread.
class credential_opener {
public:
  credential_opener(const crypto::keyring&, sealed_credentials);
  ~credential_opener();
  credential_opener(credential_opener&&) noexcept;
  struct clear_credentials {
    secret api_key, api_secret, passphrase;
  };
  /// crypto_errc::sealed_value_refused when the row was tampered with, rolled_back when older credentials were put back,
  /// key_wrong when another master key wrapped it.
  result<clear_credentials> open();

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::tenants
