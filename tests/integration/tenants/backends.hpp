#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tenants/accounts/account_store.hpp"
#include "tenants/errors.hpp"
#include "tenants/proposals/proposal_store.hpp"
#include "tenants/users/second_factor_store.hpp"
#include "tenants/users/user_store.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"
#include "tests/support/postgres.hpp"

namespace drover::tenants {

/// Both kinds of stores, over which the contract suites run.
class backend {
public:
  virtual ~backend() = default;
  virtual user_store& users() = 0;
  virtual account_store& accounts() = 0;
  virtual second_factor_store& second_factors() = 0;
  virtual proposal_store& proposals() = 0;
  virtual wall_time now() const = 0;
};

class postgres_backend final : public backend {
public:
  explicit postgres_backend(std::size_t connections = 2)
      : pool_(make_database(database_.config(connections), system_clock())),
        users_(make_postgres_user_store(*pool_)),
        accounts_(make_postgres_account_store(*pool_)),
        second_factors_(make_postgres_second_factor_store(*pool_)),
        proposals_(make_postgres_proposal_store(*pool_)) {}
  user_store& users() override { return *users_; }
  account_store& accounts() override { return *accounts_; }
  second_factor_store& second_factors() override { return *second_factors_; }
  proposal_store& proposals() override { return *proposals_; }
  wall_time now() const override { return system_clock().wall_now(); }
  test::test_database& raw() { return database_; }
  database& pool() { return *pool_; }

private:
  test::test_database database_;
  std::unique_ptr<database> pool_;
  std::unique_ptr<user_store> users_;
  std::unique_ptr<account_store> accounts_;
  std::unique_ptr<second_factor_store> second_factors_;
  std::unique_ptr<proposal_store> proposals_;
};

class memory_backend final : public backend {
public:
  memory_backend() : users_(make_memory_user_store(clock_)) {
    memory_account_users lookup{.is_active = [this](user_id id) { return get(id).status == user_status::active; },
                                .username = [this](user_id id) { return get(id).username; }};
    accounts_ = make_memory_account_store(clock_, std::move(lookup));
  }
  user_store& users() override { return *users_; }
  account_store& accounts() override { return *accounts_; }
  second_factor_store& second_factors() override { return *second_factors_; }
  proposal_store& proposals() override { return *proposals_; }
  wall_time now() const override { return clock_.wall_now(); }

private:
  user get(user_id id) {
    asio::io_context io;
    return test::run(io, users_->get(id)).value();
  }
  test::manual_clock clock_;
  std::unique_ptr<user_store> users_;
  std::unique_ptr<account_store> accounts_;
  std::unique_ptr<second_factor_store> second_factors_ = make_memory_second_factor_store();
  std::unique_ptr<proposal_store> proposals_ = make_memory_proposal_store([this] {
    asio::io_context io;
    int active = 0;
    for (const auto& u : test::run(io, users_->list()).value())
      active += u.role == role::admin && u.status == user_status::active;
    return active;
  });
};

/// Base of suites: runs tasks and makes users and accounts.
template <class Base>
class store_suite : public Base {
protected:
  virtual backend& stores() = 0;

  template <class T>
  T wait(task<T> t) {
    return test::run(io_, std::move(t));
  }
  user add_user(const std::string& name, role r = role::tenant) {
    return wait(stores().users().create(
                    {.username = name, .email = name + "@example.com", .password_hash = "hash of " + name, .role = r}))
        .value();
  }
  /// What a login of the user would open, `age` ago.
  session session_of(const user& u, const std::string& id, nanoseconds age = {}) {
    // Whole microseconds, as stored.
    const wall_time created{std::chrono::floor<std::chrono::microseconds>((stores().now() - age).since_epoch)};
    return {.user = u.id, .id = id, .created_at = created, .expires_at = created + 1h, .address = "192.0.2.1", .client = "test"};
  }
  sealed_credentials sealed_for(user_id owner, account_id id, std::int64_t version, const std::string& text) {
    return {.account = id,
            .user = owner,
            .exchange_name = "paper",
            .region = "default",
            .version = version,
            .dek_id = {},
            .wrapped_dek = {},
            .api_key = "sealed key " + text,
            .api_secret = "sealed secret " + text,
            .passphrase = {}};
  }
  /// A pending account whose API key is `key`.
  result<account> try_add_account(user_id owner, const std::string& key) {
    auto id = wait(stores().accounts().reserve_id()).value();
    wait(stores().accounts().ensure_data_key(owner,
                                             {.dek_id = "dek" + std::to_string(owner.value), .wrapped = "wrapped"}))
        .value();
    new_account fresh{.user = owner,
                      .exchange_name = "paper",
                      .label = "label of " + key,
                      .api_key_mask = "mask of " + key,
                      .key_fingerprint = "fingerprint of " + key};
    return wait(stores().accounts().create(std::move(fresh), sealed_for(owner, id, 1, key)));
  }
  account add_account(user_id owner, const std::string& key) { return try_add_account(owner, key).value(); }
  result<account> try_replace(user_id owner, const account& current, const std::string& key) {
    return wait(
        stores().accounts().replace_credentials(owner, current.id, {"mask of " + key, "fingerprint of " + key},
                                                sealed_for(owner, current.id, current.credential_version + 1, key)));
  }

  asio::io_context io_;
};

template <class T>
void expect_error(const result<T>& outcome, tenant_errc code) {
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, code) << outcome.error().to_string();
}

using make_backend = std::unique_ptr<backend> (*)();
struct backend_kind {
  const char* name;
  make_backend make;
};
inline std::ostream& operator<<(std::ostream& out, const backend_kind& kind) {
  return out << kind.name;
}

inline const backend_kind backend_kinds[] = {
    {"Postgres", [] { return std::unique_ptr<backend>(std::make_unique<postgres_backend>()); }},
    {"Memory", [] { return std::unique_ptr<backend>(std::make_unique<memory_backend>()); }},
};

/// A suite that runs over both kinds.
class contract_suite : public store_suite<testing::TestWithParam<backend_kind>> {
protected:
  backend& stores() override { return *stores_; }
  user_store& users() { return stores_->users(); }
  account_store& accounts() { return stores_->accounts(); }
  proposal_store& proposals() { return stores_->proposals(); }

private:
  std::unique_ptr<backend> stores_ = GetParam().make();
};

/// A suite about what only PostgreSQL does.
class postgres_suite : public store_suite<testing::Test> {
protected:
  backend& stores() override { return stores_; }
  user_store& users() { return stores_.users(); }
  account_store& accounts() { return stores_.accounts(); }
  std::string sql(const std::string& statements) { return stores_.raw().sql(statements); }

  postgres_backend stores_{4};
};

}  // namespace drover::tenants
