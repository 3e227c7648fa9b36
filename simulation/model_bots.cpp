#include "simulation/model_bots.hpp"

#include "simulation/statement_detail.hpp"
#include "tenants/errors.hpp"

namespace drover::simulation {
namespace {

using namespace engine;
using tenants::tenant_errc;
using bots = std::vector<bot>;

std::unexpected<error> not_for_managers() {
  return fail(tenant_errc::unavailable, "the bot manager does not do this");
}

class model_bots final : public bot_store {
public:
  model_bots(bot_store& committed, model_database& db, std::shared_ptr<const life_line> life)
      : store_(committed), db_(db), life_(std::move(life)) {}

  task<result<bots>> load_runnable() override {
    return run<bots>(false, [&s = store_] { return s.load_runnable(); });
  }
  task<result<bots>> load_runnable(account_id id) override {
    return run<bots>(false, [&s = store_, id] { return s.load_runnable(id); });
  }
  task<result<bots>> add_default_bots(default_bot wanted, std::vector<account_owner> owners) override {
    return run<bots>(true, [&s = store_, wanted, owners] { return s.add_default_bots(wanted, owners); });
  }
  task<result<void>> finish(bot_id id, std::string reason) override {
    return run<void>(true, [&s = store_, id, reason] { return s.finish(id, reason); });
  }
  task<result<void>> mark_at_rest(bot_id id, std::string reason) override {
    return run<void>(true, [&s = store_, id, reason] { return s.mark_at_rest(id, reason); });
  }

  task<result<bot>> create(new_bot, int) override { co_return not_for_managers(); }
  task<result<bots>> list(user_id, bot_page) override { co_return not_for_managers(); }
  task<result<bot>> get(user_id, bot_id) override { co_return not_for_managers(); }
  task<result<bot>> update(user_id, bot_id, bot_patch) override { co_return not_for_managers(); }
  task<result<bot>> set_desired(user_id, bot_id, desired_state) override { co_return not_for_managers(); }
  task<result<void>> remove(user_id, bot_id) override { co_return not_for_managers(); }

private:
  template <class T>
  task<result<T>> run(bool write, statement<T> work) {
    const error away(tenant_errc::unavailable, "the connection was lost");
    return run_statement<T>(db_, life_, write, std::move(work), away, away);
  }

  bot_store& store_;
  model_database& db_;
  std::shared_ptr<const life_line> life_;
};

}  // namespace

std::unique_ptr<bot_store> make_model_bots(account_office& office, model_database& db,
                                           std::shared_ptr<const life_line> life) {
  return std::make_unique<model_bots>(office.bots(), db, std::move(life));
}

}  // namespace drover::simulation
