#include "simulation/model_accounts.hpp"

#include <stdexcept>

#include "simulation/statement_detail.hpp"
#include "tenants/errors.hpp"

namespace drover::simulation {
namespace {

using namespace tenants;

constexpr user_id admin(999'999);

task<probe_outcome> accept_key(std::string, secret, secret, secret) {
  co_return probe_outcome{.accepted = true, .reason = {}, .unavailable = false};
}

std::unexpected<error> read_only() {
  return fail(tenant_errc::unavailable, "the bot manager only reads");
}

class model_accounts final : public account_store {
public:
  model_accounts(account_office& office, model_database& db, std::shared_ptr<const life_line> life)
      : store_(office.committed()), db_(db), life_(std::move(life)) {}

  task<result<std::vector<runnable_account>>> load_runnable() override {
    return read<std::vector<runnable_account>>([&s = store_] { return s.load_runnable(); });
  }
  task<result<std::optional<runnable_account>>> load_runnable(account_id id) override {
    return read<std::optional<runnable_account>>([&s = store_, id] { return s.load_runnable(id); });
  }

  task<result<runnable_account>> load_credentials(account_id) override { co_return read_only(); }
  task<result<account>> record_probe(account_id, std::int64_t, account_probe) override { co_return read_only(); }
  task<result<std::vector<account_id>>> list_due_probes(wall_time, int) override { co_return read_only(); }
  task<result<account>> waive_withdrawals(user_id, account_id, std::int64_t) override { co_return read_only(); }
  task<result<account_id>> reserve_id() override { co_return read_only(); }
  task<result<std::optional<data_key_row>>> find_data_key(user_id) override { co_return read_only(); }
  task<result<data_key_row>> ensure_data_key(user_id, data_key_row) override { co_return read_only(); }
  task<result<account>> create(new_account, sealed_credentials) override { co_return read_only(); }
  task<result<void>> report_credentials(account_id, std::string, std::string) override { co_return result<void>(); }
  task<result<std::vector<account>>> list(user_id, account_page) override { co_return read_only(); }
  task<result<account>> get(user_id, account_id) override { co_return read_only(); }
  task<result<account>> update(user_id, account_id, account_patch) override { co_return read_only(); }
  task<result<account>> replace_credentials(user_id, account_id, replacement, sealed_credentials) override {
    co_return read_only();
  }
  task<result<account>> set_active(user_id, account_id, bool) override { co_return read_only(); }
  task<result<void>> remove(user_id, account_id) override { co_return read_only(); }
  task<result<std::vector<pending_account>>> list_for_admin(std::optional<account_status>, account_page) override {
    co_return read_only();
  }
  task<result<account>> approve(user_id, account_id, std::optional<std::int64_t>, std::string) override {
    co_return read_only();
  }
  task<result<account>> reject(user_id, account_id, std::string) override { co_return read_only(); }

private:
  template <class T>
  task<result<T>> read(statement<T> work) {
    const error away(tenant_errc::unavailable, "the connection was lost");
    return run_statement<T>(db_, life_, false, std::move(work), away, away);
  }

  account_store& store_;
  model_database& db_;
  std::shared_ptr<const life_line> life_;
};

}  // namespace

account_office::account_office(world& w, std::uint64_t seed)
    : random_(seed), keyring_(crypto::master_key::generate(random_), random_), time_(w) {
  store_ = make_memory_account_store(time_, {.is_active = [this](user_id u) { return !banned_.contains(u); },
                                             .username = [](user_id u) { return "user" + std::to_string(u.value); }});
  exchange_catalogue catalogue{.is_known = [](const std::string&) { return true; },
                               .needs_passphrase = [](const std::string&) { return false; },
                               .names = {}};
  service_ = std::make_unique<account_service>(*store_, keyring_, std::move(catalogue), accept_key);
  bots_ = engine::make_memory_bot_store(time_, {.owner_of = [this](account_id id) { return owner_of(id); }});
}

std::optional<user_id> account_office::owner_of(account_id id) const {
  const auto at = owners_.find(id);
  if (at == owners_.end()) return std::nullopt;
  return at->second;
}

task<account_id> account_office::connect(user_id user, std::string exchange_name) {
  const account_id expected(++last_);
  auto request = request_with({expected}, std::move(exchange_name));
  auto made = co_await service_->create(user, std::move(request));
  if (!made || made->id != expected)
    throw std::logic_error("an account could not be connected" +
                           (made ? std::string() : ": " + made.error().to_string()));
  std::string message;
  auto approved = co_await store_->approve(admin, expected, std::nullopt, std::move(message));
  if (!approved) throw std::logic_error("an account could not be approved");
  owners_[expected] = user;
  co_return expected;
}

account_request account_office::request_with(const api_key& key, std::string exchange_name) {
  return {std::move(exchange_name), secret(to_string(key)), secret(secret_of(key)), secret(), "label"};
}

task<result<std::int64_t>> account_office::replace_key(user_id user, account_id id) {
  auto current = co_await store_->get(user, id);
  if (!current) co_return std::unexpected(current.error());
  const auto version = current->credential_version + 1;
  account_service::change wanted;
  wanted.credentials = request_with({id, version}, current->exchange_name);
  auto changed = co_await service_->update(user, id, std::move(wanted));
  if (!changed) co_return std::unexpected(changed.error());
  co_return version;
}

task<result<account>> account_office::approve(account_id id, std::int64_t reviewed_version) {
  std::string message;
  return store_->approve(admin, id, reviewed_version, std::move(message));
}

task<void> account_office::set_active(user_id user, account_id account, bool active) {
  auto done = co_await store_->set_active(user, account, active);
  if (!done) throw std::logic_error("an account could not be switched: " + done.error().to_string());
}

void account_office::set_banned(user_id user, bool banned) {
  if (banned)
    banned_.insert(user);
  else
    banned_.erase(user);
}

std::unique_ptr<account_store> make_model_accounts(account_office& office, model_database& db,
                                                   std::shared_ptr<const life_line> life) {
  return std::make_unique<model_accounts>(office, db, std::move(life));
}

}  // namespace drover::simulation
