#include "app/reload.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "base/log.hpp"

namespace drover::app {
namespace {

const logger& log() {
  static const logger instance("app");
  return instance;
}

constexpr std::array<std::string_view, 1> reloadable_keys{"log.level"};

void apply(const settings& s) { set_log_level(s.log.level); }

std::map<std::string, std::string> values_of(const std::vector<config_key>& keys) {
  std::map<std::string, std::string> out;
  for (const auto& k : keys) out.emplace(k.key, k.value);
  return out;
}

}  // namespace

std::vector<config_change> compare_configurations(const std::vector<config_key>& before, const std::vector<config_key>& after) {
  auto old = values_of(before);
  std::vector<config_change> out;
  const auto add = [&out](const std::string& key, std::string was, std::string is) {
    if (was != is) out.push_back({key, std::move(was), std::move(is), std::ranges::find(reloadable_keys, key) != reloadable_keys.end()});
  };
  for (const auto& [key, value] : values_of(after)) {
    auto was = old.extract(key);
    add(key, was ? was.mapped() : std::string(), value);
  }
  for (auto& [key, value] : old) add(key, value, "");
  return out;
}

configuration_reload::configuration_reload(settings_reader read) : read_(std::move(read)), known_(read_().report.keys) {}

void configuration_reload::run() {
  auto fresh = read_();
  for (const auto& problem : fresh.report.problems) log().error("configuration", {{"problem", problem.to_string()}});
  if (!fresh.report.problems.empty()) {
    log().error("SIGHUP: the configuration has problems; the old one stays in force");
    return;
  }
  const auto changes = compare_configurations(known_, fresh.report.keys);
  apply(fresh.value);
  for (const auto& change : changes) {
    // Other values may be secrets, as that of a database's URL.
    if (change.applies) log().info("SIGHUP: changed", {{"key", change.key}, {"before", change.before}, {"after", change.after}});
    if (!change.applies) log().warn("SIGHUP: changed, but needs a restart", {{"key", change.key}});
  }
  log().info("SIGHUP: the configuration was read again", {{"changes", changes.size()}});
  // What needs a restart is named again until there was one.
  for (auto& key : known_)
    for (const auto& change : changes)
      if (change.applies && change.key == key.key) key.value = change.after;
}

}  // namespace drover::app
