#include "simulation/copy_office.hpp"
#include "simulation/statement_detail.hpp"
#include "tenants/errors.hpp"

namespace drover::simulation {
namespace {

using namespace engine;
using tenants::tenant_errc;

std::unexpected<error> not_for_fan_outs() {
  return fail(tenant_errc::unavailable, "the fan-out does not do this");
}

class model_rooms final : public copy_store {
public:
  model_rooms(copy_office& office, model_database& db, std::shared_ptr<const life_line> life)
      : office_(office), db_(db), life_(std::move(life)) {}

  task<result<int>> end_orphans() override {
    return run<int>(true, [&o = office_] { return commit_orphans(o); });
  }
  task<result<std::vector<room_route>>> load_routes(std::optional<room_id> only) override {
    return run<std::vector<room_route>>(false, [&s = office_.committed(), only] { return s.load_routes(only); });
  }
  task<result<std::vector<unfinished_signal>>> load_unfinished(milliseconds age, int limit) override {
    return run<std::vector<unfinished_signal>>(
        true, [&s = office_.committed(), age, limit] { return s.load_unfinished(age, limit); });
  }
  task<result<void>> record(std::vector<receipt> receipts, std::vector<signal_key> finished) override {
    return run<void>(true, [&o = office_, receipts = std::move(receipts), finished = std::move(finished)] {
      return commit_receipts(o, receipts, finished);
    });
  }

  task<result<room>> create_room(new_room, int) override { co_return not_for_fan_outs(); }
  task<result<room>> update_room(user_id, room_id, room_patch) override { co_return not_for_fan_outs(); }
  task<result<room>> close_room(user_id, room_id, std::string) override { co_return not_for_fan_outs(); }
  task<result<room_view>> get_room(user_id, room_id) override { co_return not_for_fan_outs(); }
  task<result<std::vector<room_view>>> list_rooms(user_id, room_page) override { co_return not_for_fan_outs(); }
  task<result<invitation>> invite(user_id, new_invitation, int) override { co_return not_for_fan_outs(); }
  task<result<std::vector<invitation>>> list_invitations(user_id, room_id) override { co_return not_for_fan_outs(); }
  task<result<void>> revoke_invitation(user_id, room_id, invitation_id) override { co_return not_for_fan_outs(); }
  task<result<std::vector<user_id>>> load_waiting_leads() override { co_return not_for_fan_outs(); }
  task<result<void>> extend_invitations(std::vector<user_id>, wall_time) override { co_return not_for_fan_outs(); }
  task<result<room>> look_in(user_id, entrance) override { co_return not_for_fan_outs(); }
  task<result<member>> join(join_request, int) override { co_return not_for_fan_outs(); }
  task<result<std::vector<member>>> leave(user_id, room_id, std::optional<member_id>) override {
    co_return not_for_fan_outs();
  }
  task<result<member>> remove_member(user_id, room_id, member_id) override { co_return not_for_fan_outs(); }
  task<result<std::vector<member>>> list_members(user_id, room_id, std::int64_t, int) override {
    co_return not_for_fan_outs();
  }
  task<result<std::vector<room_signal>>> list_signals(user_id, room_id, feed_page) override {
    co_return not_for_fan_outs();
  }
  task<result<std::vector<receipt_view>>> list_receipts(user_id, room_id, feed_page) override {
    co_return not_for_fan_outs();
  }

private:
  template <class T>
  task<result<T>> run(bool write, statement<T> work) {
    const error away(tenant_errc::unavailable, "the connection was lost");
    return run_statement<T>(db_, life_, write, std::move(work), away, away);
  }

  static task<result<int>> commit_orphans(copy_office& office) {
    auto ended = co_await office.committed().end_orphans();
    co_await office.look();
    co_return ended;
  }
  static task<result<void>> commit_receipts(copy_office& office, std::vector<receipt> receipts,
                                            std::vector<signal_key> finished) {
    office.watch().receipts_committed(receipts);
    auto done = co_await office.committed().record(std::move(receipts), std::move(finished));
    co_return done;
  }

  copy_office& office_;
  model_database& db_;
  std::shared_ptr<const life_line> life_;
};

}  // namespace

std::unique_ptr<copy_store> make_model_rooms(copy_office& office, model_database& db,
                                             std::shared_ptr<const life_line> life) {
  return std::make_unique<model_rooms>(office, db, std::move(life));
}

}  // namespace drover::simulation
