#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "tenants/broker/broker_client_store.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

class memory_broker_client_store final : public broker_client_store {
public:
  memory_broker_client_store(const clock& time, audit_store& audit, std::function<bool(account_id)> knows_account)
      : clock_(time), audit_(audit), knows_account_(std::move(knows_account)) {}

  task<result<broker_client>> add(new_broker_client fresh) override {
    auto made = insert(fresh);
    if (!made) co_return made;
    auto event = make_broker_event("broker.add_client", fresh.name, describe(fresh));
    auto written = co_await audit_.append(std::move(event));
    if (!written) co_return std::unexpected(written.error());
    co_return made;
  }

  task<result<std::vector<broker_client>>> list() override {
    co_return select([](const broker_client&) { return true; });
  }
  task<result<std::vector<broker_client>>> list_of_uid(std::uint32_t uid) override {
    co_return select([uid](const broker_client& c) { return c.uid == uid; });
  }

  task<result<void>> remove(std::string name) override {
    if (!erase(name)) co_return fail(tenant_errc::not_found, "there is no client '" + name + "'");
    auto event = make_broker_event("broker.remove_client", name, {});
    co_return co_await audit_.append(std::move(event));
  }

  task<result<std::vector<bool>>> record(std::vector<broker_use> uses) override {
    std::vector<bool> known;
    for (auto& use : uses) {
      known.push_back(knows(use.client));
      if (!known.back()) continue;
      audit_event event{.actor = {},
                        .action = use.action,
                        .object = "account:" + std::to_string(use.account.value),
                        .detail = use.detail};
      auto written = co_await audit_.append(std::move(event));
      if (!written) co_return std::unexpected(written.error());
    }
    co_return known;
  }

private:
  result<broker_client> insert(const new_broker_client& fresh) {
    if (auto fine = check_broker_client(fresh); !fine) return std::unexpected(fine.error());
    const std::lock_guard lock(mutex_);
    if (rows_.contains(fresh.name)) return fail(tenant_errc::name_taken, "name: '" + fresh.name + "' is taken");
    if (rows_.size() >= broker_clients_limit) return fail(tenant_errc::invalid, broker_clients_full);
    auto accounts = sorted_accounts(fresh);
    for (const auto id : accounts)
      if (!knows_account_(id)) return std::unexpected(unknown_broker_account(id));
    broker_client made{.id = ++last_id_,
                       .name = fresh.name,
                       .uid = fresh.uid,
                       .accounts = std::move(accounts),
                       .may_reveal = fresh.may_reveal,
                       .calls_per_second = fresh.calls_per_second,
                       .created_at = clock_.wall_now(),
                       .token_hash = fresh.token_hash};
    rows_.emplace(made.name, made);
    return made;
  }
  bool erase(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return rows_.erase(name) > 0;
  }
  bool knows(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(rows_, [id](const auto& row) { return row.second.id == id; });
  }
  std::vector<broker_client> select(const std::function<bool(const broker_client&)>& wanted) {
    const std::lock_guard lock(mutex_);
    std::vector<broker_client> out;
    for (const auto& [name, client] : rows_)
      if (wanted(client)) out.push_back(client);
    return out;
  }

  const clock& clock_;
  audit_store& audit_;
  std::function<bool(account_id)> knows_account_;
  std::mutex mutex_;
  std::map<std::string, broker_client> rows_;
  std::int64_t last_id_ = 0;
};

}  // namespace

std::unique_ptr<broker_client_store> make_memory_broker_client_store(const clock& time, audit_store& audit,
                                                                     std::function<bool(account_id)> knows_account) {
  return std::make_unique<memory_broker_client_store>(time, audit, std::move(knows_account));
}

}  // namespace drover::tenants
