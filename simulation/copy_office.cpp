#include "simulation/copy_office.hpp"

#include <limits>
#include <stdexcept>

#include "engine/strategies/signal_following.hpp"

namespace drover::simulation {
namespace {

using namespace engine;

/// Nobody is refused for how many they have.
constexpr int many = 1'000'000;

}  // namespace

copy_office::copy_office(world& w, oracle& judge, account_office& office, std::uint64_t seed)
    : world_(w), time_(w), random_(seed), office_(office), watch_(w, judge) {
  memory_copy_world around;
  around.owner_of = [&office](account_id id) { return office.owner_of(id); };
  around.username = [](user_id u) { return "user" + std::to_string(u.value); };
  around.is_alive = [&office](user_id u, account_id) { return !office.is_banned(u); };
  around.bots = &office.bots();
  around.find_order = [this](bot_id bot, const std::string& tag) -> std::optional<std::pair<uuid, decimal>> {
    const auto at = orders_.find({bot, tag});
    if (at == orders_.end()) return std::nullopt;
    return at->second;
  };
  around.saved_state = [](bot_id) { return std::string(); };
  store_ = make_memory_copy_store(time_, std::move(around));
  service_ = std::make_unique<room_service>(*store_, random_, time_,
                                            room_limits{.rooms_per_lead = many,
                                                        .open_invitations_per_room = many,
                                                        .bots_per_user = many});
}

void copy_office::fill_booked(account_id account, bot_id bot, const booked_fill& booked) {
  store_->book(account, bot, booked.id, booked.fill);
  for (const auto& r : rooms_) {
    // Told of those that the store made a signal of.
    if (const auto made = store_->find_signal({r.id, booked.id})) watch_.signal_booked(*made);
  }
}

void copy_office::intent_committed(int engine, const order_intent& intent) {
  orders_.try_emplace({intent.bot, intent.tag}, intent.id, intent.quantity);
  watch_.order_committed(engine, intent);
}

task<void> copy_office::look() {
  const auto all = rooms_;
  for (const auto& r : all) co_await look_into(r);
}

task<void> copy_office::look_into(led_room r) {
  auto members = co_await store_->list_members(r.lead, r.id, 0, std::numeric_limits<int>::max());
  if (!members) throw std::logic_error("a room could not be read: " + members.error().to_string());
  for (const auto& m : *members) {
    const auto [at, fresh] = seen_.try_emplace(m.id, member_state::joined);
    if (fresh) {
      auto guards = co_await read_guards(m);
      watch_.joined(m, guards);
    }
    const bool over = m.state != member_state::joined && at->second == member_state::joined;
    if (!fresh && !over) continue;
    at->second = m.state;
    const auto limit = listener_ ? listener_(m) : nanoseconds::zero();
    if (over) watch_.ended(m, world_.now() + limit);
  }
}

task<follower_guards> copy_office::read_guards(const member& m) {
  auto bot = co_await office_.bots().get(m.user, m.bot);
  if (!bot) throw std::logic_error("a new membership has no bot");
  auto parameters = parse_signal_following_parameters(bot->parameters);
  if (!parameters) throw std::logic_error("a following bot cannot be read: " + parameters.error().to_string());
  co_return follower_guards{parameters->max_age, parameters->max_slippage};
}

}  // namespace drover::simulation
