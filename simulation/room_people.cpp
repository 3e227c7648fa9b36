#include "simulation/room_people.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace drover::simulation {
namespace {

using namespace engine;

constexpr nanoseconds longest_notify = 1s, longest_deaf = std::chrono::minutes(1);
/// Who is out comes back in a minute with this chance.
constexpr std::uint64_t return_one_in = 4;
constexpr std::uint64_t unheard_one_in = 10;
/// Of a follower to come in; whoever is refused then shows as an account without a bot.
constexpr int most_tries = 100;
constexpr std::array<std::string_view, 5> ages{"2", "5", "10", "60", "600"};
constexpr std::array<std::string_view, 4> slippages{"0.0005", "0.002", "0.01", "0.1"};

/// What each signal is followed with.
json draw_sizing(random_source& random) {
  json out;
  const auto drawn = random.below(3);
  out["sizing"] = drawn == 0 ? "fixed" : drawn == 1 ? "ratio" : "equity";
  out["order_notional"] = std::to_string(10 + random.below(500));
  // Small ones are carried.
  out["ratio"] = random.below(2) == 0 ? "1" : "0.0" + std::to_string(1 + random.below(99));
  if (random.below(4) == 0) out["max_position_notional"] = std::to_string(100 + random.below(5'000));
  return out;
}

}  // namespace

room_people::room_people(setting& s, listeners l) : around_(s), listeners_(std::move(l)) {
  around_.rooms->set_listener([this](const member& m) { return on_member(m); });
}

bool room_people::follows(const model_account& account) const {
  return &account >= &around_.accounts[around_.leads];
}

const model_account* room_people::account_of(account_id id) const {
  const auto at = std::ranges::find(around_.accounts, id, &model_account::id);
  return at == around_.accounts.end() ? nullptr : &*at;
}

std::optional<room> room_people::find_room(const model_account& lead) {
  const auto at = rooms_.find(lead.id);
  if (at == rooms_.end()) return std::nullopt;
  auto found = around_.ask(around_.rooms->committed().get_room(lead.user, at->second)).room;
  if (found.state != room_state::open) return std::nullopt;
  return found;
}

std::optional<member> room_people::find_membership(const model_account& account) {
  for (std::size_t i = 0; i < around_.leads; ++i) {
    const auto room = find_room(around_.accounts[i]);
    if (!room) continue;
    const auto all = around_.ask(
        around_.rooms->committed().list_members(room->lead, room->id, 0, std::numeric_limits<int>::max()));
    for (const auto& m : all)
      if (m.account == account.id && m.state == member_state::joined) return m;
  }
  return std::nullopt;
}

std::optional<bot> room_people::find_bot(const model_account& account) {
  const auto m = find_membership(account);
  if (!m) return std::nullopt;
  auto found = around_.answer(around_.office.bots().get(m->user, m->bot));
  if (!found) return std::nullopt;
  return std::move(*found);
}

std::string room_people::draw_parameters(const bot& row) {
  auto out = json::parse(row.parameters);
  out.update(draw_sizing(around_.sim.random()));
  return out.dump();
}

void room_people::open_room(const model_account& lead) {
  new_room wanted{.lead = lead.user, .account = lead.id, .name = "room", .symbols = {}, .max_followers = 100};
  if (around_.sim.random().below(2) == 0) wanted.symbols = {"BTC/USDT"};
  const auto made = around_.ask(around_.rooms->service().create(std::move(wanted)));
  around_.rooms->add_room(made);
  rooms_[lead.id] = made.id;
  around_.judge.person_acted(fmt::format("account {} opens room {}", lead.id.value, made.id.value));
  tell(made.id);
}

void room_people::join(const model_account& follower) {
  auto& random = around_.sim.random();
  const auto room = find_room(around_.accounts[random.below(around_.leads)]);
  if (!room) return;
  const auto made = around_.ask(around_.rooms->service().invite(room->lead, room->id, {}));
  auto parameters = draw_sizing(random);
  parameters["max_age_s"] = ages[random.below(ages.size())];
  parameters["max_slippage"] = slippages[random.below(slippages.size())];
  join_form form{.code = made.code,
                 .account = follower.id,
                 .symbol = "BTC/USDT",
                 .parameters = parameters.dump(),
                 .resume = static_cast<resume_contract>(random.below(3))};
  // Refused where its last membership has lost its bot and nobody has ended it yet.
  if (around_.answer(around_.rooms->service().join(follower.user, std::move(form)))) look();
}

void room_people::move_in() {
  for (std::size_t i = 0; i < around_.leads; ++i)
    if (!find_room(around_.accounts[i])) open_room(around_.accounts[i]);
  for (const auto& account : around_.accounts) {
    if (!follows(account)) continue;
    const auto m = find_membership(account);
    if (m && find_bot(account)) continue;
    if (m) around_.ask(around_.rooms->committed().leave(account.user, m->room, m->id));
    look();
    for (int tries = 0; tries < most_tries && !find_membership(account); ++tries) join(account);
  }
}

void room_people::pass_minute(bool restless) {
  auto& random = around_.sim.random();
  if (restless) somebody_goes();
  for (const auto& account : around_.accounts) {
    if (around_.office.is_banned(account.user) || random.below(return_one_in) != 0) continue;
    if (!follows(account)) {
      if (!find_room(account)) open_room(account);
    } else if (!find_membership(account)) {
      join(account);
    }
  }
}

void room_people::somebody_goes() {
  auto& random = around_.sim.random();
  auto& rooms = around_.rooms->committed();
  const auto& account = around_.accounts[random.below(around_.accounts.size())];
  if (!follows(account)) {
    if (const auto room = find_room(account); room && random.below(2) == 0)
      around_.ask(around_.rooms->service().close(account.user, room->id, "enough"));
  } else if (const auto m = find_membership(account); m && random.below(2) == 0) {
    around_.ask(rooms.leave(m->user, m->room, m->id));
  } else if (m) {
    for (std::size_t i = 0; i < around_.leads; ++i)
      if (const auto room = find_room(around_.accounts[i]); room && room->id == m->room)
        around_.ask(rooms.remove_member(room->lead, room->id, m->id));
  }
  look();
}

void room_people::look() {
  around_.finish(around_.rooms->look());
}

/// Called within a commit: people do what follows from it afterwards.
nanoseconds room_people::on_member(const member& m) {
  around_.sim.call_after(nanoseconds(1), [this, m] {
    const auto* account = account_of(m.account);
    const bool in = m.state == member_state::joined;
    listeners_.changed(*account, fmt::format("{} room {}", in ? "follows" : "is out of", m.room.value));
    tell(m.room);
  });
  return unheard_limit;
}

void room_people::tell(room_id room) {
  if (around_.sim.random().below(unheard_one_in) == 0) return miss_notification();
  around_.sim.call_after(around_.below(longest_notify), [this, room] { listeners_.room_changed(room); });
}

void room_people::miss_notification() {
  around_.sim.call_after(around_.below(longest_deaf), [this] { listeners_.reload(); });
}

}  // namespace drover::simulation
