#include "base/failpoint.hpp"

#ifdef DROVER_FAILPOINTS

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace drover {
namespace {

struct armed_point {
  std::string name, action;
  int countdown = 1;
};

/// ENGINE_FAILPOINT=name:action:nth[,…]; a text that does not parse stops the process at once, or the test would test nothing.
std::vector<armed_point> read_points() {
  std::vector<armed_point> points;
  const char* text = std::getenv("ENGINE_FAILPOINT");
  std::istringstream items(text == nullptr ? "" : text);
  for (std::string item; std::getline(items, item, ',');) {
    std::istringstream parts(item);
    armed_point point;
    std::string nth;
    std::getline(parts, point.name, ':');
    std::getline(parts, point.action, ':');
    std::getline(parts, nth, ':');
    point.countdown = nth.empty() ? 1 : std::atoi(nth.c_str());
    const bool known = point.action == "kill" || point.action == "crash" || point.action == "hang" || point.action == "throw" || point.action.starts_with("delay_ms=");
    if (point.name.empty() || !known || point.countdown < 1) std::abort();
    points.push_back(std::move(point));
  }
  return points;
}

[[noreturn]] void hang() {
  for (volatile bool for_ever = true; for_ever;) {
  }
  std::abort();
}

void act(const std::string& action) {
  if (action == "kill") std::raise(SIGKILL);
  if (action == "crash") std::raise(SIGSEGV);
  if (action == "hang") hang();
  if (action == "throw") throw std::runtime_error("failpoint");
  std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(action.c_str() + action.find('=') + 1)));
}

std::vector<armed_point>& all_points() {
  static std::vector<armed_point> points = read_points();
  return points;
}

}  // namespace

void failpoint(std::string_view name) {
  static std::mutex mutex;
  auto& points = all_points();
  std::string action;
  {
    const std::lock_guard lock(mutex);
    for (auto& point : points)
      if (point.name == name && --point.countdown == 0) action = point.action;
  }
  if (!action.empty()) act(action);
}

bool is_failpoint_armed(std::string_view name) {
  return std::ranges::any_of(all_points(), [name](const armed_point& point) { return point.name == name; });
}

}  // namespace drover

#endif
