#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tenants/import/import_rows.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {

/// One account to be stored, or why not.
struct import_outcome {
  std::string place, username, exchange_name, label, api_key_mask;
  /// Of the stored account; not valid when it was not stored.
  account_id account;
  /// Empty when nothing is wrong with it.
  std::string problem;
};
struct import_report {
  std::vector<import_outcome> rows;
  bool stored = false;
  std::size_t problems() const;
};
struct import_options {
  /// Who owns rows that name nobody; empty = nobody.
  std::string default_username;
  /// From the other system's names and numbers of users to ours; others are taken as our names.
  std::map<std::string, std::string> usernames{};
  /// Only look.
  bool dry_run = false;
  /// Store the rest although some rows have problems; otherwise nothing is stored then.
  bool skip_problems = false;
};

/// What an import adds, in one transaction. Errors are tenant_errc.
class import_store {
public:
  virtual ~import_store() = default;
  /// Those of these fingerprints of API keys that are connected already, by anybody.
  virtual task<result<std::vector<std::string>>> find_connected(std::vector<std::string> fingerprints) = 0;
  struct entry {
    new_account account;
    sealed_credentials credentials;
  };
  /// All of them, PENDING and with an audit row each (actor: the operator), or none. duplicate when one is connected by
  /// now.
  virtual task<result<std::vector<account_id>>> create_all(std::vector<entry>) = 0;
};
std::unique_ptr<import_store> make_postgres_import_store(database&);

/// Takes accounts over from other systems: owner → rules → duplicates (within the rows and in the database) → seal →
/// store. The exchanges are not asked; the accounts wait for approval like new ones. One thread.
class account_import {
public:
  account_import(import_store&, account_store&, user_store&, const crypto::keyring&, const exchange_catalogue&);
  task<result<import_report>> run(std::vector<import_row>, import_options);

private:
  task<result<void>> find_owners(std::vector<import_row>&, const import_options&);
  /// The fingerprint of each row's API key.
  task<result<std::vector<std::string>>> find_duplicates(std::vector<import_row>&);
  task<result<void>> store(const std::vector<import_row>&, std::vector<std::string> fingerprints, import_report&);

  import_store& store_;
  account_store& accounts_;
  user_store& users_;
  const crypto::keyring& keyring_;
  const exchange_catalogue& catalogue_;
  /// By the username.
  std::map<std::string, user_id> owners_;
};

}  // namespace drover::tenants
