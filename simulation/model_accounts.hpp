#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "crypto/keyring.hpp"
#include "engine/bots/bot_store.hpp"
#include "simulation/api_keys.hpp"
#include "simulation/model_database.hpp"
#include "tenants/accounts/account_service.hpp"

namespace drover::simulation {

/// Users and their accounts as the database has them, and the people who change them.
class account_office {
public:
  account_office(world&, std::uint64_t seed);

  /// Connects an account with the key that names it (api_keys.hpp) and has it approved; ids count from 1.
  task<account_id> connect(user_id, std::string exchange_name);
  task<void> set_active(user_id, account_id, bool active);
  void set_banned(user_id, bool banned);
  bool is_banned(user_id user) const { return banned_.contains(user); }
  /// New credentials; the account waits for an admin again. Answers the version of the new key.
  task<result<std::int64_t>> replace_key(user_id, account_id);
  task<result<tenants::account>> approve(account_id, std::int64_t reviewed_version);
  std::optional<user_id> owner_of(account_id) const;
  task<result<tenants::account>> get(user_id user, account_id id) { return store_->get(user, id); }

  const crypto::keyring& keyring() const { return keyring_; }
  tenants::account_store& committed() { return *store_; }
  engine::bot_store& bots() { return *bots_; }

private:
  static tenants::account_request request_with(const api_key&, std::string exchange_name);

  seeded_random random_;
  crypto::keyring keyring_;
  machine_clock time_;
  std::int64_t last_ = 0;
  std::set<user_id> banned_;
  std::unique_ptr<tenants::account_store> store_;
  std::unique_ptr<tenants::account_service> service_;
  std::map<account_id, user_id> owners_;
  std::unique_ptr<engine::bot_store> bots_;
};

/// What one engine's bot manager reads, through the database's faults. It changes nothing.
std::unique_ptr<tenants::account_store> make_model_accounts(account_office&, model_database&,
                                                            std::shared_ptr<const life_line>);

}  // namespace drover::simulation
