#include "engine/bots/bot_rules.hpp"
#include "engine/copy/copy_rows_postgres_detail.hpp"
#include "engine/orders/journal_rows.hpp"

namespace drover::engine {
namespace {

using copy_rows::connection;
using tenants::from_job;
using tenants::from_read;

constexpr std::string_view one_bot_per_market = "bots_one_per_market";

class postgres_copy_store final : public copy_store {
public:
  explicit postgres_copy_store(database& db) : db_(db) {}

  task<result<room>> create_room(new_room fresh, int limit) override {
    auto job = [fresh = std::move(fresh), limit](connection& c) { return copy_rows::insert_room(c, fresh, limit); };
    auto outcome = co_await db_.run("rooms_create", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<room>> update_room(user_id lead, room_id id, room_patch patch) override {
    auto job = [lead, id, patch = std::move(patch)](connection& c) {
      return copy_rows::update_room(c, lead, id, patch);
    };
    auto outcome = co_await db_.run("rooms_update", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<room>> close_room(user_id lead, room_id id, std::string reason) override {
    auto job = [lead, id, reason = std::move(reason)](connection& c) {
      return copy_rows::close_room(c, lead, id, reason);
    };
    auto outcome = co_await db_.run("rooms_close", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<room_view>> get_room(user_id user, room_id id) override {
    auto job = [user, id](connection& c) { return copy_rows::select_room(c, user, id); };
    auto outcome = co_await db_.run("rooms_get", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<room_view>>> list_rooms(user_id user, room_page page) override {
    auto job = [user, page](connection& c) { return copy_rows::select_rooms(c, user, page); };
    auto outcome = co_await db_.run("rooms_list", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<invitation>> invite(user_id lead, new_invitation fresh, int limit) override {
    auto job = [lead, fresh = std::move(fresh), limit](connection& c) {
      return copy_rows::insert_invitation(c, lead, fresh, limit);
    };
    auto outcome = co_await db_.run("rooms_invite", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<invitation>>> list_invitations(user_id lead, room_id id) override {
    auto job = [lead, id](connection& c) { return copy_rows::select_invitations(c, lead, id); };
    auto outcome = co_await db_.run("rooms_invitations", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> revoke_invitation(user_id lead, room_id id, invitation_id which) override {
    auto job = [lead, id, which](connection& c) { return copy_rows::revoke_invitation(c, lead, id, which); };
    auto outcome = co_await db_.run("rooms_revoke", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<user_id>>> load_waiting_leads() override {
    auto job = [](connection& c) { return copy_rows::select_waiting_leads(c); };
    auto outcome = co_await db_.run("rooms_waiting_leads", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> extend_invitations(std::vector<user_id> leads, wall_time until) override {
    rows::array_text ids;
    for (const auto lead : leads) ids.add(std::to_string(lead.value));
    auto job = [ids = ids.finish(), until](connection& c) { copy_rows::extend_invitations(c, ids, until); };
    auto outcome = co_await db_.run("rooms_extend", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<room>> look_in(user_id user, entrance by) override {
    auto job = [user, by = std::move(by)](connection& c) { return copy_rows::look_in(c, user, by); };
    auto outcome = co_await db_.run("rooms_look_in", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<member>> join(join_request wanted, int bots_limit) override {
    const std::string symbol = wanted.bot.symbol;
    auto job = [wanted = std::move(wanted), bots_limit](connection& c) {
      return copy_rows::join(c, wanted, bots_limit);
    };
    auto outcome = co_await db_.run("rooms_join", std::move(job));
    if (!outcome && outcome.error().detail == one_bot_per_market) co_return market_taken(symbol);
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<member>>> leave(user_id user, room_id id, std::optional<member_id> which) override {
    auto job = [user, id, which](connection& c) { return copy_rows::leave(c, user, id, which); };
    auto outcome = co_await db_.run("rooms_leave", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<member>> remove_member(user_id lead, room_id id, member_id which) override {
    auto job = [lead, id, which](connection& c) { return copy_rows::remove_member(c, lead, id, which); };
    auto outcome = co_await db_.run("rooms_remove", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<member>>> list_members(user_id user, room_id id, std::int64_t after_id, int limit) override {
    auto job = [user, id, after_id, limit](connection& c) {
      return copy_rows::select_members(c, user, id, after_id, limit);
    };
    auto outcome = co_await db_.run("rooms_members", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<int>> end_orphans() override {
    auto job = [](connection& c) { return copy_rows::end_orphans(c); };
    auto outcome = co_await db_.run("rooms_end_orphans", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<room_signal>>> list_signals(user_id user, room_id id, feed_page page) override {
    auto job = [user, id, page](connection& c) { return copy_rows::select_signals(c, user, id, page); };
    auto outcome = co_await db_.run("signals_list", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<receipt_view>>> list_receipts(user_id user, room_id id, feed_page page) override {
    auto job = [user, id, page](connection& c) { return copy_rows::select_receipts(c, user, id, page); };
    auto outcome = co_await db_.run("receipts_list", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<room_route>>> load_routes(std::optional<room_id> only) override {
    auto job = [only](connection& c) { return copy_rows::select_routes(c, only); };
    auto outcome = co_await db_.run("rooms_routes", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<unfinished_signal>>> load_unfinished(milliseconds age, int limit) override {
    auto job = [age, limit](connection& c) { return copy_rows::select_unfinished(c, age, limit); };
    auto outcome = co_await db_.run("signals_unfinished", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> record(std::vector<receipt> receipts, std::vector<signal_key> finished) override {
    auto job = [receipts = std::move(receipts), finished = std::move(finished)](connection& c) {
      copy_rows::record(c, receipts, finished);
    };
    auto outcome = co_await db_.run("receipts_record", std::move(job));
    co_return from_read(std::move(outcome));
  }

private:
  database& db_;
};

}  // namespace

std::unique_ptr<copy_store> make_postgres_copy_store(database& db) {
  return std::make_unique<postgres_copy_store>(db);
}

}  // namespace drover::engine
