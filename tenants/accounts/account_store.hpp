#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "tenants/accounts/account.hpp"

namespace drover {
class postgres_reader;
}

namespace drover::tenants {

struct account_page {
  int limit = 200;
  std::int64_t after_id = 0;
};

struct new_account {
  user_id user;
  std::string exchange_name, label, api_key_mask, key_fingerprint;
  std::optional<account_probe> probe{};
};

/// Of new credentials, besides what is sealed.
struct replacement {
  std::string api_key_mask, key_fingerprint;
  std::optional<account_probe> probe{};
};

/// Fields to change; absent = leave.
struct account_patch {
  std::optional<std::string> label;
};

/// Accounts in PostgreSQL or in memory; one contract suite covers both. Errors are tenant_errc. Tenant-owned calls take
/// the user first and answer not_found for other users' ids. In PostgreSQL every change notifies `accounts_changed`
/// (payload: the id) and is audited in the same transaction.
class account_store {
public:
  virtual ~account_store() = default;

  /// Reserves an id (the ciphertexts are bound to it).
  virtual task<result<account_id>> reserve_id() = 0;
  /// The user's data key, or nothing yet.
  struct data_key_row {
    std::string dek_id, wrapped;
  };
  virtual task<result<std::optional<data_key_row>>> find_data_key(user_id) = 0;
  /// Stores the key unless the user has one by now; answers the one that counts.
  virtual task<result<data_key_row>> ensure_data_key(user_id, data_key_row) = 0;

  /// duplicate when the fingerprint is connected already (by anybody).
  virtual task<result<account>> create(new_account, sealed_credentials) = 0;
  /// By id. Pages hold at most 1,000.
  virtual task<result<std::vector<account>>> list(user_id, account_page) = 0;
  virtual task<result<account>> get(user_id, account_id) = 0;
  virtual task<result<account>> update(user_id, account_id, account_patch) = 0;
  /// New credentials, or the same ones for another region: back to PENDING and inactive, atomically. They are sealed for the
  /// current version + 1; when that is no longer the next one, somebody else replaced them meanwhile: unavailable. duplicate as
  /// in create().
  virtual task<result<account>> replace_credentials(user_id, account_id, replacement, sealed_credentials) = 0;
  /// account_not_approved when switching on while not APPROVED.
  virtual task<result<account>> set_active(user_id, account_id, bool is_active) = 0;
  /// Destroys the sealed credentials; orders, fills and earnings stay.
  virtual task<result<void>> remove(user_id, account_id) = 0;

  virtual task<result<std::vector<pending_account>>> list_for_admin(std::optional<account_status>, account_page) = 0;
  /// `reviewed_version`: the credential version the admin saw; another one by now answers already_decided, none is only enough
  /// while there was no other than the first (invalid). own_account when the admin owns it. Approval switches the account on.
  virtual task<result<account>> approve(user_id admin, account_id, std::optional<std::int64_t> reviewed_version,
                                        std::string message) = 0;
  /// Also switches off; the reason becomes the account's error_message. An approved account may be rejected later
  /// (withdrawal of approval); a rejected one answers already_decided.
  virtual task<result<account>> reject(user_id admin, account_id, std::string reason) = 0;

  /// What the exchange said of the key of this version. A key that did not pass takes an approved account back to PENDING and
  /// off, with the probe's reason as its error_message, which goes when the key passes again. With the account's waiver
  /// (with_waiver()). not_found when the credentials are others by now.
  virtual task<result<account>> record_probe(account_id, std::int64_t version, account_probe) = 0;
  /// Not rejected, and not asked about since `before`: those that waited longest first.
  virtual task<result<std::vector<account_id>>> list_due_probes(wall_time before, int limit) = 0;
  /// The key of this version may be used although it can withdraw. own_account; already_decided when it was replaced.
  virtual task<result<account>> waive_withdrawals(user_id admin, account_id, std::int64_t version) = 0;
  /// Of any account that is there, in whatever state; not_found.
  virtual task<result<runnable_account>> load_credentials(account_id) = 0;
  /// For the bot manager: everything to run, or one account (nothing when it is not to run any more).
  virtual task<result<std::vector<runnable_account>>> load_runnable() = 0;
  virtual task<result<std::optional<runnable_account>>> load_runnable(account_id) = 0;
  /// The stored credentials are not what was stored: `finding` ("CREDENTIAL_TAMPERED", "CREDENTIAL_ROLLED_BACK") goes into
  /// the audit trail, with its detail.
  virtual task<result<void>> report_credentials(account_id, std::string finding, std::string detail) = 0;
};

/// With `reader`, list() and get() go over it, on its thread only, and over the pool when it cannot serve.
std::unique_ptr<account_store> make_postgres_account_store(database&, postgres_reader* reader = nullptr);
/// `is_active` and `username` stand in for the users table. Any thread; no audit and no notification.
struct memory_account_users {
  std::function<bool(user_id)> is_active;
  std::function<std::string(user_id)> username;
};
std::unique_ptr<account_store> make_memory_account_store(const clock&, memory_account_users);

}  // namespace drover::tenants
