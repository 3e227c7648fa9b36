#include "exchanges/paper/topic_board.hpp"

#include <algorithm>

namespace drover::exchanges::paper {

topic& topic_board::at(std::string_view name) {
  auto it = topics_.find(name);
  if (it == topics_.end()) it = topics_.emplace(std::string(name), std::make_unique<topic>(std::string(name))).first;
  return *it->second;
}

topic* topic_board::find(std::string_view name) {
  auto it = topics_.find(name);
  return it == topics_.end() ? nullptr : it->second.get();
}

bool topic_subscriptions::add(topic_board& board, std::string_view name) {
  if (has(name)) return true;
  if (topics_.size() >= limit_) return false;
  if (board.find(name) == nullptr && board.topics_.size() >= topic_board::topic_limit) return false;
  auto& t = board.at(name);
  t.listeners_.add(&owner_);
  topics_.push_back(&t);
  return true;
}

bool topic_subscriptions::remove(std::string_view name) {
  auto it = std::ranges::find(topics_, name, &topic::name);
  if (it == topics_.end()) return false;
  (*it)->listeners_.remove(&owner_);
  topics_.erase(it);
  return true;
}

bool topic_subscriptions::has(std::string_view name) const {
  return std::ranges::find(topics_, name, &topic::name) != topics_.end();
}

void topic_subscriptions::clear() {
  for (auto* t : topics_) t->listeners_.remove(&owner_);
  topics_.clear();
}

std::vector<std::string> topic_subscriptions::names() const {
  std::vector<std::string> out;
  for (const auto* t : topics_) out.push_back(t->name());
  return out;
}

}  // namespace drover::exchanges::paper
