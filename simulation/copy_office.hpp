#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/copy/room_service.hpp"
#include "simulation/copy_watch.hpp"
#include "simulation/model_accounts.hpp"

namespace drover::simulation {

/// Rooms, memberships, signals and receipts as the database has them.
class copy_office {
public:
  copy_office(world&, oracle&, account_office&, std::uint64_t seed);

  engine::memory_copy_store& committed() { return *store_; }
  /// For people.
  engine::room_service& service() { return *service_; }
  copy_watch& watch() { return watch_; }

  // Within the transaction that does it.
  void fill_booked(account_id, bot_id, const engine::booked_fill&);
  void intent_committed(int engine, const engine::order_intent&);
  /// Somebody may have changed who follows whom: tells the watch, and who listens.
  task<void> look();
  /// Of whoever came or went; answers how long an engine may take to hear of it.
  void set_listener(std::function<nanoseconds(const engine::member&)> listener) { listener_ = std::move(listener); }
  void add_room(const engine::room& r) { rooms_.push_back({r.id, r.lead}); }

private:
  struct led_room {
    engine::room_id id;
    user_id lead;
  };
  task<void> look_into(led_room);
  task<follower_guards> read_guards(const engine::member&);

  world& world_;
  machine_clock time_;
  seeded_random random_;
  account_office& office_;
  copy_watch watch_;
  std::unique_ptr<engine::memory_copy_store> store_;
  std::unique_ptr<engine::room_service> service_;
  std::function<nanoseconds(const engine::member&)> listener_;
  std::vector<led_room> rooms_;
  std::map<engine::member_id, engine::member_state> seen_;
  /// The first order with a tag.
  std::map<std::pair<bot_id, std::string>, std::pair<uuid, decimal>> orders_;
};

/// What one engine's fan-out reads and writes, through the database's faults.
std::unique_ptr<engine::copy_store> make_model_rooms(copy_office&, model_database&, std::shared_ptr<const life_line>);

}  // namespace drover::simulation
