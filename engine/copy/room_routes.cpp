#include "engine/copy/room_routes.hpp"

namespace drover::engine {

namespace {

void take_out(std::unordered_map<account_id, std::vector<room_id>>& index, account_id account, room_id room) {
  auto at = index.find(account);
  if (at == index.end()) return;
  std::erase(at->second, room);
  if (at->second.empty()) index.erase(at);
}

}  // namespace

void room_routes::replace_all(std::vector<room_route> routes) {
  rooms_.clear();
  led_.clear();
  followed_.clear();
  for (auto& route : routes) add(std::move(route));
}

void room_routes::replace(room_id room, std::vector<room_route> now) {
  remove(room);
  for (auto& route : now) add(std::move(route));
}

void room_routes::add(room_route route) {
  entry made{.lead = route.account, .markets = {}, .accounts = {}};
  for (auto& market : route.markets) {
    for (const auto& f : market.followers)
      if (made.accounts.insert(f.account).second) followed_[f.account].push_back(route.room);
    made.markets.emplace(std::move(market.symbol),
                         std::make_shared<const std::vector<follower>>(std::move(market.followers)));
  }
  led_[route.account].push_back(route.room);
  rooms_.emplace(route.room, std::move(made));
}

void room_routes::remove(room_id room) {
  auto at = rooms_.find(room);
  if (at == rooms_.end()) return;
  take_out(led_, at->second.lead, room);
  for (const auto account : at->second.accounts) take_out(followed_, account, room);
  rooms_.erase(at);
}

std::vector<room_routes::target> room_routes::find(account_id lead, const std::string& symbol) const {
  std::vector<target> targets;
  const auto led = led_.find(lead);
  if (led == led_.end()) return targets;
  for (const auto room : led->second) {
    const auto& markets = rooms_.at(room).markets;
    if (const auto market = markets.find(symbol); market != markets.end()) targets.push_back({room, market->second});
  }
  return targets;
}

std::vector<room_id> room_routes::rooms_of(account_id account) const {
  std::vector<room_id> rooms;
  for (const auto* index : {&led_, &followed_})
    if (const auto at = index->find(account); at != index->end())
      rooms.insert(rooms.end(), at->second.begin(), at->second.end());
  return rooms;
}

std::size_t room_routes::members() const {
  std::size_t sum = 0;
  for (const auto& [id, room] : rooms_)
    for (const auto& [symbol, who] : room.markets) sum += who->size();
  return sum;
}

}  // namespace drover::engine
